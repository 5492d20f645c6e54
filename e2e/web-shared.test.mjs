// One stream for all tabs, in real Chromium over HTTP/1.1, whatever becomes of the tab that holds it.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { assertAllOnceInOrder } from './support/accounting.mjs';
import { openSite, startBrowser } from './support/browser.mjs';
import { publish, request, streams } from './support/http.mjs';
import { startNode } from './support/node.mjs';
import { startProxy } from './support/proxy.mjs';
import { makeToken } from './support/token.mjs';
import { until } from './support/until.mjs';

const OPEN = 1, CLOSED = 2;
const TYPES = ['message', 'fanfare-open', 'fanfare-gap', 'fanfare-end'];

let browser;
before(async () => (browser = await startBrowser()));
after(() => browser?.close());

/** A tab with a shared source that has begun. Its `name` is known by a lock, so that the one that holds the stream can be told. */
async function openTab(site, url, { topics, name = topics.join(), ...options }) {
  const page = await site.tab();
  await page.evaluate((lock) => new Promise((held) => navigator.locks.request(lock, () => (held(), new Promise(() => {})))), `tab ${name}`);
  const source = await page.listen(url, TYPES, { shared: true, topics, ...options });
  await until(() => `${name} to begin; it saw ${JSON.stringify(source.reports)}`, () => source.received.length > 0, { within: 20_000 });
  return { name, page, source, events: () => source.received.filter(({ type }) => !type.startsWith('fanfare-')) };
}

/** Which tab holds the stream. */
async function holderOf(tabs) {
  const held = await tabs[0].page.evaluate(async () => (await navigator.locks.query()).held.map(({ name, clientId }) => [name, clientId]));
  const clientId = held.find(([name]) => /^fanfare .*(true|false) \S+$/.test(name))?.[1];
  const own = held.find(([name, id]) => name.startsWith('tab ') && id === clientId);
  return tabs.find(({ name }) => `tab ${name}` === own?.[0]);
}

/** Publishes to all topics in turn until it is stopped: by topic, what was published. */
function startPublishing(url, topics) {
  const published = Object.fromEntries(topics.map((topic) => [topic, []]));
  let stopped = false;
  const done = (async () => {
    for (let n = 0; !stopped; n++) {
      const topic = topics[n % topics.length];
      const id = await publish(url, topic, `${n}`, n % 3 ? {} : { id: `own-${n}` });
      published[topic].push({ id, data: `${n}` });
      await pause(5);
    }
  })();
  return { published, stop: () => ((stopped = true), done) };
}

const liveAgain = async (node, tabs, what) => {
  for (const { name } of tabs) await publish(node.url, name, what);
  for (const { source } of tabs) await source.until(what, { within: 20_000 });
};

function assertAccount({ name, source, events }, published, what) {
  const marks = new Set(['all live', ...what]);
  assertAllOnceInOrder(events().filter(({ data }) => !marks.has(data)), published[name], `tab ${name}`);
  for (const mark of marks) assert.equal(events().filter(({ data }) => data === mark).length, 1, `${mark} in ${name}`);
  assert.deepEqual(source.received.filter(({ type }) => type === 'fanfare-gap'), [], `a gap in ${name}, though the log holds everything`);
}

