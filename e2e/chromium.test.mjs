// Fanfare as a web page sees it: real Chromium, its own EventSource, a page from another port than the node's.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { survivesCuts } from './support/accounting.mjs';
import { openPage, startBrowser } from './support/browser.mjs';
import { history, publish, request, streams } from './support/http.mjs';
import { startNode } from './support/node.mjs';
import { startProxy } from './support/proxy.mjs';
import { openStream } from './support/stream.mjs';
import { until } from './support/until.mjs';

const CONNECTING = 0, OPEN = 1, CLOSED = 2;

let browser;
before(async () => (browser = await startBrowser()));
after(() => browser?.close());

test('named events reach their listeners, with data, id and origin (C2, P8, P9, P13)', async (t) => {
  const node = await startNode(t);
  const page = await openPage(t, browser);
  const source = await page.listen(`${node.url}/events?topic=orders/*`, ['message', 'status']);
  await source.untilOpen();
  assert.equal(await source.readyState(), OPEN);

  const published = [
    { type: 'status', data: 'paid' },
    { type: 'unheard', data: 'nobody listens to this type' },
    { type: 'message', data: '' },
    { type: 'message', data: 'two\nlines, é 漢 🎺, : colon and  spaces ' },
    { type: 'status', data: ' a leading space' },
  ];
  for (const event of published) event.id = await publish(node.url, 'orders/42', event.data, { event: event.type });

  await source.until(' a leading space');
  assert.deepEqual(
    source.received.map(({ type, data, id }) => ({ type, data, id })),
    published.filter(({ type }) => type !== 'unheard'));
  assert.equal(source.received[0].origin, node.url);
});

test('CR and CRLF in published data arrive as LF', async (t) => {
  const node = await startNode(t);
  const source = await (await openPage(t, browser)).listen(`${node.url}/topics/a`);
  await source.untilOpen();

  await publish(node.url, 'a', 'one\r\ntwo\rthree\r\n');

  await source.until('one\ntwo\nthree\n');
});

test('over many cuts of its connection, most inside an event, nothing is lost and nothing comes twice (C5, C6, C7, C9, P12)', async (t) => {
  const node = await startNode(t);
  const page = await openPage(t, browser);
  await survivesCuts(t, { node, cuts: process.env.E2E_LONG ? 20 : 8, connect: (url) => page.listen(url, ['message', 'fanfare-gap']) });
});

test("a stream cut before its first event loses nothing, by fanfare-open's id (C9)", async (t) => {
  const node = await startNode(t);
  const proxy = await startProxy(t, node.port);
  const page = await openPage(t, browser);
  const source = await page.listen(`${proxy.url}/topics/a?retry=500`, ['message', 'fanfare-open', 'fanfare-gap']);
  await until('fanfare-open', () => source.received.length === 1);

  proxy.hold();
  proxy.cut();
  const published = [];
  for (const data of ['one', 'two', 'three']) published.push({ type: 'message', data, id: await publish(node.url, 'a', data) });
  proxy.release();

  await source.until('three');
  const [open, ...rest] = source.received;
  assert.deepEqual(rest.map(({ type, data, id }) => ({ type, data, id })), published);
  assert.equal(open.type, 'fanfare-open');
  assert.equal(JSON.parse(open.data).latest, open.id);
});

test('a page that does not listen for fanfare-open is protected by it all the same (C9, P10)', async (t) => {
  const node = await startNode(t);
  const proxy = await startProxy(t, node.port);
  const source = await (await openPage(t, browser)).listen(`${proxy.url}/topics/a?retry=500`);
  await source.untilOpen();
  await until('all of fanfare-open to pass', () => [...proxy.pairs].some((pair) => pair.bytes > 300));

  proxy.hold();
  proxy.cut('end');
  await until('the end to be seen', () => source.count('error') === 1);
  await publish(node.url, 'a', 'meanwhile');
  proxy.release();

  await source.until('meanwhile');
});

test("it waits for the reconnection time it was told: the stream's, then an event's (C7, P11)", async (t) => {
  const node = await startNode(t);
  const proxy = await startProxy(t, node.port);
  const source = await (await openPage(t, browser)).listen(`${proxy.url}/topics/a?retry=600`);
  await source.untilOpen();
  const waitAfterCut = async () => {
    const [connections, cutAt] = [proxy.connections, performance.now()];
    proxy.cut();
    await until('the reconnection', () => proxy.connections > connections);
    return proxy.connectedAt - cutAt;
  };

  const first = await waitAfterCut();
  await until('the stream to be open again', () => source.count('open') === 2);
  await publish(node.url, 'a', 'slow down', { retry: 1400 });
  await source.until('slow down');
  const second = await waitAfterCut();

  // A resumed stream says its own reconnection time again, so this is asked before there is one.
  assert.ok(first >= 590 && first < 1200, `waited ${first} ms, not 600`);
  assert.ok(second >= 1390 && second < 2500, `waited ${second} ms, not 1400`);
});

