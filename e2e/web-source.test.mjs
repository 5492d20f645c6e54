// FanfareSource in Node against a real node: nothing lost, nothing twice, whatever happens between.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { FanfareSource } from '../web/client/fanfare.js';
import { assertAllOnceInOrder, survivesCuts } from './support/accounting.mjs';
import { publish, request } from './support/http.mjs';
import { startNginx } from './support/nginx.mjs';
import { startNode } from './support/node.mjs';
import { newSeed, seeded } from './support/random.mjs';
import { openStream } from './support/stream.mjs';
import { makeToken } from './support/token.mjs';
import { until } from './support/until.mjs';

/** A source whose events are kept: `{ source, received, errors, opens() }`. */
function listen(t, url, options, types = ['message', 'fanfare-gap']) {
  const source = new FanfareSource(url, options);
  t?.after(() => source.close());
  const [received, errors] = [[], []];
  let opened = 0;
  source.onopen = () => opened++;
  source.onerror = (event) => errors.push(event);
  for (const type of types) {
    source.addEventListener(type, (e) => received.push({ type: e.type, data: e.data, id: e.lastEventId, topic: e.topic }));
  }
  return { source, received, errors, opens: () => opened, close: () => source.close() };
}

test('over 8 cuts of its connection, most inside an event, nothing is lost and nothing comes twice (C5, C6, C7, C9, P12)', async (t) => {
  const node = await startNode(t);
  await survivesCuts(t, { node, cuts: 8, connect: (url) => listen(t, url, { maxBackoff: 1000 }) });
});

test('topics come and go on a living source, under publishers with ids of their own: what stays loses nothing and doubles nothing', async (t) => {
  const node = await startNode(t);
  const seed = newSeed();
  const random = seeded(seed);
  const { source, received, errors } = listen(t, `${node.url}/topics/kept?retry=500`, { heartbeat: 5 });
  await until('the place to be known', () => source.lastEventId !== '');
  const published = [];
  let done = false;
  const publishing = (async () => {
    for (let n = 0; !done; n++) {
      const topic = random.pick(['kept', 'kept', 'other/1', 'other/2']);
      const own = random.chance(0.7) ? { id: `own-${n}` } : {};
      const data = `${n}`;
      const id = await publish(node.url, topic, data, own);
      if (topic === 'kept') published.push({ id, data });
    }
  })();

  let changes = 0;
  for (const deadline = performance.now() + 3000; performance.now() < deadline; changes++) {
    const topic = random.pick(['other/1', 'other/2', 'other/*', 'never']);
    if (source.topics.includes(topic)) source.drop(topic);
    else source.add(topic);
    await pause(random.between(0, 60));
  }
  done = true;
  await publishing;
  await until('the last event', () => received.some((event) => event.data === published.at(-1).data));

  const kept = received.filter((event) => event.topic === 'kept');
  const hint = `${changes} changes, ${published.length} events, seed ${seed}`;
  assertAllOnceInOrder(kept, published, hint);
  assert.ok(received.length > kept.length, `nothing came from the topics that were added; ${hint}`);
  assert.deepEqual(received.filter((event) => event.type === 'fanfare-gap'), [], hint);
  assert.deepEqual(errors, [], hint);
  t.diagnostic(hint);
});

test('a topic that is dropped no longer comes, and one that is added comes from now on', async (t) => {
  const node = await startNode(t);
  const { source, received, opens } = listen(t, `${node.url}/events`, { topics: ['a', 'b'] });
  await until('the stream', () => source.lastEventId !== '');
  source.drop('a');
  source.add('c');
  await publish(node.url, 'c', 'c1');
  await until('the new stream', () => opens() === 2);
  await publish(node.url, 'a', 'a1');
  await publish(node.url, 'b', 'b1');
  await until('b1', () => received.some((event) => event.data === 'b1'));
  assert.deepEqual(received.map(({ topic, data }) => [topic, data]), [['c', 'c1'], ['b', 'b1']]);
});

