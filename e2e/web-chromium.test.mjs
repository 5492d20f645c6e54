// FanfareSource in real Chromium, in a page from another port than the node's, which opens it as it would an EventSource.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { assertAllOnceInOrder, survivesCuts } from './support/accounting.mjs';
import { openPage, startBrowser } from './support/browser.mjs';
import { publish, request, streams } from './support/http.mjs';
import { startNginx } from './support/nginx.mjs';
import { startNode } from './support/node.mjs';
import { startProxy } from './support/proxy.mjs';
import { openStream } from './support/stream.mjs';
import { makeToken } from './support/token.mjs';
import { until } from './support/until.mjs';

const CONNECTING = 0, OPEN = 1, CLOSED = 2;
const ours = { source: 'FanfareSource' };

let browser;
before(async () => (browser = await startBrowser()));
after(() => browser?.close());

const placed = (source) => until('the place to be known', () => source.page.evaluate((name) => sources[name].lastEventId, source.name));

test('a page of EventSource works when only the constructor changes (C1, C2, P8, P9, P13)', async (t) => {
  const node = await startNode(t);
  const seen = [];
  for (const changed of ['EventSource', 'FanfareSource']) {
    const page = await openPage(t, browser, { source: changed });
    const source = await page.listen(`${node.url}/events?topic=orders/*`, ['message', 'status', 'fanfare-open', 'fanfare-end'], { withCredentials: true });
    await until('fanfare-open', () => source.received.length === 1);
    seen.push(source);
  }

  await publish(node.url, 'orders/42', 'paid', { event: 'status' });
  await publish(node.url, 'orders/42', 'two\nlines, é 漢 🎺, : colon and  spaces ');
  await publish(node.url, 'orders/43', '', { id: 'own' });
  await publish(node.url, 'orders/42', 'last');

  const plain = ({ kind, type, data, id, origin, readyState }) => [kind, readyState, type, type === 'fanfare-open' ? 0 : data, type === 'fanfare-open' ? 0 : id, origin];
  for (const source of seen) await source.until('last');
  const [theirs, ours] = seen.map((source) => source.reports.map(plain));
  assert.deepEqual(ours, theirs);
  assert.deepEqual(seen[1].received.map((event) => event.topic), [null, 'orders/42', 'orders/42', 'orders/43', 'orders/42']);
});

test('over 8 cuts of its connection, most inside an event, nothing is lost and nothing comes twice (C5, C6, C7, C9, P12)', async (t) => {
  const node = await startNode(t);
  const page = await openPage(t, browser, ours);
  await survivesCuts(t, { node, cuts: 8, connect: (url) => page.listen(url, ['message', 'fanfare-gap'], { maxBackoff: 1000 }) });
});

test('a token that ends is renewed, and no event is lost; the page may read a refusal from another origin', async (t) => {
  const key = randomBytes(32).toString('base64');
  const page = await openPage(t, browser, ours);
  const node = await startNode(t, { env: { FANFARE_AUTH_KEY: key }, args: ['--auth.leeway', '0s', '--retry', '500ms', '--cors.origins', page.origin] });
  const backend = { Authorization: `Bearer ${makeToken(key, 600, { publish: ['**'] })}` };
  const refused = [];
  await page.exposeFunction('newToken', (old) => (refused.push(old), makeToken(key, 2, { subscribe: ['a'] })));
  const source = await page.listen(`${node.url}/topics/a`, ['message', 'fanfare-gap'], { token: 'newToken' });
  await placed(source);

  const published = [];
  for (let n = 0; refused.length < 3; n++) {
    const { json } = await request('POST', `${node.url}/topics/a`, { headers: backend, body: `${n}` });
    published.push({ id: json.id, data: `${n}` });
    await pause(20);
  }
  await source.until(published.at(-1).data);

  assertAllOnceInOrder(source.received, published, `${refused.length} tokens`);
  assert.ok(!refused[0] && refused[1] && refused[2] && refused[1] !== refused[2], 'it is told which token was refused');

  const forbidden = await page.listen(`${node.url}/topics/b`, [], { token: 'newToken' });
  await until('the end', async () => (await forbidden.readyState()) === CLOSED);
  assert.deepEqual(forbidden.reports.map(({ kind, reason, status }) => [kind, reason, status]), [['error', 'status', 403]]);
});

test('after a reload of the page it goes on where it was, with the cursor in sessionStorage', async (t) => {
  const node = await startNode(t);
  const page = await openPage(t, browser, ours);
  const listen = () => page.listen(`${node.url}/topics/a`, ['message', 'fanfare-gap'], { cursor: true });
  const first = await listen();
  await placed(first);
  const published = [];
  const publishSome = async (count) => {
    for (let n = 0; n < count; n++) published.push({ id: await publish(node.url, 'a', `${published.length}`), data: `${published.length}` });
  };

  await publishSome(20);
  await first.until('9');
  const reload = page.reload();
  await publishSome(20);
  await reload;
  await publishSome(20);
  const second = await listen();
  await publishSome(20);
  await second.until('79');

  assertAllOnceInOrder([...first.received, ...second.received], published, `${first.received.length} before the reload`);
  assert.ok(second.received.length >= 40);
});

