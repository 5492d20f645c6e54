// nginx, HAProxy and Caddy with the configurations of docs/operations.md: they pass streams on as they come, and a node that is killed
// behind them costs no stream and no event. Long: the node is killed five times.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { assertAllOnceInOrder, startPersistentPublishing } from './support/accounting.mjs';
import { openPage, startBrowser } from './support/browser.mjs';
import { emptyDirectory } from './support/folder.mjs';
import { FRONTS, startFront } from './support/front.mjs';
import { publish, request, streams as openAt } from './support/http.mjs';
import { startNode } from './support/node.mjs';
import { newSeed } from './support/random.mjs';
import { assertNothingLost, openStreams } from './support/reconnecting.mjs';
import { openStream } from './support/stream.mjs';
import { until } from './support/until.mjs';

const STREAMS = 200;
const KILLS = process.env.E2E_LONG ? 5 : 1;
const TRUSTING = ['--proxies.trusted', '127.0.0.1'];

let browser;
before(async () => (browser = await startBrowser()));
after(() => browser?.close());

for (const name of FRONTS) {
  test(`behind ${name}, events come as they are published, the client's address is known, and its going noticed`, async (t) => {
    const node = await startNode(t, { args: TRUSTING });
    const front = await startFront(t, name, node.port);
    const forged = { 'X-Forwarded-For': '203.0.113.7', Forwarded: 'for=203.0.113.8' };
    const stream = await openStream(t, `${front.url}/topics/a`, forged, { localAddress: '127.0.0.9' });

    const delays = [];
    for (let n = 0; n < 20; n++) {
      const publishedAt = performance.now();
      await publish(front.url, 'a', `${n}`);
      const event = await until(`event ${n}`, () => stream.published[n], { every: 1 });
      delays.push(event.at - publishedAt);
    }
    const median = delays.sort((a, b) => a - b)[10];
    t.diagnostic(`from publish to event: median ${median.toFixed()} ms, at most ${delays.at(-1).toFixed()} ms`);
    assert.ok(median < 100, `delays ${delays.map((delay) => delay.toFixed())} ms`);

    assert.deepEqual((await openAt(node.url)).map((open) => open.ip), ['127.0.0.9']);

    stream.close();
    await until('the stream to be gone', async () => (await openAt(node.url)).length === 0, { within: 2_000 });
  });

  test(`behind ${name}, the events of a streaming publish come before its end`, async (t) => {
    const node = await startNode(t, { args: TRUSTING });
    const front = await startFront(t, name, node.port);
    const stream = await openStream(t, `${front.url}/topics/a`);
    const producer = http.request(`${front.url}/topics/a`, { method: 'POST', agent: false, headers: { 'Content-Type': 'application/x-ndjson' } });
    let status;
    producer.on('response', (response) => (status = response.resume().statusCode));

    for (let n = 0; n < 3; n++) {
      producer.write(`{"data":"${n}"}\n`);
      await until(`event ${n}`, () => stream.published[n]?.data === `${n}`);
    }
    producer.end();

    await until('the answer', () => status === 200);
  });

  test(`behind ${name}, while the node is away a stream is told to come again, and a call that it failed`, async (t) => {
    const node = await startNode(t, { args: TRUSTING });
    const front = await startFront(t, name, node.port);
    await node.kill();

    const asked = { Accept: 'text/event-stream', Origin: 'http://app.example' };
    const stream = await request('GET', `${front.url}/events?topic=a`, { headers: asked });
    const calls = [
      await request('POST', `${front.url}/topics/a`, { body: 'x', headers: { Accept: 'text/event-stream' } }),
      await request('GET', `${front.url}/events?topic=a`, { headers: { Accept: 'application/json' } }),
      await request('GET', `${front.url}/stats`),
    ];

    assert.equal(stream.status, 200);
    assert.equal(stream.headers['content-type'], 'text/event-stream');
    assert.equal(stream.text, 'retry: 2000\n\n');
    assert.equal(stream.headers['cache-control'], 'no-store');
    assert.equal(stream.headers['fanfare-refused'], 'overload');
    assert.equal(stream.headers['access-control-allow-origin'], 'http://app.example');
    for (const call of calls) assert.ok(call.status === 502 || call.status === 503, `a call was answered ${call.status}`);
  });

  test(`behind ${name}, a node is killed under ${STREAMS} streams and a browser's, and none loses an event`, async (t) => {
    const seed = newSeed();
    const data = await emptyDirectory(t);
    const args = [...TRUSTING, '--retry', '500ms'];
    let node = await startNode(t, { data, args });
    const front = await startFront(t, name, node.port);
    const url = `${front.url}/topics/kills/${seed}`;
    const page = await openPage(t, browser);
    const source = await page.listen(url, ['fanfare-open', 'fanfare-gap', 'message']);
    const streams = await openStreams(t, url, STREAMS);
    await until('the browser to know its place', () => source.received.some((event) => event.type === 'fanfare-open'));

    const gaveUp = () => source.reports.some((report) => report.readyState === 2);
    const publisher = startPersistentPublishing(t, front.url, `kills/${seed}`, { seed });
    for (let kill = 1; kill <= KILLS; kill++) {
      const [before, refused, opened] = [publisher.published.length, publisher.refused.length, source.count('open')];
      await until('events', () => publisher.published.length > before + 20);
      await node.kill();
      await until('everyone to have come in vain', () => publisher.refused.length > refused && (gaveUp() || source.count('open') > opened)
        && streams.every((stream) => stream.failed || stream.answers.at(-1).refused), { within: 30_000 });
      node = await startNode(t, { data, args, port: node.port });
      await until('all streams to be back', () => streams.every((stream) => stream.failed || stream.open), { within: 30_000 });
      const back = publisher.published.length;
      await until('events', () => publisher.published.length > back + 20);
    }
    await publisher.stop();
    const { published, refused } = publisher;
    const hasLast = ({ received }) => received.some((event) => event.id === published.at(-1).id);
    await until('the last event', () => [source, ...streams].every(hasLast), { within: 20_000 }).catch(() => {}); // the account says more

    const summary = `${published.length} events, ${KILLS} kills, ${refused.length} publishes to repeat, seed ${seed}`;
    assertNothingLost(streams, published, summary);
    assert.ok(!gaveUp(), `the browser's EventSource ended for good: ${JSON.stringify(source.reports.slice(-3))}; ${summary}`);
    assert.deepEqual(source.received.filter((event) => event.type === 'fanfare-gap'), []);
    assertAllOnceInOrder(source.received.filter((event) => event.type === 'message'), published, `the browser's; ${summary}`);
    t.diagnostic(summary);
  });
}