test('ten tabs with ten topics over HTTP/1.1 have one stream, all are live, each gets only its own; and so it is when the holder is closed, crashes, is frozen and hangs', async (t) => {
  const node = await startNode(t);
  const site = await openSite(t, browser, { source: 'FanfareSource' });
  let tabs = [];
  for (let i = 0; i < 10; i++) tabs.push(await openTab(site, `${node.url}/events`, { topics: [`t/${i}`] }));

  const publisher = startPublishing(node.url, tabs.map(({ name }) => name));
  await liveAgain(node, tabs, 'all live');
  await until('one stream', async () => (await streams(node.url)).length === 1);
  assert.equal((await streams(node.url))[0].selectors.length, 10);
  for (const { source } of tabs) assert.equal(await source.readyState(), OPEN);

  const accidents = {
    closed: ({ page }) => page.close(),
    crashed: async ({ page }) => {
      const session = await page.context().newCDPSession(page);
      const crashed = new Promise((resolve) => page.once('crash', resolve));
      session.send('Page.crash').catch(() => {});
      await crashed;
      await page.close();
    },
    frozen: async ({ page }) => {
      const session = await page.context().newCDPSession(page);
      await session.send('Page.setWebLifecycleState', { state: 'frozen' });
      return () => session.send('Page.setWebLifecycleState', { state: 'active' });
    },
    hung: async ({ page }) => {
      let over = false;
      const hanging = page.evaluate(() => { for (const end = Date.now() + 12_000; Date.now() < end;); }).then(() => (over = true));
      return () => (assert.ok(!over, 'it took longer than the holder hung'), hanging);
    },
  };
  for (const [what, befall] of Object.entries(accidents)) {
    const holder = await holderOf(tabs);
    assert.ok(holder, `no tab holds the stream, ${what}`);
    const others = tabs.filter((tab) => tab !== holder);
    const begin = performance.now();
    const undo = await befall(holder);
    await liveAgain(node, others, what);
    t.diagnostic(`${what}: all others live after ${Math.round(performance.now() - begin)} ms`);
    assert.notEqual(await holderOf(others), holder, what);
    if (undo) await undo();
    else tabs = others;
    if (undo) {
      await publish(node.url, holder.name, what);
      await holder.source.until(what, { within: 20_000 });
    }
  }
  await publisher.stop();
  await liveAgain(node, tabs, 'last');

  for (const tab of tabs) assertAccount(tab, publisher.published, [...Object.keys(accidents), 'last']);
  await until('one stream', async () => (await streams(node.url)).length === 1);
  assert.equal((await streams(node.url))[0].selectors.length, tabs.length, 'topics of tabs that are gone');
});

test('over cuts of the shared stream nothing is lost and nothing comes twice', async (t) => {
  const node = await startNode(t);
  const proxy = await startProxy(t, node.port);
  const site = await openSite(t, browser, { source: 'FanfareSource' });
  const tabs = [];
  for (let i = 0; i < 3; i++) tabs.push(await openTab(site, `${proxy.url}/events?retry=500`, { topics: [`t/${i}`], reconnectionTime: 500 }));
  const publisher = startPublishing(node.url, tabs.map(({ name }) => name));
  await liveAgain(node, tabs, 'all live');
  for (let cut = 0; cut < 5; cut++) {
    proxy.cut(cut % 2 ? 'end' : 'reset');
    await liveAgain(node, tabs, `cut ${cut}`);
  }
  await publisher.stop();
  await liveAgain(node, tabs, 'last');
  for (const tab of tabs) assertAccount(tab, publisher.published, ['cut 0', 'cut 1', 'cut 2', 'cut 3', 'cut 4', 'last']);
});

test('topics come and go in one tab, an event of several topics reaches each tab once, and a tab begins where it says', async (t) => {
  const node = await startNode(t);
  const site = await openSite(t, browser, { source: 'FanfareSource' });
  const url = `${node.url}/events`;
  const before = await publish(node.url, 'c', 'before');
  await publish(node.url, 'c', 'early');
  const a = await openTab(site, url, { topics: ['a'] });
  const b = await openTab(site, url, { topics: ['b/*'], name: 'b' });
  const c = await openTab(site, url, { topics: ['c'], lastEventId: before });
  await c.source.until('early');

  await publish(node.url, 'a', 'both', { also: 'b/1' });
  await a.source.until('both');
  await b.source.until('both');
  await a.page.evaluate(() => { sources.source1.add('d'); sources.source1.drop('a'); });
  await until('the change', async () => (await streams(node.url))[0]?.selectors.sort().join() === 'b/*,c,d');
  await publish(node.url, 'a', 'dropped');
  await publish(node.url, 'd', 'added', { also: 'c' });
  for (const { source } of [a, c]) await source.until('added');
  await publish(node.url, 'b/2', 'last');
  await b.source.until('last');

  assert.deepEqual([a, b, c].map((tab) => tab.events().map(({ data, topic }) => `${topic} ${data}`)),
    [['a both', 'd added'], ['a both', 'b/2 last'], ['c early', 'd added']]);
});

