// A topic that ends, as an answer of a language model does: its readers get all of it, are told, and stop.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openPage, startBrowser } from './support/browser.mjs';
import { publish, request, streams } from './support/http.mjs';
import { startNode } from './support/node.mjs';
import { fanfare, run, start } from './support/process.mjs';
import { startProxy } from './support/proxy.mjs';
import { until } from './support/until.mjs';

const CLOSED = 2;
const tokens = Array.from({ length: 40 }, (_, i) => `token ${i}`);

let browser;
before(async () => (browser = await startBrowser()));
after(() => browser?.close());

const end = async (node, topic) => (await request('POST', `${node.url}/topics/${topic}?end`)).json.id;

/** All tokens in order, then the end, and an EventSource that has given up. */
async function hasAllAndStops(source, endId) {
  await until('the EventSource to close', async () => (await source.readyState()) === CLOSED);
  const last = source.received.at(-1);
  assert.deepEqual({ type: last.type, data: last.data, id: last.id }, { type: 'fanfare-end', data: '{"reason":"done"}', id: endId });
  assert.deepEqual(source.received.slice(0, -1).map((event) => event.data), tokens);
}

test('EventSource gets every token, then fanfare-end, asks once more, gets 204 and stops (C10)', async (t) => {
  const node = await startNode(t);
  const proxy = await startProxy(t, node.port);
  const page = await openPage(t, browser);
  const source = await page.listen(`${proxy.url}/topics/answers/1?retry=500`, ['message', 'fanfare-end']);
  await source.untilOpen();
  await until('the stream to be open at the node', async () => (await streams(node.url)).length === 1);

  for (const token of tokens) await publish(node.url, 'answers/1', token);
  await hasAllAndStops(source, await end(node, 'answers/1'));

  assert.equal(proxy.connections, 2, 'connections: the stream, and the one that was answered 204');
  assert.deepEqual(await streams(node.url), []);
});

test('a page that was cut off within the answer gets the rest and the end when it is back', async (t) => {
  const node = await startNode(t);
  const proxy = await startProxy(t, node.port);
  const page = await openPage(t, browser);
  const source = await page.listen(`${proxy.url}/topics/answers/1?from=start&retry=500`, ['message', 'fanfare-end']);
  for (const token of tokens.slice(0, 20)) await publish(node.url, 'answers/1', token);
  await source.until(tokens[19]);

  proxy.hold();
  proxy.cut();
  for (const token of tokens.slice(20)) await publish(node.url, 'answers/1', token);
  const id = await end(node, 'answers/1');
  proxy.release();

  await hasAllAndStops(source, id);
});

test('a page that opens an answer when it has ended gets all of it', async (t) => {
  const node = await startNode(t);
  for (const token of tokens) await publish(node.url, 'answers/1', token);
  const id = await end(node, 'answers/1');

  const page = await openPage(t, browser);
  const source = await page.listen(`${node.url}/topics/answers/1?from=start&retry=500`, ['message', 'fanfare-end']);

  await hasAllAndStops(source, id);
});

test('curl and fanfare tail end well with the topic', async (t) => {
  const node = await startNode(t);
  await publish(node.url, 'a', 'before');
  const curl = start(t, 'curl', ['-sN', `${node.url}/topics/a`]);
  const tail = start(t, fanfare, ['tail', 'a', '--from', 'start', '--url', node.url]);
  await until('both to read', async () => (await streams(node.url)).length === 2);

  await publish(node.url, 'a', 'hello');
  await request('POST', `${node.url}/topics/a?cancel`);

  assert.equal(await curl.exit(), 0);
  assert.equal(await tail.exit(), 0);
  assert.match(curl.stdout, /data: hello\n(.+\n)*\nevent: fanfare-end\ndata: {"reason":"cancelled"}\nid: \d+-\d+\n\n$/);
  assert.deepEqual(tail.lines.map((line) => line.split('  ').at(-1)), ['before', 'hello']);
  const late = await run(t, fanfare, ['tail', 'a', '--url', node.url]);
  assert.equal(late.code, 0, late.stderr);
});