test('a token that ends is renewed, as often as needed, and no event is lost', async (t) => {
  const key = randomBytes(32).toString('base64');
  const node = await startNode(t, { env: { FANFARE_AUTH_KEY: key }, args: ['--auth.leeway', '0s', '--retry', '500ms'] });
  const backend = { Authorization: `Bearer ${makeToken(key, 600, { publish: ['**'] })}` };
  let asked = 0;
  const token = () => (asked++, makeToken(key, 2, { subscribe: ['a'] }));
  const { source, received, errors } = listen(t, `${node.url}/topics/a`, { token });
  await until('the stream', () => source.lastEventId !== '');

  const published = [];
  for (let n = 0; asked < 4; n++) {
    const { json } = await request('POST', `${node.url}/topics/a`, { headers: backend, body: `${n}` });
    published.push({ id: json.id, data: `${n}` });
    await pause(20);
  }
  await until('the last event', () => received.at(-1)?.id === published.at(-1).id);

  assertAllOnceInOrder(received, published, `${asked} tokens`);
  assert.deepEqual([...new Set(errors.map((error) => error.reason))], ['end'], 'a refused token is no error to the page');
});

test('a token without the right is final, with the problem that says what to do', async (t) => {
  const key = randomBytes(32).toString('base64');
  const node = await startNode(t, { env: { FANFARE_AUTH_KEY: key } });
  const { source, errors } = listen(t, `${node.url}/topics/b`, { token: () => makeToken(key, 60, { subscribe: ['a'] }) });
  await until('the end', () => source.readyState === FanfareSource.CLOSED);
  assert.equal(errors.length, 1);
  const [{ reason, status, problem, retryIn }] = errors;
  assert.deepEqual([reason, status, problem.status, retryIn], ['status', 403, 403, null]);
  assert.ok(problem.title && problem.detail, JSON.stringify(problem));
});

test("it comes back when a proxy answers 502 while the node restarts, is told of the gap, and gets all of the new log", async (t) => {
  const node = await startNode(t);
  const nginx = await startNginx(t, node.port);
  const gaps = [];
  const { source, received, errors } = listen(t, `${nginx.url}/topics/a?retry=500`, { onGap: (gap) => gaps.push(gap) });
  await until('the stream', () => source.lastEventId !== '');
  const before = source.lastEventId;
  await node.kill();
  await until('a 502', () => errors.some((error) => error.status === 502));
  assert.equal(source.readyState, FanfareSource.CONNECTING);

  const successor = await startNode(t, { port: node.port });
  await publish(successor.url, 'a', 'early');

  await until('early', () => received.some((event) => event.data === 'early'), { within: 20_000 });
  assert.deepEqual(gaps.map(({ after, reason, topics }) => ({ after, reason, topics })), [{ after: before, reason: 'log-lost', topics: ['a'] }]);
});

test('a stream refused for limits.streams is no success, and opens when there is room', async (t) => {
  const node = await startNode(t, { args: ['--limits.streams', '1', '--retry', '500ms', '--retry.max', '1s'] });
  const occupant = await openStream(t, `${node.url}/topics/a`);
  const { source, errors, opens } = listen(t, `${node.url}/topics/a`);
  await until('a refusal', () => errors.length > 0);
  assert.deepEqual([errors[0].reason, opens(), source.readyState], ['refused', 0, FanfareSource.CONNECTING]);
  occupant.close();
  await until('the stream', () => opens() === 1, { within: 20_000 });
});

test('a topic that ends closes the source, and a source that begins after that', async (t) => {
  const node = await startNode(t);
  const first = listen(t, `${node.url}/topics/a`, {}, ['message', 'fanfare-end']);
  await until('the stream', () => first.source.lastEventId !== '');
  await request('POST', `${node.url}/topics/a?end`, { body: 'last' });
  await until('the end', () => first.source.readyState === FanfareSource.CLOSED);
  assert.deepEqual(first.received.map(({ type, data }) => [type, data]), [['message', 'last'], ['fanfare-end', '{"reason":"done"}']]);
  assert.deepEqual(first.errors.map((error) => error.reason), ['ended']);

  const second = listen(t, `${node.url}/topics/a`, { lastEventId: first.source.lastEventId });
  await until('204', () => second.source.readyState === FanfareSource.CLOSED);
  // Node 18 may send it on the connection that the end of the first stream is closing
  const errors = second.errors.filter(({ reason }) => reason !== 'network');
  assert.deepEqual(errors.map(({ reason, status }) => [reason, status]), [['ended', 204]]);
});