test('a tab that may not read its topic is told so alone, and one whose topics have ended is closed', async (t) => {
  const key = randomBytes(32).toString('base64');
  const site = await openSite(t, browser, { source: 'FanfareSource' });
  const node = await startNode(t, { env: { FANFARE_AUTH_KEY: key }, args: ['--cors.origins', site.origin] });
  const headers = { Authorization: `Bearer ${makeToken(key, 600, { publish: ['**'] })}` };
  const token = makeToken(key, 600, { subscribe: ['a', 'over'] });
  const page = await site.tab();
  const open = (topic) => page.evaluate(([url, token, topic]) => {
    const source = sources[topic] = new FanfareSource(`${url}/topics/${topic}`, { shared: true, token });
    source.seen = [];
    for (const type of ['open', 'error', 'message', 'fanfare-end']) source.addEventListener(type, (e) => source.seen.push(`${e.type} ${e.data ?? e.status ?? e.reason ?? ''}`));
  }, [node.url, token, topic]);
  const saw = async (topic, what) => until(what, () => page.evaluate(([topic, what]) => sources[topic].seen.includes(what), [topic, what]));
  await open('a');
  await saw('a', 'open ');
  await open('forbidden');
  await saw('forbidden', 'error 403');
  await request('POST', `${node.url}/topics/a`, { headers, body: 'live' });
  await saw('a', 'message live');

  await request('POST', `${node.url}/topics/over?end`, { headers, body: 'x' });
  await open('over');
  await saw('over', 'error ended');
  assert.deepEqual(await page.evaluate(() => [sources.a, sources.forbidden, sources.over].map((source) => source.readyState)), [OPEN, CLOSED, CLOSED]);
  assert.deepEqual(await page.evaluate(() => sources.a.seen), ['open ', 'message live']);
});

test('events of the types open and error are events like any other, and the stream stays', async (t) => {
  const node = await startNode(t);
  const site = await openSite(t, browser, { source: 'FanfareSource' });
  const tabs = [await openTab(site, `${node.url}/events`, { topics: ['a/*'], name: 'one' }), await openTab(site, `${node.url}/events`, { topics: ['a/1'], name: 'two' })];
  for (const { page } of tabs) {
    await page.evaluate(() => {
      window.published = [];
      for (const type of ['open', 'error']) sources.source1.addEventListener(type, (event) => event instanceof MessageEvent && published.push(`${type} ${event.data}`));
    });
  }
  await publish(node.url, 'a/1', 'x', { event: 'open' });
  await publish(node.url, 'a/1', 'y', { event: 'error' });
  await publish(node.url, 'a/1', 'last');
  for (const { source } of tabs) await source.until('last');

  for (const { page } of tabs) assert.deepEqual(await page.evaluate(() => published), ['open x', 'error y']);
  assert.equal((await streams(node.url)).length, 1);
});

test("a tab that begins behind the holder's place is given nothing from before its own, though the ids are the publisher's", async (t) => {
  const node = await startNode(t);
  const site = await openSite(t, browser, { source: 'FanfareSource' });
  await openTab(site, `${node.url}/events`, { topics: ['quiet'] });
  for (const id of ['own-1', 'own-2']) await publish(node.url, 'b', id, { id });
  const read = await publish(node.url, 'b', 'what the state was read with');

  const page = await site.tab();
  const b = await page.listen(`${node.url}/events`, TYPES, { shared: true, topics: ['b'], lastEventId: read });
  await until('one stream of both', async () => (await streams(node.url))[0]?.selectors.sort().join() === 'b,quiet');
  await publish(node.url, 'b', 'last', { id: 'own-3' });
  await b.until('last');

  assert.deepEqual(b.received.filter(({ type }) => !type.startsWith('fanfare-')).map(({ data }) => data), ['last']);
});

