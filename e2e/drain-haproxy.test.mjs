// A deploy: a node behind HAProxy is drained and restarted on its data directory under many streams and a publisher. Long: 2,000 streams
// and the default times.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startPersistentPublishing } from './support/accounting.mjs';
import { emptyDirectory } from './support/folder.mjs';
import { startFront } from './support/front.mjs';
import { request } from './support/http.mjs';
import { startNode } from './support/node.mjs';
import { newSeed } from './support/random.mjs';
import { assertNothingLost, openStreams } from './support/reconnecting.mjs';
import { until } from './support/until.mjs';

const LONG = Boolean(process.env.E2E_LONG);
const STREAMS = LONG ? 2_000 : 400;
/** Milliseconds. */
const [DELAY, TIME, RETRY] = LONG ? [5_000, 20_000, 3_000] : [3_000, 3_000, 500];

/** How many of the times are in each of so many equal parts from one time to another; what is outside counts to the nearest part. */
function parts(times, count, from, to) {
  const buckets = Array(count).fill(0);
  for (const time of times) buckets[Math.max(0, Math.min(count - 1, Math.floor(((time - from) / (to - from)) * count)))]++;
  return buckets;
}

test(`a node behind HAProxy is drained and restarted: its ${STREAMS} streams come back spread out, and none loses an event`, async (t) => {
  const seed = newSeed();
  const data = await emptyDirectory(t);
  const args = ['--drain.delay', `${DELAY}ms`, '--drain.time', `${TIME}ms`, '--retry', `${RETRY}ms`, '--limits.streams', `${4 * STREAMS}`];
  const node = await startNode(t, { data, args });
  const front = await startFront(t, 'haproxy', node.port);
  const streams = await openStreams(t, `${front.url}/topics/drain/${seed}`, STREAMS);
  const publisher = startPersistentPublishing(t, node.url, `drain/${seed}`, { seed, every: LONG ? 100 : 50 });
  await until('events', () => publisher.published.length > 20);

  const begin = performance.now();
  assert.equal(await node.stop(), 0);
  const drained = publisher.published.length;
  const successor = await startNode(t, { data, args, port: node.port });
  const isBack = (stream) => stream.failed || stream.open;
  await until(() => `all to be back; ${streams.filter(isBack).length} are`, () => streams.every(isBack), { within: 30_000 });
  await until('events', () => publisher.published.length > drained + 20);
  await publisher.stop();
  const { published } = publisher;
  await until('the last event', () => streams.every(({ received }) => received.at(-1).id === published.at(-1).id), { within: 30_000 }).catch(() => {}); // the account says more

  assertNothingLost(streams, published, `${published.length} events, seed ${seed}`);
  assert.equal((await request('GET', `${successor.url}/stats`)).json.streams, STREAMS);
  assert.deepEqual(streams.filter((stream) => stream.cuts || stream.ends.length !== 1), [], 'a stream was cut, or ended twice');

  const since = (time) => time - begin;
  const ends = streams.map((stream) => since(stream.ends[0]));
  const first = streams.map((stream) => since(stream.answers[1].at));
  const back = streams.map((stream) => since(stream.answers.at(-1).at));
  const ended = parts(ends, 10, DELAY, DELAY + TIME);
  const came = parts(first, 10, DELAY + RETRY, DELAY + TIME + 2 * RETRY);
  const reopened = parts(back, 5, Math.min(...back), Math.max(...back));
  t.diagnostic(`${published.length} events, ${drained} of them before the node was gone, seed ${seed}`);
  t.diagnostic(`ended in each tenth of drain.time: ${ended}`);
  t.diagnostic(`came back first in each tenth of the time for it: ${came}`);
  t.diagnostic(`reopened in each fifth of the ${Math.round(Math.max(...back) - Math.min(...back))} ms from the first to the last: ${reopened}`);
  assert.ok(Math.min(...ends) >= DELAY, `a stream ended after ${Math.min(...ends)} ms, within drain.delay`);
  assert.ok(Math.max(...ends) < DELAY + TIME + 2_000, `a stream ended only after ${Math.max(...ends)} ms`);
  assert.ok(Math.max(...ended) < 0.2 * STREAMS && Math.min(...ended) > 0.03 * STREAMS, `ends are not even over drain.time: ${ended}`);
  assert.ok(Math.max(...came) < 0.25 * STREAMS, `too many came at once: ${came}`);
  // Up to twice an even share: those whom the proxy told its fixed 2 s come with the last of those whom the node told a jittered `retry`.
  assert.ok(Math.max(...reopened) < 0.65 * STREAMS, `too many came to the successor at once: ${reopened}`);
});
