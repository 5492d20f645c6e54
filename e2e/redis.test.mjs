// Nodes whose log is on Redis: how they start, what they refuse, and that they are one hub.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { history, publish, request } from './support/http.mjs';
import { freePort, startNode } from './support/node.mjs';
import { checkout, fanfare, run } from './support/process.mjs';
import { startRedis } from './support/redis.mjs';
import { openStream } from './support/stream.mjs';
import { until } from './support/until.mjs';

const serve = (t, ...args) => run(t, fanfare, ['serve', '--port', '0', ...args]);

/** A start that fails: the one line that it says. */
async function refusal(t, ...args) {
  const { code, stdout, stderr } = await serve(t, ...args);
  assert.equal(stdout, '');
  assert.equal(code, 1, stderr);
  assert.equal(stderr.trim().split('\n').length, 1, stderr);
  return stderr;
}

test('what is published on one node is read on the other, under the same ids, and resumed there', async (t) => {
  const redis = await startRedis(t);
  const [one, two] = await Promise.all([startNode(t, { redis: redis.url }), startNode(t, { redis: redis.url })]);
  const stream = await openStream(t, `${two.url}/events?topic=orders/*`);
  const ids = [await publish(one.url, 'orders/1', 'a'), await publish(two.url, 'orders/2', 'b'), await publish(one.url, 'orders/1', 'c')];

  await until('the events', () => stream.published.length === 3);
  assert.deepEqual(stream.published.map((event) => event.id), ids);
  assert.deepEqual((await history(one.url, 'orders/*')).map((event) => event.id), ids);
  const resumed = await openStream(t, `${one.url}/events?topic=orders/*`, { 'Last-Event-ID': ids[0] });
  await until('what was missed', () => resumed.published.length === 2);
  assert.deepEqual(resumed.published.map((event) => event.id), ids.slice(1));
  for (const node of [one, two]) {
    const { log } = (await request('GET', `${node.url}/stats`)).json;
    assert.deepEqual([log.available, log.events, log.topics], [true, 3, 2]);
    assert.match((await request('GET', `${node.url}/metrics`)).text, /^fanfare_log_events 3/m);
  }
});

test('with the rights of docs/operations.md a node works; the start says which log, and nothing shows a password', async (t) => {
  const redis = await startRedis(t, ['--requirepass', 'open-sesame', '--acl-pubsub-default', 'allchannels']); // as 6.2 has it
  const [, hub, channel] = (await readFile(join(checkout, 'docs/operations.md'), 'utf8')).match(/`(~\{HUB\}:.*?)`.*?`(&CHANNEL)`/s);
  const rights = `${hub} ${channel}`.replaceAll('HUB', 'shop').replace('CHANNEL', 'events').split(' ');
  await redis.command('ACL', 'SETUSER', 'fanfare', 'on', '>open-sesame', ...rights);
  const url = redis.url.replace('//', '//fanfare:open-sesame@');
  const node = await startNode(t, { redis: url, args: ['--redis.hub', 'shop', '--redis.ingress.channels', 'events'] });
  await until('it to bridge', async () => (await request('GET', `${node.url}/stats`)).json.ingress.active);
  assert.equal(await redis.command('PUBLISH', 'events', '{"topic":"a","data":1}'), '1');
  assert.match(node.program.stderr, new RegExp(`the log: redis://\\*\\*\\*@127.0.0.1:${redis.port}, hub shop;`));
  await publish(node.url, 'a', 'x');
  assert.equal((await request('DELETE', `${node.url}/topics/a`)).status, 204);
  assert.match(await redis.command('KEYS', '{shop}:*'), /\{shop\}:log/);
  assert.equal(await node.stop(), 0);

  const { stdout } = await serve(t, '--redis', url, '--check');
  assert.match(stdout, new RegExp(`^# redis: redis://\\*\\*\\*@127.0.0.1:${redis.port} +# --redis$`, 'm'));
  const wrong = await refusal(t, '--redis', url.replace('open', 'closed'));
  assert.match(wrong, /^fanfare: Redis at 127\.0\.0\.1:\d+ cannot be used: WRONGPASS/);
  assert.match(await refusal(t, '--redis', redis.url), /^fanfare: Redis at 127\.0\.0\.1:\d+ cannot be used: .*NOAUTH/);
  for (const said of [node.program.output, stdout, wrong]) assert.doesNotMatch(said, /sesame/);
});

test('a server that is not there, or that cannot hold a hub, is refused in one line', async (t) => {
  assert.match(await refusal(t, '--redis', `redis://127.0.0.1:${await freePort()}`), /^fanfare: Redis at 127\.0\.0\.1:\d+ cannot be used: .*refused/);

  const redis = await startRedis(t);
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  assert.match(await refusal(t, '--redis', redis.url), /maxmemory-policy allkeys-lru .*expected: noeviction/);
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');

  await redis.command('HSET', '{default}:meta', 'format', '99');
  assert.match(await refusal(t, '--redis', redis.url), /hub 'default' has format 99.*run a later Fanfare/);
});

test('while Redis is away the node is ready, says that publishing is not, and answers what it can', async (t) => {
  const redis = await startRedis(t);
  const node = await startNode(t, { redis: redis.url });
  const stream = await openStream(t, `${node.url}/events?topic=a`);
  const ready = async () => (await request('GET', `${node.url}/readyz`)).json.publish;
  assert.equal(await ready(), 'available');
  await redis.kill();

  await until('publishing to be unavailable', async () => (await ready()) === 'unavailable');
  assert.equal((await request('GET', `${node.url}/readyz`)).status, 200);
  assert.deepEqual((await request('GET', `${node.url}/stats`)).json.log, { available: false });
  assert.match((await request('GET', `${node.url}/metrics`)).text, /^fanfare_log_up 0/m);
  const refused = await request('POST', `${node.url}/topics/a`, { body: 'x' });
  assert.deepEqual([refused.status, refused.headers['retry-after'] > 0], [503, true]);

  await redis.again();
  await until('publishing to be available', async () => (await request('POST', `${node.url}/topics/a`, { body: 'back' })).status === 201);
  await until('the event', () => stream.published.at(-1)?.data === 'back');
  assert.equal(stream.ended, undefined);
});
