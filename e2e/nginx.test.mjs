// Debian's nginx in front of a node, with the proxy_pass of its manual and nothing else: HTTP/1.0 to the node (H1).
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { EventSource } from 'eventsource';
import { survivesCuts } from './support/accounting.mjs';
import { publish, streams } from './support/http.mjs';
import { startNginx } from './support/nginx.mjs';
import { startNode } from './support/node.mjs';
import { startProxy } from './support/proxy.mjs';
import { openStream } from './support/stream.mjs';
import { until } from './support/until.mjs';

test('to HTTP/1.0 a stream is delimited by the close, without chunks (H1)', async (t) => {
  const node = await startNode(t);
  const socket = net.connect(node.port, '127.0.0.1').setEncoding('utf8');
  t.after(() => socket.destroy());
  let text = '';
  socket.on('data', (part) => (text += part));
  socket.write('GET /topics/a HTTP/1.0\r\nHost: localhost\r\n\r\n');
  await until('the first event', () => text.includes('\n\n'));

  const id = await publish(node.url, 'a', 'x');
  await until(() => `the event; it got ${JSON.stringify(text)}`, () => text.endsWith(`\n\ndata: x\nid: ${id}\n\n`));

  const [head, body] = text.split('\r\n\r\n');
  assert.match(head, /^HTTP\/1\.[01] 200 OK\r\n/);
  assert.match(head, /^connection: close\r?$/im);
  assert.doesNotMatch(head, /transfer-encoding|content-length/i);
  assert.match(body, /^:\nretry: 3000\nevent: fanfare-open\n/);
});

test('through a default proxy_pass the first byte comes at once, and each event before the next is published (fact 7)', async (t) => {
  const node = await startNode(t);
  const nginx = await startNginx(t, node.port);

  const begin = performance.now();
  const stream = await openStream(t, `${nginx.url}/topics/a`);
  const firstByte = performance.now() - begin;
  const delays = [];
  for (let n = 0; n < 40; n++) {
    const publishedAt = performance.now();
    await publish(node.url, 'a', `${n}`);
    const event = await until(`event ${n}`, () => stream.published[n], { within: 5000, every: 1 });
    assert.equal(event.data, `${n}`);
    delays.push(event.at - publishedAt);
  }

  t.diagnostic(`first byte after ${firstByte.toFixed()} ms, events after at most ${Math.max(...delays).toFixed()} ms`);
  assert.ok(firstByte < 250, `first byte after ${firstByte} ms`);
  assert.ok(Math.max(...delays) < 250, `delays ${delays.map((delay) => delay.toFixed())}`);
});

test('publishing through it works, and its answer is whole', async (t) => {
  const node = await startNode(t);
  const nginx = await startNginx(t, node.port);
  const stream = await openStream(t, `${nginx.url}/topics/a`);

  const id = await publish(nginx.url, 'a', 'through nginx');

  await until('the event', () => stream.published[0]?.id === id);
});

test('resuming through it, with cuts before and behind it, loses nothing and doubles nothing (C6, C9)', async (t) => {
  const node = await startNode(t);
  const behind = await startProxy(t, node.port);
  const nginx = await startNginx(t, behind.port);
  // What is cut behind nginx looks to it like the end of a close-delimited body: the client sees a clean end inside an event.
  const cutting = setInterval(() => behind.cutAfter(400, 'end'), 1700);
  t.after(() => clearInterval(cutting));

  await survivesCuts(t, {
    node,
    through: nginx.port,
    cuts: 8,
    connect: (url) => {
      const source = new EventSource(url);
      const received = [];
      for (const type of ['message', 'fanfare-gap']) {
        source.addEventListener(type, (e) => received.push({ type: e.type, data: e.data, id: e.lastEventId }));
      }
      return { received, close: () => source.close() };
    },
  });
  assert.ok(behind.cuts > 0, 'nothing was cut behind nginx');
});

test('the node notices at once when a client behind it goes (fact 9)', async (t) => {
  const node = await startNode(t);
  const nginx = await startNginx(t, node.port);
  const stream = await openStream(t, `${nginx.url}/topics/a`);
  assert.equal((await streams(node.url)).length, 1);

  stream.close();

  await until('the stream to be gone', async () => (await streams(node.url)).length === 0, { within: 1000 });
});
