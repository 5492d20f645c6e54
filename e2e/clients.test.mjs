// Event source clients that are not ours and not a browser's, through a proxy that cuts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EventSource } from 'eventsource';
import polyfill from 'event-source-polyfill';
import { survivesCuts } from './support/accounting.mjs';
import { EventStreamParser, parseEventStream } from './support/event-stream.mjs';
import { publish, streams } from './support/http.mjs';
import { startNode } from './support/node.mjs';
import { run, start } from './support/process.mjs';
import { startProxy } from './support/proxy.mjs';
import { until } from './support/until.mjs';

const types = ['message', 'fanfare-gap'];

/** A reader on anything with EventSource's interface. */
function connectBy(open) {
  return (url) => {
    const source = open(url);
    const received = [];
    for (const type of types) source.addEventListener(type, (e) => received.push({ type: e.type, data: e.data, id: e.lastEventId }));
    return { received, close: () => source.close() };
  };
}

/** A reader that is a loop around one connection at a time: `once(lastEventId, onText, signal)` reads one until it ends. */
function connectByLoop(once) {
  return (url) => {
    const received = [];
    const abort = new AbortController();
    (async () => {
      let lastEventId = '';
      while (!abort.signal.aborted) {
        const parser = new EventStreamParser((event) => received.push(event));
        await once(url, lastEventId, (text) => parser.feed(text), abort.signal).catch(() => {});
        lastEventId = parser.lastEventId || lastEventId;
      }
    })();
    return { received, close: () => abort.abort() };
  };
}

describe('over cuts of its connection, most inside an event, nothing is lost and nothing comes twice:', { concurrency: true }, () => {
  test('npm eventsource (C9)', async (t) => {
    const node = await startNode(t);
    await survivesCuts(t, { node, cuts: 20, connect: connectBy((url) => new EventSource(url)) });
  });

  test('event-source-polyfill, by ?lastEventId= (H10)', async (t) => {
    t.mock.method(console, 'error', () => {}); // it prints every lost connection
    const node = await startNode(t);
    await survivesCuts(t, { node, cuts: 12, connect: connectBy((url) => new polyfill.EventSourcePolyfill(url)) });
  });

  test("Node's fetch in a loop, with Last-Event-ID (C9)", async (t) => {
    const node = await startNode(t);
    await survivesCuts(t, {
      node,
      cuts: 60,
      connect: connectByLoop(async (url, lastEventId, onText, signal) => {
        const response = await fetch(url, { signal, headers: lastEventId ? { 'Last-Event-ID': lastEventId } : {} });
        assert.equal(response.status, 200);
        for await (const text of response.body.pipeThrough(new TextDecoderStream())) onText(text);
      }),
    });
  });

  test('curl -N in a loop, with ?last_event_id= (H10)', async (t) => {
    const node = await startNode(t);
    await survivesCuts(t, {
      node,
      cuts: 60,
      connect: connectByLoop(async (url, lastEventId, onText, signal) => {
        const curl = start(t, 'curl', ['-sN', lastEventId ? `${url}&last_event_id=${lastEventId}` : url]);
        signal.addEventListener('abort', () => curl.child.kill('SIGKILL'));
        curl.child.stdout.on('data', onText);
        await curl.exit({ within: 60_000 });
      }),
    });
  });
});

test('curl -N shows the head, the first lines and an event as soon as they are there (C2, H1, H4, H5)', async (t) => {
  const node = await startNode(t);
  const curl = start(t, 'curl', ['-sNi', `${node.url}/topics/orders/42`]);
  await until('the first event', () => curl.stdout.includes('\n\n'));

  const id = await publish(node.url, 'orders/42', 'paid\nin full', { event: 'status' });
  await until('the event', () => curl.stdout.endsWith(`id: ${id}\n\n`), { within: 1000 });

  const [head, body] = curl.stdout.split('\r\n\r\n');
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(head, /^content-type: text\/event-stream\r?$/im);
  assert.match(head, /^cache-control: no-store, no-transform\r?$/im);
  assert.match(head, /^x-accel-buffering: no\r?$/im);
  assert.match(head, /^transfer-encoding: chunked\r?$/im);
  assert.match(body, /^:\nretry: 3000\nevent: fanfare-open\ndata: \{.*\}\nid: \d+-\d+\n\n/);
  assert.ok(body.endsWith(`\n\nevent: status\ndata: paid\ndata: in full\nid: ${id}\n\n`), body);
});

test('HEAD by curl answers the head of a stream and ends (H3)', async (t) => {
  const node = await startNode(t);

  const { code, stdout } = await run(t, 'curl', ['-sI', '--max-time', '5', `${node.url}/topics/a`]);

  assert.equal(code, 0);
  assert.match(stdout, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(stdout, /^content-type: text\/event-stream\r?$/im);
  assert.deepEqual(await streams(node.url), []);
});

test('a stream that stalls reads on and misses nothing once it flows again', async (t) => {
  const node = await startNode(t, { args: ['--window.bytes', '1MiB'] });
  const proxy = await startProxy(t, node.port);
  const source = new EventSource(`${proxy.url}/topics/a`);
  t.after(() => source.close());
  const ids = [];
  const gaps = [];
  source.addEventListener('message', (e) => ids.push(e.lastEventId));
  source.addEventListener('fanfare-gap', (e) => gaps.push(e.data));
  await until('the stream to open', async () => (await streams(node.url)).length === 1);

  proxy.stall();
  const published = [];
  // 20 MB: more than the kernel takes for a reader that does not read, and more than the window.
  for (let n = 0; n < 200; n++) published.push(await publish(node.url, 'a', 'x'.repeat(100_000)));
  const [stalled] = await streams(node.url);
  proxy.flow();

  await until(() => `all ${published.length} events; ${ids.length} came`, () => ids.length >= published.length, { within: 20_000 });
  assert.deepEqual(ids, published);
  assert.deepEqual(gaps, []);
  assert.ok(stalled.lag > 0, `the stalled stream's lag: ${JSON.stringify(stalled)}`);
});

test('a client that goes is noticed at once, and nothing of it stays', async (t) => {
  const node = await startNode(t);
  const curl = start(t, 'curl', ['-sN', `${node.url}/topics/a`]);
  await until('the stream to be listed', async () => (await streams(node.url)).length === 1);

  await curl.stop('SIGKILL');

  await until('the stream to be gone', async () => (await streams(node.url)).length === 0, { within: 1000 });
});

test('what one stream reads is what another reads back later from the start', async (t) => {
  const node = await startNode(t);
  const live = start(t, 'curl', ['-sN', `${node.url}/events?topic=**&open=none`]);
  await until('the stream to be listed', async () => (await streams(node.url)).length === 1);
  for (let n = 0; n < 50; n++) await publish(node.url, `t/${n % 7}`, `${n}`, n % 3 ? { event: 'odd' } : {});
  await until('the last', () => /\ndata: 49\n.*\n\n$/.test(live.stdout));

  const later = start(t, 'curl', ['-sN', `${node.url}/events?topic=**&from=start&open=none`]);
  await until('the last, later', () => /\ndata: 49\n.*\n\n$/.test(later.stdout));

  assert.deepEqual([...parseEventStream(later.stdout)], [...parseEventStream(live.stdout)]);
});