test('after kill -9 and a new start it is told of the gap, log-lost, then gets all of the new log (C5, C7)', async (t) => {
  const node = await startNode(t);
  const proxy = await startProxy(t, node.port);
  const source = await (await openPage(t, browser)).listen(`${proxy.url}/topics/a?retry=500`, ['message', 'fanfare-gap']);
  await source.untilOpen();
  await publish(node.url, 'a', 'before');
  const { id: lastSeen } = await source.until('before');

  proxy.refuse();
  await node.kill();
  const successor = await startNode(t, { port: node.port });
  const early = await publish(successor.url, 'a', 'early');
  await proxy.accept();
  await source.until('early', { within: 20_000 });
  await publish(successor.url, 'a', 'live');
  await source.until('live');

  const [, gap, ...rest] = source.received;
  assert.equal(gap.type, 'fanfare-gap');
  const told = JSON.parse(gap.data);
  assert.deepEqual({ ...told, resumedAt: undefined }, { after: lastSeen, resumedAt: undefined, topics: ['a'], reason: 'log-lost' });
  assert.equal(told.resumedAt, gap.id, "resumedAt is the gap event's id");
  assert.deepEqual(rest.map((event) => event.data), ['early', 'live']);
  assert.equal(rest[0].id, early);
  assert.ok(await source.readyState() === OPEN);
});

test('a page that knows nothing of fanfare-gap goes on after a kill -9, straight against the node (C7)', async (t) => {
  const node = await startNode(t);
  const source = await (await openPage(t, browser)).listen(`${node.url}/topics/a?retry=500`);
  await source.untilOpen();
  await publish(node.url, 'a', 'before');
  await source.until('before');

  await node.kill();
  const successor = await startNode(t, { port: node.port });
  await until('the page to be back', async () => (await streams(successor.url)).length === 1, { within: 20_000 });
  await publish(successor.url, 'a', 'after');

  await source.until('after');
  assert.deepEqual(source.received.map((event) => event.data), ['before', 'after']);
});

test('SIGTERM ends every stream cleanly, each with a retry, and the node exits 0 (C6, P11)', async (t) => {
  const node = await startNode(t);
  const open = await Promise.all(Array.from({ length: 20 }, () => openStream(t, `${node.url}/topics/a`)));
  const before = open.map((stream) => stream.text.length);

  const code = await node.stop();

  assert.equal(code, 0);
  await until('all streams to end', () => open.every((stream) => stream.ended));
  const retries = open.map((stream, i) => {
    assert.equal(stream.ended, 'complete', 'the stream was cut, not ended');
    const last = stream.text.slice(before[i]);
    assert.match(last, /(^|\n)retry: ?\d+\n/, `no retry in ${JSON.stringify(last)}`);
    return stream.parser.retry;
  });
  assert.ok(retries.every((retry) => retry >= 500 && retry <= 60_000), `retries ${retries}`);
  assert.ok(new Set(retries).size > 1, `every stream got the same retry, so that all come back at once: ${retries[0]}`);
});

test('after SIGTERM the browser comes back to the restarted node by itself (C6, C7)', async (t) => {
  const node = await startNode(t, { args: ['--retry', '500ms'] });
  const source = await (await openPage(t, browser)).listen(`${node.url}/topics/a`, ['message', 'fanfare-gap']);
  await source.untilOpen();
  await publish(node.url, 'a', 'before');
  await source.until('before');

  assert.equal(await node.stop(), 0);
  await until('the end to be seen', () => source.count('error') > 0);
  assert.equal(await source.readyState(), CONNECTING);
  const successor = await startNode(t, { port: node.port });
  await until('the page to be back', async () => (await streams(successor.url)).length === 1, { within: 20_000 });
  await publish(successor.url, 'a', 'after');

  await source.until('after');
  assert.deepEqual(source.received.map((event) => event.type), ['message', 'fanfare-gap', 'message']);
  assert.equal(JSON.parse(source.received[1].data).reason, 'log-lost');
});

test('a stream refused for limits.streams does not end the EventSource: it opens when there is room (C3)', async (t) => {
  const node = await startNode(t, { args: ['--limits.streams', '1', '--retry', '500ms', '--retry.max', '1s'] });
  const occupant = await openStream(t, `${node.url}/topics/a`);
  const refused = await openStream(t, `${node.url}/topics/a`);
  const source = await (await openPage(t, browser)).listen(`${node.url}/topics/a`, ['message', 'fanfare-open']);
  await until('three refusals', () => source.count('error') >= 3, { within: 20_000 });
  assert.notEqual(await source.readyState(), CLOSED);
  assert.deepEqual(source.received, []);

  occupant.close();
  await until('the stream to be let in', () => source.received.length === 1, { within: 20_000 });
  await publish(node.url, 'a', 'welcome');

  await source.until('welcome');
  assert.equal(source.received[0].type, 'fanfare-open');
  assert.equal(refused.status, 200);
  assert.equal(refused.headers['content-type'], 'text/event-stream');
  assert.equal(refused.headers['fanfare-refused'], 'limit');
  assert.match(refused.text, /^:.*limit/m);
  assert.match(refused.text, /^retry: ?\d+$/m);
  assert.deepEqual(refused.events, []);
  await until('the refused stream to end', () => refused.ended === 'complete');
});

