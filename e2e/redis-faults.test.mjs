// Several nodes on one Redis server, under streams that come back to any of them and a publisher that asks the next: a node is killed, all
// are restarted one after the other, also with the next version, the server is away. Long: more streams, and away for longer.
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { test } from 'node:test';
import { startPersistentPublishing } from './support/accounting.mjs';
import { emptyDirectory } from './support/folder.mjs';
import { history, request } from './support/http.mjs';
import { startNode } from './support/node.mjs';
import { checkout, fanfare, run } from './support/process.mjs';
import { newSeed } from './support/random.mjs';
import { assertNothingLost, openStreams } from './support/reconnecting.mjs';
import { startRedis } from './support/redis.mjs';
import { until } from './support/until.mjs';

const LONG = Boolean(process.env.E2E_LONG);
const STREAMS = LONG ? 1_000 : 60;
const AWAY = LONG ? 10_000 : 2_000;
const EVERY = 10;

/** Nodes on a server, streams on all of them, and somebody who publishes. */
async function startHub(t, count, { settings, args = [] } = {}) {
  const seed = newSeed();
  const topic = `faults/${seed}`;
  const redis = await startRedis(t, settings);
  const start = (port, command) => startNode(t, { redis: redis.url, port, command, args: ['--retry', '500ms', ...args] });
  const nodes = await Promise.all(Array.from({ length: count }, () => start()));
  const urls = nodes.map((node) => node.url);
  const streams = await openStreams(t, urls.map((url) => `${url}/topics/${topic}`), STREAMS);
  const publisher = startPersistentPublishing(t, urls, topic, { seed, every: EVERY });
  const more = (events) => {
    const before = publisher.published.length;
    return until(() => `${events} more events; ${publisher.refused.length} were refused`, () => publisher.published.length >= before + events, { within: 30_000 });
  };
  await more(30);
  return { topic, redis, start, nodes, streams, publisher, more, hint: `seed ${seed}` };
}

/**
 * How to run what comes after this version: it knows a format more, and stores a field more with the hub and with each event.
 * Its scripts are these with that, in front of the jar's.
 */
async function nextVersion(t) {
  const classes = await emptyDirectory(t);
  await mkdir(`${classes}/dev/fanfare/redis`, { recursive: true });
  const change = async (name, changes) => {
    let script = await readFile(`${checkout}log-redis/src/main/resources/dev/fanfare/redis/${name}`, 'utf8');
    for (const [from, to] of changes) {
      assert.ok(script.includes(from), `${name} is without ${from}`);
      script = script.replace(from, to);
    }
    await writeFile(`${classes}/dev/fanfare/redis/${name}`, script);
  };
  await change('common.lua', [
    ['local FORMAT = 1', 'local FORMAT = 2'],
    ["'bytes', 'events'}", "'bytes', 'events', 'added'}"],
    ['if tonumber(meta.format) > FORMAT', 'meta.added = meta.added or 0\n if tonumber(meta.format) > FORMAT'],
    ['bytes = 0, events = 0}', 'bytes = 0, events = 0, added = 0}'],
  ]);
  await change('append.lua', [
    ["'d', entry.d)", "'d', entry.d, 'added', 'more')"],
    ['meta.events = meta.events + 1', 'meta.events = meta.events + 1\n  meta.added = meta.added + 1'],
  ]);
  const java = '. "$0/.ci/tools.sh"; find_java java; exec "$java_home/bin/java" -cp "$1:$jar" dev.fanfare.cli.Main "${@:2}"';
  return ['bash', '-c', `top=$0; ${java}`, checkout, classes];
}

/** Each stream has each event once and in order, and the log has no other. */
async function assertWhole({ topic, nodes, streams, publisher, hint }) {
  await publisher.stop();
  const { published } = publisher;
  const all = () => streams.every(({ received }) => received.at(-1)?.id === published.at(-1).id);
  await until('the last event', all, { within: 30_000 }).catch(() => {}); // the account says more
  assertNothingLost(streams, published, `${published.length} events, ${hint}`);
  assert.deepEqual((await history(nodes.at(-1).url, topic)).map((event) => event.id), published.map((event) => event.id));
  return `${published.length} events, ${publisher.refused.length} refused, ${streams.length} streams, ${hint}`;
}

test('a node is killed, and its streams go on at another: nothing is lost', async (t) => {
  const hub = await startHub(t, 2);
  const [one] = hub.nodes;
  await one.kill();
  await hub.more(50);
  await hub.start(one.port);
  await hub.more(50);

  t.diagnostic(await assertWhole(hub));
  assert.equal(hub.streams.filter((stream) => stream.cuts > 0).length, STREAMS / 2);
});

test('three nodes are restarted one after the other under load: nothing is lost, and no stream is cut', async (t) => {
  const hub = await startHub(t, 3, { args: ['--drain.delay', '0s', '--drain.time', '500ms'] });
  for (const [i, node] of hub.nodes.entries()) {
    assert.equal(await node.stop(), 0);
    hub.nodes[i] = await hub.start(node.port);
    await hub.more(20);
  }

  t.diagnostic(await assertWhole(hub));
  assert.deepEqual(hub.streams.filter((stream) => stream.cuts > 0), []);
  assert.deepEqual(hub.streams.filter((stream) => stream.ends.length === 0), [], 'a stream that no restart has ended');
});

test('nodes of two versions are one hub, which gets the format of the newer when the last older node is gone', async (t) => {
  const hub = await startHub(t, 3, { args: ['--drain.delay', '0s', '--drain.time', '500ms'] });
  const next = await nextVersion(t);
  const meta = (field) => hub.redis.command('HGET', '{default}:meta', field);
  const restart = async (i, version) => {
    assert.equal(await hub.nodes[i].stop(), 0);
    hub.nodes[i] = await hub.start(hub.nodes[i].port, version);
    await hub.more(20);
  };
  await restart(1, next);
  await restart(0, next); // from now on the publisher asks node 1
  await restart(0); // and back
  await restart(0, next);
  assert.equal(await meta('format'), '1', 'the format that the last node of this version knows');
  const added = Number(await meta('added'));
  assert.ok(added > 0, 'what the next version adds is kept by this one');

  await restart(2, next);
  await until('the format to be raised', async () => (await meta('format')) === '2', { within: 20_000 });
  await hub.more(20);
  const { code, stderr } = await run(t, fanfare, ['serve', '--redis', hub.redis.url, '--port', '0']);
  assert.equal(code, 1);
  assert.match(stderr, /hub 'default' has format 2, which this version does not know; run a later Fanfare/);

  t.diagnostic(await assertWhole(hub));
  assert.deepEqual(hub.streams.filter((stream) => stream.cuts > 0), []);
});

test(`Redis is away for ${AWAY / 1000} s: streams stay open, publishes are told to come again, and none is doubled`, async (t) => {
  const hub = await startHub(t, 2, { settings: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  await hub.redis.kill();
  await until('publishing to be refused', () => hub.publisher.refused.includes(503));
  for (const { url } of hub.nodes) {
    const { status, headers, json } = await request('POST', `${url}/topics/${hub.topic}`, { body: 'x' });
    assert.deepEqual([status, headers['content-type'], json.status], [503, 'application/problem+json', 503]);
    assert.ok(Number(headers['retry-after']) > 0, `Retry-After: ${headers['retry-after']}`);
  }
  await pause(AWAY); // that is how long it is away, and not a wait for anything
  await hub.redis.again();
  await hub.more(50);

  t.diagnostic(await assertWhole(hub));
  assert.deepEqual(hub.streams.filter((stream) => stream.answers.length !== 1), [], 'a stream was not open all the time');
});