test('a SharedSource with a name shares, too', async (t) => {
  const node = await startNode(t);
  const site = await openSite(t, browser, { source: 'FanfareSource' });
  const tabs = [];
  for (const topic of ['a', 'b']) {
    const page = await site.tab();
    await page.evaluate(async ([url, topic]) => {
      const { SharedSource } = await import('/fanfare-shared.js');
      const source = new SharedSource(url, { shared: 'user', topics: [topic] });
      window.got = [];
      source.onmessage = ({ data }) => window.got.push(data);
    }, [`${node.url}/events`, topic]);
    tabs.push({ topic, page });
  }
  await until('one stream of both', async () => (await streams(node.url)).map(({ selectors }) => selectors.sort().join()).join(';') === 'a,b');
  await pause(500); // their pages are read: what comes now comes by the stream
  for (const { topic, page } of tabs) {
    await publish(node.url, topic, `live ${topic}`);
    await until(`the event of ${topic}`, () => page.evaluate(() => window.got.length === 1));
  }
});

test('a source with open=none shares with those without, and is not told of the opening', async (t) => {
  const node = await startNode(t);
  const site = await openSite(t, browser, { source: 'FanfareSource' });
  const b = await openTab(site, `${node.url}/events`, { topics: ['b'] });
  const a = await (await site.tab()).listen(`${node.url}/events?open=none`, TYPES, { shared: true, topics: ['a'] });
  await until('one stream of both', async () => (await streams(node.url))[0]?.selectors.sort().join() === 'a,b');
  await a.untilOpen();
  await publish(node.url, 'a', 'x');
  await a.until('x');

  assert.equal((await streams(node.url)).length, 1);
  assert.deepEqual([a, b.source].map(({ received }) => received.map(({ type }) => type)), [['message'], ['fanfare-open']]);
});

test("a tab's reconnection time is what the stream says, also after the stream was lost", async (t) => {
  const node = await startNode(t);
  const proxy = await startProxy(t, node.port);
  const site = await openSite(t, browser, { source: 'FanfareSource' });
  const { page, source } = await openTab(site, `${proxy.url}/events?retry=700`, { topics: ['a'] });
  const time = () => page.evaluate(() => sources.source1.reconnectionTime);
  await until('the time of the stream', async () => (await time()) === 700);
  for (let cut = 1; cut < 4; cut++) {
    proxy.cut('end');
    await until('the stream to be lost', () => source.count('error') === cut);
    await until(async () => `the time of the stream; it is ${await time()}`, async () => (await source.readyState()) === OPEN && (await time()) === 700, { within: 20_000 });
  }
});

test('a page of events beyond maxBuffer closes a source that shares, too', async (t) => {
  const node = await startNode(t);
  const page = await (await openSite(t, browser, { source: 'FanfareSource' })).tab();
  const before = await publish(node.url, 'a', 'before');
  for (let n = 0; n < 10; n++) await publish(node.url, 'a', 'x'.repeat(500));
  const source = await page.listen(`${node.url}/events`, TYPES, { shared: true, topics: ['a'], lastEventId: before, maxBuffer: 2000 });
  await until('an error', () => source.count('error') > 0);
  assert.deepEqual(source.reports.map(({ reason, readyState }) => [reason, readyState]), [['too-large', CLOSED]]);
});

/**
 * A server in the place of a node, with a log of what it was told to `say`, all at once: `{ id, text, event, gap }`, text for streams, event and gap for
 * pages. `hasPage(n)`: whether the nth page is answered. A stream begins once `opening` has come.
 */
async function startScript(t, { hasPage = () => true, opening } = {}) {
  const said = [];
  const open = new Set();
  let pages = 0;
  const after = (place) => said.filter(({ id }) => place && parseInt(id) > parseInt(place));
  const newest = () => said.at(-1)?.id ?? '1-0';
  const server = http.createServer(async (request, response) => {
    const cors = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': '*' };
    if (request.method === 'OPTIONS') return response.writeHead(204, cors).end();
    const place = request.headers['last-event-id'];
    if (request.headers.accept === 'text/event-stream') {
      response.writeHead(200, { ...cors, 'Content-Type': 'text/event-stream' }).write(':\n');
      await opening;
      open.add(response);
      return response.write(place ? after(place).map(({ text }) => text).join('') || ':\n' : `event: fanfare-open\ndata: {}\nid: ${newest()}\n\n`);
    }
    const since = after(place);
    const page = { events: since.flatMap(({ event }) => event ?? []), gap: since.find(({ gap }) => gap)?.gap ?? null, last: newest(), more: false, ended: false };
    return hasPage(++pages) && response.writeHead(200, { ...cors, 'Content-Type': 'application/json' }).end(JSON.stringify(page));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => (server.closeAllConnections(), server.close()));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    say(...all) {
      said.push(...all);
      for (const response of open) response.write(all.map(({ text }) => text).join(''));
    },
  };
}

