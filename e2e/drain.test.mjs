// SIGTERM, as a service manager sends it: what a node does until it exits.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { emptyDirectory } from './support/folder.mjs';
import { history, publish, request } from './support/http.mjs';
import { startNode } from './support/node.mjs';
import { openStream } from './support/stream.mjs';
import { until } from './support/until.mjs';

const drain = (delay, time) => ['--drain.delay', delay, '--drain.time', time];

/** A request that publishes NDJSON to a topic and goes on: `{ line(data), end(), answer }`. */
function streamingPublish(t, url, headers = {}) {
  const producer = { answer: undefined };
  const sent = http.request(url, { method: 'POST', agent: false, headers: { 'Content-Type': 'application/x-ndjson', ...headers } }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part) => (text += part));
    response.on('end', () => (producer.answer = { status: response.statusCode, headers: response.headers, json: JSON.parse(text) }));
  });
  sent.on('error', () => {}); // the node closes after its answer
  t.after(() => sent.destroy());
  producer.line = (data) => sent.write(`${JSON.stringify({ data })}\n`);
  producer.end = () => sent.end();
  return producer;
}

test('a drained node is not ready, takes streams for the delay, ends all over the time, and exits 0', async (t) => {
  const node = await startNode(t, { args: drain('1s', '2s') });
  const open = await Promise.all(Array.from({ length: 40 }, () => openStream(t, `${node.url}/topics/a`)));
  const ends = [];
  open.forEach((stream) => stream.request.on('close', () => ends.push(performance.now())));
  const begin = performance.now();

  const exit = node.stop();
  await until('the node not to be ready', async () => (await request('GET', `${node.url}/readyz`)).status === 503);
  const late = await openStream(t, `${node.url}/topics/a`);
  await publish(node.url, 'a', 'still taken');
  await until('an event on every stream', () => [...open, late].every((stream) => stream.published.length === 1));
  await until('the first end', () => ends.length > 0);
  const refused = await openStream(t, `${node.url}/topics/a`);
  assert.equal(await exit, 0);

  assert.equal(refused.status, 200);
  assert.equal(refused.headers['fanfare-refused'], 'draining');
  assert.match(refused.text, /^: ?draining\nretry: ?\d+\n$/);
  await until('all streams to end', () => ends.length === 40 && late.ended);
  assert.ok([...open, late].every((stream) => stream.ended === 'complete'), 'a stream was cut, not ended');
  const after = ends.map((end) => end - begin);
  t.diagnostic(`ends from ${Math.round(after[0])} to ${Math.round(after.at(-1))} ms`);
  assert.ok(after[0] > 1_000, `a stream ended after ${after[0]} ms, within the delay`);
  assert.ok(after.filter((end) => end < 2_000).length <= 30, `ends after ${after} ms are not spread`);
  assert.ok(after.at(-1) - after[0] > 1_000, `ends after ${after} ms are not spread`);
});

test('a second SIGTERM ends the drain at once, and the node still exits 0', async (t) => {
  const node = await startNode(t, { args: drain('10m', '10m') });
  const stream = await openStream(t, `${node.url}/topics/a`);
  const begin = performance.now();
  node.program.child.kill('SIGTERM');
  await until('the drain to begin', async () => (await request('GET', `${node.url}/readyz`)).status === 503);

  assert.equal(await node.stop(), 0);

  assert.ok(performance.now() - begin < 10_000);
  await until('the stream to end', () => stream.ended === 'complete');
  assert.match(stream.text, /retry: ?\d+\n$/);
});

test('SIGINT, a Ctrl-C, ends streams in good order and does not drain', async (t) => {
  const node = await startNode(t, { args: drain('10m', '10m') });
  const stream = await openStream(t, `${node.url}/topics/a`);

  assert.equal(await node.program.stop('SIGINT'), 0);

  await until('the stream to end', () => stream.ended === 'complete');
});

test('a streaming publish that a drain breaks off goes on with its key after the restart: nothing twice, its end is done', async (t) => {
  const data = await emptyDirectory(t);
  const node = await startNode(t, { data });
  const key = { 'Idempotency-Key': 'answer-1' };
  const reader = await openStream(t, `${node.url}/topics/answers/1`);
  const producer = streamingPublish(t, `${node.url}/topics/answers/1?end`, key);
  producer.line('one');
  producer.line('two');
  await until('two events', () => reader.published.length === 2);

  assert.equal(await node.stop(), 0);
  await until('the producer to be answered', () => producer.answer);
  assert.equal(producer.answer.status, 503);
  assert.equal(producer.answer.json.published, 2);
  assert.ok(producer.answer.headers['retry-after']);
  assert.deepEqual(reader.events.filter((event) => event.type === 'fanfare-end'), [], 'the topic was ended');

  const successor = await startNode(t, { data, port: node.port });
  const resumed = await openStream(t, `${node.url}/topics/answers/1`, { 'Last-Event-ID': reader.events.at(-1).id });
  const again = streamingPublish(t, `${successor.url}/topics/answers/1?end`, key);
  ['one', 'two', 'three'].forEach(again.line);
  again.end();
  await until('the producer to be answered', () => again.answer);

  assert.equal(again.answer.status, 200);
  await until('the end', () => resumed.ended === 'complete');
  assert.deepEqual(resumed.events.map((event) => event.data), ['three', '{"reason":"done"}']);
  assert.deepEqual((await history(successor.url, 'answers/1')).map((event) => event.data), ['one', 'two', 'three']);
});

test('a streaming publish without a key that a drain breaks off ends its topic as aborted', async (t) => {
  const data = await emptyDirectory(t);
  const node = await startNode(t, { data });
  const reader = await openStream(t, `${node.url}/topics/answers/2`);
  const producer = streamingPublish(t, `${node.url}/topics/answers/2?end`);
  producer.line('one');
  await until('the event', () => reader.published.length === 1);

  assert.equal(await node.stop(), 0);
  await until('the producer to be answered', () => producer.answer?.status === 503);
  await startNode(t, { data, port: node.port });
  const late = await openStream(t, `${node.url}/topics/answers/2?from=start&open=none`);

  await until('the end', () => late.ended === 'complete');
  assert.deepEqual(late.events.map((event) => event.data), ['one', '{"reason":"aborted"}']);
});