test('with=envelope tells a plain EventSource the topic, type and time of each event', async (t) => {
  const node = await startNode(t);
  const source = await (await openPage(t, browser)).listen(`${node.url}/events?topic=orders/*&topic=news&with=envelope`, ['message', 'status']);
  await source.untilOpen();

  const begin = Date.now();
  await publish(node.url, 'orders/42', 'paid', { event: 'status' });
  await publish(node.url, 'news', '{"a":\n"b"}');
  await until('both', () => source.received.length === 2);

  const envelopes = source.received.map((event) => JSON.parse(event.data));
  assert.deepEqual(envelopes.map(({ time, ...rest }) => rest), [
    { topic: 'orders/42', event: 'status', data: 'paid' },
    { topic: 'news', event: 'message', data: '{"a":\n"b"}' },
  ]);
  assert.deepEqual(source.received.map((event) => event.type), ['status', 'message']);
  for (const { time } of envelopes) {
    const at = typeof time === 'number' ? time : Date.parse(time);
    assert.ok(at >= begin - 1000 && at <= Date.now() + 1000, `time ${time}`);
  }
});

test('a page on localhost may publish with fetch, and read what the answer exposes (C16, H7)', async (t) => {
  const node = await startNode(t);
  const page = await openPage(t, browser);
  const source = await page.listen(`${node.url}/topics/chat/1`);
  await source.untilOpen();

  const answer = await page.evaluate(async (url) => {
    const response = await fetch(`${url}/topics/chat%2F1`, { method: 'POST', headers: { 'Idempotency-Key': 'k1', 'Content-Type': 'application/json' }, body: '{"hi":1}' });
    return { status: response.status, location: response.headers.get('Location'), ...(await response.json()) };
  }, node.url);

  const event = await source.until('{"hi":1}');
  assert.equal(answer.status, 201);
  assert.equal(answer.id, event.id);
  assert.ok(answer.location, 'Location is not exposed to the page');
});

test('a fetch that reads a stream may send Last-Event-ID from another origin, which takes a preflight (H7)', async (t) => {
  const node = await startNode(t);
  const page = await openPage(t, browser);
  const first = await publish(node.url, 'a', 'first');
  await publish(node.url, 'a', 'second');

  const text = await page.evaluate(async ([url, id]) => {
    const response = await fetch(`${url}/topics/a`, { headers: { 'Last-Event-ID': id, 'Cache-Control': 'no-store' } });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let seen = '';
    while (!seen.includes('\n\n')) seen += (await reader.read()).value;
    await reader.cancel();
    return seen;
  }, [node.url, first]);

  assert.match(text, /data: second\n/);
  assert.doesNotMatch(text, /data: first\n/);
});

test('a page from a foreign origin can neither publish, 403, nor read (C16)', async (t) => {
  const node = await startNode(t);
  const page = await openPage(t, browser, { host: 'foreign.test' });
  const statuses = [];
  page.on('response', (response) => response.request().method() === 'POST' && statuses.push(response.status()));
  const post = (init) => page.evaluate(
    ([url, more]) => fetch(`${url}/topics/a`, { method: 'POST', body: 'smuggled', ...more }).then((r) => r.status, (e) => e.name),
    [node.url, init]);

  const results = [await post({}), await post({ mode: 'no-cors' }), await post({ headers: { 'Content-Type': 'application/json' } })];
  const source = await page.listen(`${node.url}/topics/a?from=start`);
  await until('the EventSource to be refused', () => source.count('error') === 1);

  assert.equal(results[0], 'TypeError', 'the page could read the answer');
  assert.equal(results[2], 'TypeError', 'the page passed the preflight');
  assert.ok(statuses.length > 0 && statuses.every((status) => status === 403), `answered ${statuses}`);
  assert.deepEqual(await history(node.url, '**'), []);
  assert.equal(await source.readyState(), CLOSED);
  const plain = await request('POST', `${node.url}/topics/a`, { headers: { Origin: page.origin }, body: 'smuggled' });
  assert.equal(plain.status, 403);
  assert.equal(plain.headers['content-type'], 'application/problem+json');
  assert.match(plain.json.detail, /cors\.origins/, 'the problem does not say which setting would allow it');
});

test('a page that reaches the node under a foreign host name gets 421 (DNS rebinding)', async (t) => {
  const node = await startNode(t);
  const page = await openPage(t, browser, { host: 'foreign.test' });

  const response = await page.goto(`http://rebound.test:${node.port}/topics/a?from=start`);
  const posted = await page.evaluate(() => fetch('/topics/a', { method: 'POST', body: 'smuggled' }).then((r) => r.status));

  assert.equal(response.status(), 421);
  assert.equal(posted, 421);
  assert.deepEqual(await history(node.url, '**'), []);
});