const ofTopicA = (position, data, id = position) => (
  { id: position, text: `topic: a\ndata: ${data}\nid: ${id}\n\n`, event: { id, topic: 'a', event: 'message', data, time: '' } });

test('a tab is not live before the stream that it shares has a place', async (t) => {
  let begin;
  const script = await startScript(t, { opening: new Promise((resolve) => (begin = resolve)) });
  const page = await (await openSite(t, browser, { source: 'FanfareSource' })).tab();
  const source = await page.listen(`${script.url}/events`, TYPES, { shared: true, topics: ['a'] });
  await until('the source to begin', () => source.received.length > 0);
  await pause(500);
  script.say(ofTopicA('2-0', 'two'));
  begin();
  await source.until('two');
  script.say(ofTopicA('3-0', 'three'));
  await source.until('three');

  assert.deepEqual(source.received.map(({ type, data }) => (type === 'message' ? data : type)), ['fanfare-open', 'two', 'three']);
});

test("an id of the publisher's that was in a page may come again, once the stream is past the page", async (t) => {
  const script = await startScript(t);
  script.say(ofTopicA('2-0', 'first', 'same'));
  const page = await (await openSite(t, browser, { source: 'FanfareSource' })).tab();
  const source = await page.listen(`${script.url}/events`, TYPES, { shared: true, topics: ['a'], lastEventId: '1-0' });
  await source.until('first');
  await pause(500); // it is live
  script.say({ id: '3-0', text: 'event: fanfare-heartbeat\ndata:\nid: 3-0\n\n' });
  script.say(ofTopicA('4-0', 'second', 'same'));
  await source.until('second');

  assert.deepEqual(source.received.map(({ data }) => data), ['first', 'second']);
});

test('a gap that comes in one chunk with events is told, in the tab that holds the stream too', async (t) => {
  const gap = { after: '2-0', resumedAt: '3-0', topics: ['a'], reason: 'expired' };
  const script = await startScript(t);
  const page = await (await openSite(t, browser, { source: 'FanfareSource' })).tab();
  const source = await page.listen(`${script.url}/events`, TYPES, { shared: true, topics: ['a'] });
  await until('the source to begin', () => source.received.length > 0);
  script.say(ofTopicA('2-0', 'one'));
  await source.until('one');
  script.say({ id: '3-0', text: `event: fanfare-gap\ndata: ${JSON.stringify(gap)}\nid: 3-0\n\n`, gap }, ofTopicA('4-0', 'four'));
  await source.until('four');

  assert.deepEqual(source.received.map(({ type, data }) => (type === 'message' ? data : type)), ['fanfare-open', 'one', 'fanfare-gap', 'four']);
});

test('a tab whose page never comes says so, though the tab that holds the stream is well', async (t) => {
  const script = await startScript(t, { hasPage: (n) => n === 1 });
  const page = await (await openSite(t, browser, { source: 'FanfareSource' })).tab();
  const source = await page.listen(`${script.url}/events`, TYPES, { shared: true, topics: ['a'], idleTimeout: 6000 });
  await until('an error', () => source.reports.some(({ kind, reason }) => kind === 'error' && reason === 'silent'), { within: 20_000 });
});

test('where locks are denied, as in a sandbox, each source has a stream of its own', async (t) => {
  const node = await startNode(t);
  const page = await (await openSite(t, browser, { source: 'FanfareSource' })).tab();
  await page.evaluate(() => {
    for (const name of ['request', 'query']) LockManager.prototype[name] = () => Promise.reject(new DOMException('denied', 'SecurityError'));
  });
  const sources = [];
  for (const topic of ['a', 'b']) sources.push(await page.listen(`${node.url}/events`, TYPES, { shared: true, topics: [topic] }));
  for (const source of sources) await until('the stream to begin', () => source.received.length > 0);
  await publish(node.url, 'a', 'x');
  await sources[0].until('x');
  assert.equal((await streams(node.url)).length, 2);
});
