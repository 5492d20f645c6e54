// Services that only speak Redis: what redis-cli publishes reaches streams on any node, as docs/redis-ingress.md says, whatever happens to
// the node that brings it in.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { test } from 'node:test';
import { commands, documentBlocks } from './support/document.mjs';
import { emptyDirectory } from './support/folder.mjs';
import { history, request } from './support/http.mjs';
import { startNode } from './support/node.mjs';
import { run, start } from './support/process.mjs';
import { startRedis } from './support/redis.mjs';
import { openStream } from './support/stream.mjs';
import { until } from './support/until.mjs';

const CHANNEL = 'user:events';
const blocks = documentBlocks('docs/redis-ingress.md');

async function startBridge(t, redis, args = []) {
  return startNode(t, { redis: redis.url, args: ['--redis.ingress.channels', CHANNEL, ...args] });
}

const ingress = async (node) => (await request('GET', `${node.url}/stats`)).json.ingress;
const active = (nodes) => until('a node to bridge', async () => {
  for (const node of nodes) if (!node.program.ended && (await ingress(node)).active) return node;
});

/** Redis' own client on one connection; `publish` resolves when it was written. */
function startPublisher(t, redis) {
  const cli = start(t, 'redis-cli', ['-p', String(redis.port)], { input: null });
  return { publish: (message) => cli.child.stdin.write(`PUBLISH ${CHANNEL} '${message.replaceAll("'", "\\'")}'\n`), close: () => cli.child.stdin.end() };
}

test('the commands of docs/redis-ingress.md bring a PUBLISH to a stream', async (t) => {
  const redis = await startRedis(t);
  const [serve, tail, publish] = blocks.filter(({ language }) => language === 'sh').map(({ text }) => commands(text)[0]);
  const here = (command) => command.replaceAll('6379', String(redis.port));
  const args = here(serve).split(' ').slice(2);
  const node = await startNode(t, { redis: redis.url, args: args.slice(args.indexOf('--redis') + 2) });
  await active([node]);
  const stream = start(t, 'bash', ['-c', tail.replaceAll('7070', String(node.port))]);
  await until('the stream', () => stream.stdout.includes('fanfare-open'));
  const { code, stdout } = await run(t, 'bash', ['-c', here(publish).replace('redis-cli', `redis-cli -p ${redis.port}`)]);
  assert.equal(code, 0);
  assert.equal(stdout.trim(), '1');
  await until(() => `the event; there was ${stream.output}`, () => /event: payment_completed\ndata: \{"amount":42\}\nid: \d+-\d+\n\n/.test(stream.stdout));
});

test('hostile messages are counted and the next one is taken; limits.event-bytes holds, also when it changes', async (t) => {
  const redis = await startRedis(t);
  const file = join(await emptyDirectory(t), 'fanfare.yaml');
  await writeFile(file, 'limits.event-bytes: 1KiB\n');
  const node = await startBridge(t, redis, ['--config', file]);
  await active([node]);
  const publisher = startPublisher(t, redis);
  const hostile = [
    'hello', '{', '[]', '{}', '{"data":1}', '{"topic":"a/*"}', '{"topic":"../a"}', '{"topic":"@all"}', '{"topic":"@me"}', '{"topic":"a\\u0000"}',
    '{"topic":"a","event":"fanfare-end"}', '{"topic":"a","event":"x\\ny"}', '{"topic":"a","id":"1-1"}', '{"topic":"a","data":"\\ud800"}', '{"userId":{}}',
  ];
  hostile.forEach((message) => publisher.publish(message));
  publisher.publish(JSON.stringify({ topic: 'a', data: 'x'.repeat(1025) }));
  publisher.publish(JSON.stringify({ topic: 'a', data: 'x'.repeat(100_000) }));
  publisher.publish(JSON.stringify({ userId: '../../@all/*\n', data: 'a\r\nid: 7' }));
  publisher.publish(JSON.stringify({ topic: 'a', data: 'x'.repeat(1024) }));
  const counts = await until('all', async () => {
    const now = await ingress(node);
    return now.published === 2 && now;
  });
  assert.deepEqual(counts, { active: true, published: 2, invalid: hostile.length, oversized: 2, dropped: 0, refused: 0, fenced: 0 });
  const events = await history(node.url, '**');
  assert.deepEqual(events.map(({ topic, data }) => [topic, data]), [['users/..%2F..%2F@all%2F%2A%0A', 'a\nid: 7'], ['a', 'x'.repeat(1024)]]);
  const metrics = (await request('GET', `${node.url}/metrics`)).text;
  assert.match(metrics, new RegExp(`fanfare_ingress_messages_total\\{outcome="invalid"\\} ${hostile.length}`));
  assert.match(metrics, /fanfare_ingress_active 1/);
  const lines = node.program.stderr.split('\n').filter((line) => line.includes('messages of Redis channels were lost'));
  assert.equal(lines.length, 2, 'one line of each kind'); // invalid and oversized

  await writeFile(file, 'limits.event-bytes: 2KiB\n');
  node.program.child.kill('SIGHUP');
  await until('a larger event', async () => {
    publisher.publish(JSON.stringify({ topic: 'larger', data: 'x'.repeat(2048) }));
    return (await history(node.url, 'larger')).length > 0;
  });
  publisher.close();
});

test('the bridging node is killed with -9: another follows within 2 s, and no stream on any node gets a message twice', async (t) => {
  const redis = await startRedis(t);
  const nodes = await Promise.all([startBridge(t, redis), startBridge(t, redis), startBridge(t, redis)]);
  const first = await active(nodes);
  const others = nodes.filter((node) => node !== first);
  const [cut, ...streams] = await Promise.all([first, ...others].map((node) => openStream(t, `${node.url}/topics/users/u-1`)));
  const publisher = startPublisher(t, redis);
  const sent = [];
  let stopped = false;
  const publishing = (async () => {
    while (!stopped) {
      publisher.publish(JSON.stringify({ userId: 'u-1', data: sent.length }));
      sent.push(performance.now());
      await pause(5);
    }
  })();
  t.after(() => (stopped = true));
  await until('events', () => streams.every((stream) => stream.published.length > 100));
  const killed = performance.now();
  await first.kill();
  await active(others);
  const after = sent.length;
  const newest = (stream) => Number(stream.published.at(-1).data);
  await until('events again', () => streams.every((stream) => newest(stream) > after));
  stopped = true;
  await publishing;
  await until('the last one', () => streams.every((stream) => newest(stream) === sent.length - 1));

  const [numbers, alike, begun] = [...streams, cut].map((stream) => stream.published.map(({ data }) => Number(data)));
  assert.deepEqual(alike, numbers, 'what one stream got is not what the other got');
  assert.deepEqual(begun, numbers.slice(0, begun.length), 'what the killed node gave is not what the others gave');
  const jumps = numbers.map((n, i) => [numbers[i - 1] ?? n - 1, n]).filter(([before, n]) => n !== before + 1);
  assert.equal(jumps.length, 1, `one hole, where the node died: ${JSON.stringify(jumps)}`);
  const [, next] = jumps[0];
  assert.ok(next > jumps[0][0], 'a number came twice');
  const without = sent[next] - killed;
  t.diagnostic(`${sent.length} messages, without a bridge for ${Math.round(without)} ms`);
  assert.ok(without < 2_000, `without a bridge for ${without} ms`);
});
