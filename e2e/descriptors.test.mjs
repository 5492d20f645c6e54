// File descriptors run out: accepting pauses, what is open is served, and when there are some again accepting goes on.
import assert from 'node:assert/strict';
import net from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { emptyDirectory } from './support/folder.mjs';
import { publish, request } from './support/http.mjs';
import { startNode } from './support/node.mjs';
import { fanfare } from './support/process.mjs';
import { openStream } from './support/stream.mjs';
import { until } from './support/until.mjs';

const DESCRIPTORS = 300;

for (const log of ['memory', 'disk']) {
  test(`a node without file descriptors serves its open streams, and accepts again when there are some (log: ${log})`, async (t) => {
    const data = log === 'disk' ? await emptyDirectory(t) : undefined;
    const node = await startNode(t, {
      data,
      command: ['bash', '-c', `ulimit -n ${DESCRIPTORS}; exec "$0" "$@"`, fanfare],
      args: ['--limits.streams', '10000', '--limits.idle', '1h'],
    });
    const agent = keptConnection(t, node.port);
    const streams = await Promise.all(Array.from({ length: 20 }, () => openStream(t, `${node.url}/topics/a`)));
    await agent.publish('0');
    const filling = Array.from({ length: DESCRIPTORS }, () => net.connect(node.port, '127.0.0.1'));
    t.after(() => filling.forEach((socket) => socket.destroy()));
    await Promise.all(filling.map((socket) => once(socket, 'connect'))); // the kernel takes what the node does not
    await until('the node to say what to do', () => /ulimit -n/.test(node.program.output));

    for (let i = 1; i <= 30; i++) {
      await agent.publish(String(i));
      await new Promise((resolve) => setTimeout(resolve, 100)); // for accepting to be tried again, and fail
    }
    await until('all events on all streams', () => streams.every((stream) => stream.published.length === 31));
    assert.equal(node.program.output.match(/ulimit -n/g).length, 1, `one line, not one a second: ${node.program.output}`);
    assert.doesNotMatch(node.program.output, /\tat /, 'a stack trace');

    filling.forEach((socket) => socket.destroy());
    await until('new connections to be served', () => served(node), { within: 20_000 });
    assert.equal((await request('GET', `${node.url}/readyz`)).status, 200);
    const late = await openStream(t, `${node.url}/topics/a`);
    await publish(node.url, 'a', 'after');
    await until('the event on every stream', () => [late, ...streams].every((stream) => stream.published.at(-1)?.data === 'after'));
    const stats = (await request('GET', `${node.url}/stats`)).json;
    assert.ok(stats.overload.acceptsFailed > 0);
    assert.equal(await node.stop(), 0);
  });
}

const served = (node) =>
  Promise.race([request('GET', `${node.url}/healthz`).then((answer) => answer.status === 200, () => false), new Promise((resolve) => setTimeout(resolve, 2_000, false))]);

/** A connection that publishes to topic a, one event after the other. */
function keptConnection(t, port) {
  const socket = net.connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  let answers = '';
  socket.setEncoding('utf8').on('data', (text) => (answers += text));
  let sent = 0;
  return {
    async publish(data) {
      socket.write(`POST /topics/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${data.length}\r\n\r\n${data}`);
      sent++;
      await until(`answer ${sent} of ${answers}`, () => (answers.match(/HTTP\/1\.1 201/g) ?? []).length === sent);
    },
  };
}
