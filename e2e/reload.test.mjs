// A running node reads its settings again: on SIGHUP, and when a file that holds one of them has changed.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { publish, request } from './support/http.mjs';
import { startNode } from './support/node.mjs';
import { openStream } from './support/stream.mjs';
import { until } from './support/until.mjs';

/** A node with a YAML file: what startNode answers, and `reload(yaml)`, which answers the lines logged for it. */
async function startWithFile(t, yaml) {
  const folder = await mkdtemp(join(tmpdir(), 'fanfare-reload-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'fanfare.yaml');
  await writeFile(file, yaml);
  const node = await startNode(t, { args: ['--config', file, '--log.format', 'json'] });
  node.log = () => node.program.stderr.split('\n').slice(0, -1).map((line) => JSON.parse(line));
  node.reload = async (changed) => {
    const before = node.log().length;
    await writeFile(file, changed);
    node.program.child.kill('SIGHUP');
    const lines = () => node.log().slice(before).filter(({ why }) => why); // others may come late
    await until(() => `a line about the reload; it printed: ${node.program.output}`, () => lines().length > 0);
    return lines();
  };
  return node;
}

const origin = 'https://shop.example';
const allowed = async (node) =>
  (await request('GET', `${node.url}/healthz`, { headers: { Origin: origin } })).headers['access-control-allow-origin'];

test('SIGHUP allows an origin and raises a limit, and no stream notices', async (t) => {
  const node = await startWithFile(t, 'limits: {streams: 1}\n');
  const stream = await openStream(t, `${node.url}/events?topic=a`);
  await until('the stream', () => stream.events.length === 1);
  assert.equal(await allowed(node), undefined);
  const refused = await request('GET', `${node.url}/events?topic=a`);
  assert.equal(refused.headers['fanfare-refused'], 'limit');

  const [line] = await node.reload(`limits: {streams: 2}\ncors: {origins: ['${origin}']}\n`);

  assert.equal(line.level, 'INFO');
  assert.equal(line.why, 'SIGHUP');
  assert.equal(line.changed, 'cors.origins, limits.streams');
  assert.equal(await allowed(node), origin);
  const second = await openStream(t, `${node.url}/events?topic=a`);
  await publish(node.url, 'a', 'to both');
  for (const one of [stream, second]) await until('the event', () => one.published[0]?.data === 'to both');
});

test('a file that cannot be used changes nothing, and the log says why', async (t) => {
  const node = await startWithFile(t, `cors: {origins: ['${origin}']}\n`);

  for (const [yaml, why] of [
    ['cors: {origins: [\n', /expected: YAML/],
    ['limits.stream: 5\n', /did you mean limits\.streams\?/],
    ['limits.streams: -5\nheartbeat: 1\n', /limits\.streams: -5 .*; heartbeat: 1 /],
  ]) {
    const [line] = await node.reload(yaml);
    assert.equal(line.level, 'WARNING');
    assert.match(line.problem, why);
    assert.equal(await allowed(node), origin);
  }

  const [line] = await node.reload('cors: {origins: none}\n');
  assert.equal(line.level, 'INFO');
  assert.equal(await allowed(node), undefined);
  const metrics = (await request('GET', `${node.url}/metrics`)).text;
  assert.match(metrics, /^fanfare_reloads_total\{outcome="failed"\} 3/m);
  assert.match(metrics, /^fanfare_reloads_total\{outcome="ok"\} 1/m);
});

test('settings that need a restart are named', async (t) => {
  const node = await startWithFile(t, 'window.bytes: 32MiB\n');

  const [line] = await node.reload('window.bytes: 16MiB\nretention.age: 1h\nlimits.event-bytes: 1KiB\n');

  assert.equal(line.level, 'WARNING');
  assert.equal(line.changed, 'limits.event-bytes');
  assert.match(line.message, /a restart is needed for retention\.age, window\.bytes$/);
  assert.equal((await request('POST', `${node.url}/topics/a`, { body: 'x'.repeat(2000) })).status, 413);
  const [again] = await node.reload('window.bytes: 32MiB\nlimits.event-bytes: 1KiB\n');
  assert.equal(again.changed, 'nothing to change');
  assert.doesNotMatch(again.message, /restart/);
});

test('a node is not opened to all by a file that would also have it listen less wide', async (t) => {
  const key = 'k'.repeat(40);
  const node = await startWithFile(t, `host: 0.0.0.0\nauth.key: ${key}\n`);
  const url = `http://127.0.0.1:${node.port}`;

  const [line] = await node.reload('host: 127.0.0.1\n');

  assert.equal(line.level, 'WARNING');
  assert.match(line.problem, /host: 0\.0\.0\.0 .*--insecure/);
  assert.equal((await request('POST', `${url}/topics/a`, { body: 'x' })).status, 401);
  assert.doesNotMatch(node.program.output, /kkkk/, 'the secret');
});

/** A token for everything that a key signs. */
function token(key) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { sub: 'alice', exp: Math.floor(Date.now() / 1000) + 600, fanfare: { publish: ['**'], subscribe: ['**'] } };
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `Bearer ${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

test('a key that is rotated in its file counts within seconds, and a stream of the old one goes on', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'fanfare-key-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  // as Kubernetes mounts secrets: a link to a directory that is swapped
  const [before, after] = ['a'.repeat(40), 'b'.repeat(40)];
  for (const [name, key] of [['one', before], ['two', after]]) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'key'), `${key}\n`);
  }
  const swapTo = async (name) => {
    await symlink(name, join(folder, '..new'));
    await rename(join(folder, '..new'), join(folder, '..data'));
  };
  await swapTo('one');
  const node = await startNode(t, { args: ['--log.format', 'json'], env: { FANFARE_AUTH_KEY_FILE: join(folder, '..data', 'key') } });
  const send = async (key) =>
    (await request('POST', `${node.url}/topics/a`, { body: 'x', headers: { Authorization: token(key) } })).status;
  const stream = await openStream(t, `${node.url}/events?topic=a`, { Authorization: token(before) });
  assert.deepEqual([await send(before), await send(after)], [201, 401]);

  await swapTo('two');

  await until(() => `the new key to count; it printed ${node.program.output}`, async () => (await send(after)) === 201);
  assert.equal(await send(before), 401);
  await until('the events of both', () => stream.published.length === 2);
  assert.equal(stream.ended, undefined);
  assert.match(node.program.stderr, /"changed":"auth.key"/);
  assert.doesNotMatch(node.program.output, /aaaa|bbbb/, 'a secret');
});

test('start and stop are a line each, and an event is none', async (t) => {
  const node = await startWithFile(t, 'drain.delay: 0s\ndrain.time: 0s\n');
  const stream = await openStream(t, `${node.url}/events?topic=a`);
  for (let i = 0; i < 100; i++) await publish(node.url, 'a', 'x');
  await until('the events', () => stream.published.length === 100);
  for (let i = 0; i < 10; i++) await request('GET', `${node.url}/nowhere`);
  assert.equal(await node.stop(), 0);

  const lines = node.log();
  assert.equal(lines.length, 4, JSON.stringify(lines));
  assert.equal(lines[0].url, node.url);
  assert.equal(lines[0].log, 'in memory');
  assert.equal(lines[1].status, 404);
  assert.deepEqual([lines[2].does, lines[2].why, lines[2].streams], ['drains', 'SIGTERM', 1]);
  assert.equal(lines[3].does, 'stops');
});