test('a stalled connection is noticed by the missing heartbeat, and what was missed arrives; a quiet topic is not silence', async (t) => {
  const node = await startNode(t);
  const proxy = await startProxy(t, node.port);
  const page = await openPage(t, browser, ours);
  const source = await page.listen(`${proxy.url}/topics/a?retry=500`, ['message', 'fanfare-heartbeat'], { heartbeat: 5, idleTimeout: 5500 });
  await placed(source);
  await until('a heartbeat on a quiet topic', () => source.received.length === 1, { within: 10_000 });
  const [stalled] = proxy.pairs;
  stalled.stall();
  await publish(node.url, 'a', 'missed');

  await source.until('missed', { within: 15_000 });

  assert.deepEqual(source.reports.filter((report) => report.kind === 'error').map((report) => report.reason), ['silent']);
});

test('when the machine is online again it connects at once, without waiting', async (t) => {
  const node = await startNode(t);
  const proxy = await startProxy(t, node.port);
  const page = await openPage(t, browser, ours);
  const source = await page.listen(`${proxy.url}/topics/a?retry=60000`);
  await placed(source);

  await page.context().setOffline(true);
  proxy.cut();
  await until('the loss', () => source.count('error') > 0);
  await publish(node.url, 'a', 'meanwhile');
  await page.context().setOffline(false);

  await source.until('meanwhile', { within: 5000 });
});

test('a page that was hidden and is seen again connects at once, without waiting', async (t) => {
  const node = await startNode(t);
  const proxy = await startProxy(t, node.port);
  const page = await openPage(t, browser, ours);
  const source = await page.listen(`${proxy.url}/topics/a?retry=60000`);
  await placed(source);
  proxy.cut();
  await until('the loss', () => source.count('error') > 0);
  await publish(node.url, 'a', 'meanwhile');

  // A headless page is never hidden, so the event is all that can be made real.
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));

  await source.until('meanwhile', { within: 5000 });
});

test('where a proxy holds streams back it falls back to JSON pages by itself, says so, and loses nothing', async (t) => {
  const node = await startNode(t);
  const nginx = await startNginx(t, node.port, 'proxy_ignore_headers X-Accel-Buffering; proxy_buffering on;');
  const page = await openPage(t, browser, ours);
  const said = [];
  page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
  const source = await page.listen(`${nginx.url}/events?topic=a/*`, ['message', 'status', 'fanfare-gap', 'fanfare-end', 'fanfare-transport'], { openTimeout: 1000 });
  const transport = () => page.evaluate((name) => sources[name].transport, source.name);
  await until('the fall-back', async () => (await transport()) === 'poll');
  await source.untilOpen();

  const published = [];
  for (let n = 0; n < 50; n++) published.push({ id: await publish(node.url, `a/${n}`, `${n}`, n % 2 ? { event: 'status' } : { id: `own-${n}` }), data: `${n}` });
  await source.until('49');

  const events = source.received.filter(({ type }) => type !== 'fanfare-transport');
  assertAllOnceInOrder(events, published);
  assert.deepEqual(events.slice(0, 2).map(({ type, topic, origin }) => [type, topic, origin]), [['message', 'a/0', nginx.url], ['status', 'a/1', nginx.url]]);
  assert.equal(source.received[0].type, 'fanfare-transport');
  assert.ok(said.some((line) => /^warning: fanfare: no stream gets through/.test(line)), `${said}`);
  assert.equal(await source.readyState(), OPEN);

  // What nginx holds back is no stream to wait for: the node has none left.
  await until('the streams to be gone', async () => (await streams(node.url)).length === 0);
});

test('a stream refused for limits.streams is no success to a page of another origin, and opens when there is room', async (t) => {
  const node = await startNode(t, { args: ['--limits.streams', '1', '--retry', '500ms', '--retry.max', '1s'] });
  const occupant = await openStream(t, `${node.url}/topics/a`);
  const page = await openPage(t, browser, ours);
  const source = await page.listen(`${node.url}/topics/a`);
  await until('a refusal', () => source.count('error') > 0);
  assert.deepEqual(source.reports[0], { ...source.reports[0], kind: 'error', reason: 'refused', status: 200, readyState: CONNECTING });
  occupant.close();
  await source.untilOpen({ within: 20_000 });
});

test('it comes back when a proxy answers 502 while the node restarts, where EventSource gives up for good (C3)', async (t) => {
  const node = await startNode(t);
  const nginx = await startNginx(t, node.port, 'proxy_hide_header Access-Control-Allow-Origin; add_header Access-Control-Allow-Origin * always;');
  const page = await openPage(t, browser, ours);
  const kept = await page.listen(`${nginx.url}/topics/a?retry=500`);
  const theirs = await (await openPage(t, browser)).listen(`${nginx.url}/topics/a?retry=500`);
  await kept.untilOpen();
  await theirs.untilOpen();
  await node.kill();
  await until('EventSource to give up', async () => (await theirs.readyState()) === CLOSED);
  const successor = await startNode(t, { port: node.port });
  await publish(successor.url, 'a', 'early');

  await kept.until('early', { within: 20_000 });
  assert.equal(await theirs.readyState(), CLOSED);
});
