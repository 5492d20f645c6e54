// The React hooks with React 19 in real Chromium, against a real node.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bundle, bundleForNode } from './support/bundle.mjs';
import { openSite, startBrowser } from './support/browser.mjs';
import { publish, request, streams } from './support/http.mjs';
import { startNode } from './support/node.mjs';
import { startProxy } from './support/proxy.mjs';
import { until } from './support/until.mjs';

const APP = `
  import { Profiler, StrictMode } from 'react';
  import { createRoot, hydrateRoot } from 'react-dom/client';
  import { FanfareProvider, useSSE, useTopic } from 'fanfare-client/react';
  import { FakeSource } from 'fanfare-client/testing';

  window.renders = 0;
  window.frames = 0;
  const frame = () => (window.frames++, requestAnimationFrame(frame));
  frame();
  const root = createRoot(document.getElementById('root'));
  const count = () => window.renders++;
  window.FakeSource = FakeSource;
  window.show = (node) => root.render(<StrictMode><Profiler id="all" onRender={count}>{node}</Profiler></StrictMode>);

  window.One = function One({ url, ...options }) {
    const { data, lastEvent, status, error, gap } = useSSE(url, options);
    return <pre>{JSON.stringify({ data, id: lastEvent?.lastEventId, status, error: error && (error.reason ?? error.message), gap: gap?.reason })}</pre>;
  };
  function Topic({ of, ...options }) {
    const { data, status } = useTopic(of, options);
    return <li id={of}>{status} {data ?? '-'}</li>;
  }
  window.Many = function Many({ url, topics, ...options }) {
    return <FanfareProvider url={url} {...options}><ul>{topics.map((topic, i) => <Topic key={i + topic} of={topic} />)}</ul></FanfareProvider>;
  };
  window.one = (props) => show(<window.One {...props} />);
  window.many = (props) => show(<window.Many {...props} />);
  window.none = () => show(null);
  window.fake = (props) => show(<FanfareProvider url="/events" source={FakeSource}><window.One {...props} /><Topic of="a" /></FanfareProvider>);
  window.hydrate = (props) => hydrateRoot(document.getElementById('server'), <window.One {...props} />, { onRecoverableError: (e) => console.error(e) });
`;

let browser, script;
before(async () => ([browser, script] = await Promise.all([startBrowser(), bundle(APP)])));
after(() => browser?.close());

async function openApp(t, body = '') {
  const html = `<!doctype html><title>app</title><div id="root"></div>${body}<script type="module" src="/app.js"></script>`;
  const site = await openSite(t, browser, { files: { '/app': ['text/html', html], '/app.js': ['text/javascript', script] } });
  const page = await site.tab('/app');
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && !/Failed to load resource|ERR_/.test(message.text()) && page.problems.push(message.text()));
  await until('the app', () => page.evaluate(() => 'hydrate' in window));
  t.after(() => assert.deepEqual(page.problems, []));
  return page;
}

const shown = async (page, selector = '#root pre') => JSON.parse(await page.evaluate((s) => document.querySelector(s)?.textContent ?? '{}', selector));
const untilShown = (page, expected) => {
  let now;
  return until(() => `${JSON.stringify(expected)}; it shows ${JSON.stringify(now)}`, async () => {
    now = await shown(page);
    return Object.entries(expected).every(([name, value]) => JSON.stringify(now[name]) === JSON.stringify(value));
  });
};
const open = (url, count) => until(`${count} streams`, async () => (await streams(url)).length === count);

test('useSSE tells of each state of a stream: connecting, open, reconnecting, ended', async (t) => {
  const node = await startNode(t);
  const proxy = await startProxy(t, node.port);
  const page = await openApp(t);
  await page.evaluate((url) => one({ url }), null);
  await untilShown(page, { status: 'idle' });
  await page.evaluate((url) => one({ url }), `${proxy.url}/topics/a?retry=500`);
  await untilShown(page, { status: 'open' });
  const id = await publish(node.url, 'a', '{"n":1}');
  await untilShown(page, { status: 'open', data: { n: 1 }, id });
  await publish(node.url, 'a', 'no JSON');
  await until('the parse error', async () => /JSON/.test((await shown(page)).error));
  await publish(node.url, 'a', '2');
  await untilShown(page, { data: 2 });
  proxy.refuse();
  proxy.cut();
  await untilShown(page, { status: 'reconnecting', error: 'network' });
  await publish(node.url, 'a', '3');
  await proxy.accept();
  await untilShown(page, { status: 'open', data: 3 });
  assert.equal((await shown(page)).error, undefined);
  await request('POST', `${node.url}/topics/a?end`);
  await untilShown(page, { status: 'ended', data: 3 });
});

test('however many events come, React renders at most once a frame, and reduce sees them all', async (t) => {
  const node = await startNode(t);
  const page = await openApp(t);
  await page.evaluate((url) => {
    window.seen = 0;
    one({ url, event: ['message', 'tick'], initial: 0, reduce: (sum, n) => sum + n, onEvent: () => window.seen++ });
  }, `${node.url}/topics/a`);
  await untilShown(page, { status: 'open' });
  const [renders, frames] = await page.evaluate(() => [window.renders, window.frames]);
  const lines = Array.from({ length: 5000 }, (_, n) => JSON.stringify({ topic: 'a', event: n % 2 ? 'tick' : 'message', data: n })).join('\n');
  const answer = await request('POST', `${node.url}/events`, { headers: { 'Content-Type': 'application/x-ndjson' }, body: lines });
  assert.equal(answer.json.published, 5000);
  await untilShown(page, { data: 4999 * 2500 });
  const after = await page.evaluate(() => [window.renders, window.frames, window.seen]);
  t.diagnostic(`${after[0] - renders} renders in ${after[1] - frames} frames for 5000 events`);
  assert.equal(after[2], 5000);
  assert.ok(after[0] - renders <= after[1] - frames + 1);
});

test('StrictMode, fast unmounting and changes of the URL leave exactly the streams that are shown', async (t) => {
  const node = await startNode(t);
  const proxy = await startProxy(t, node.port);
  const page = await openApp(t);
  await page.evaluate(async (url) => {
    for (let n = 0; n < 50; n++) {
      one({ url: `${url}/topics/${n}` });
      if (n % 3) await new Promise((resolve) => setTimeout(resolve, n % 7));
      if (n % 4 === 0) none();
    }
  }, proxy.url);
  await untilShown(page, { status: 'open' });
  await open(node.url, 1);
  assert.deepEqual((await streams(node.url))[0].selectors, ['49']);
  await page.evaluate(() => none());
  await open(node.url, 0);
});

test('enabled: false closes the stream and keeps the data; enabled again it goes on where it was', async (t) => {
  const node = await startNode(t);
  const page = await openApp(t);
  const url = `${node.url}/topics/a`;
  const show = (enabled) => page.evaluate(([url, enabled]) => one({ url, enabled, initial: '', parse: String, reduce: (all, text) => all + text }), [url, enabled]);
  await show(true);
  await untilShown(page, { status: 'open' });
  await publish(node.url, 'a', 'x');
  await untilShown(page, { data: 'x' });
  await show(false);
  await untilShown(page, { status: 'idle', data: 'x' });
  await open(node.url, 0);
  await publish(node.url, 'a', 'y');
  await show(true);
  await untilShown(page, { status: 'open', data: 'xy' });
});

test('one stream per page however many components, each of which sees its own, and topics that nobody shows any more are dropped', async (t) => {
  for (const shared of [false, true]) {
    const node = await startNode(t);
    const page = await openApp(t);
    const topics = Array.from({ length: 30 }, (_, n) => `p/${n}`);
    await page.evaluate(([url, topics, shared]) => many({ url, topics, shared }), [`${node.url}/events`, [...topics, 'p/*', 'p/0'], shared]);
    const texts = () => page.evaluate(() => [...document.querySelectorAll('li')].map((item) => item.textContent));
    await until('all to be open', async () => (await texts()).every((text) => text.startsWith('open')));
    await open(node.url, 1);
    const renders = await page.evaluate(() => window.renders);
    for (const topic of topics) await publish(node.url, topic, JSON.stringify(topic));
    await until('all to have their own', async () => (await texts()).join() === [...topics, 'p/29', 'p/0'].map((topic) => `open ${topic}`).join());
    const more = await page.evaluate(() => window.renders) - renders;
    assert.ok(more <= 31, `${more} renders`);

    await page.evaluate(([url, topics, shared]) => many({ url, topics, shared }), [`${node.url}/events`, ['p/3'], shared]);
    await until('the others to be dropped', async () => {
      const all = await streams(node.url);
      return all.length === 1 && all[0].selectors.join() === 'p/3';
    });
    await publish(node.url, 'p/3', '"again"');
    await until('the next event', async () => (await texts()).join() === 'open again');
    await page.evaluate(() => none());
    await open(node.url, 0);
  }
});

test('what a server rendered is taken over without a difference, and connects only then', async (t) => {
  const node = await startNode(t);
  const url = `${node.url}/topics/a`;
  const { render } = await bundleForNode(`
    import { renderToString } from 'react-dom/server';
    import { useSSE } from 'fanfare-client/react';
    function One({ url, ...options }) {
      const { data, status } = useSSE(url, options);
      return <pre>{JSON.stringify({ data, status })}</pre>;
    }
    export const render = (props) => renderToString(<One {...props} />);`);
  const html = render({ url, initial: 'begin' });
  assert.equal(html.replaceAll('&quot;', '"'), '<pre>{"data":"begin","status":"connecting"}</pre>');
  assert.equal((await streams(node.url)).length, 0);

  const page = await openApp(t, `<div id="server">${html}</div>`);
  await page.evaluate((url) => hydrate({ url, initial: 'begin' }), url);
  await open(node.url, 1);
  await publish(node.url, 'a', '"x"');
  await until('the event', async () => (await shown(page, '#server pre')).data === 'x');
});

test('a fake source is spoken for by the test', async (t) => {
  const page = await openApp(t);
  await page.evaluate(() => fake({ url: '/topics/b', event: 'paid' }));
  await until('the sources', () => page.evaluate(() => FakeSource.all.filter((source) => source.readyState !== 2).length === 2));
  await page.evaluate(() => {
    const [one] = FakeSource.all.filter((source) => source.url.endsWith('/topics/b')).slice(-1);
    one.emit({ n: 1 }, { event: 'paid' });
    one.gap({ reason: 'deleted' });
    one.fail({ reason: 'status', status: 503 });
    FakeSource.all.findLast((source) => source.url.includes('/events')).emit('"x"');
  });
  await untilShown(page, { data: { n: 1 }, status: 'reconnecting', error: 'status', gap: 'deleted' });
  assert.equal(await page.evaluate(() => document.getElementById('a').textContent), 'open x');
});

test('another stream begins with the initial state and the enabled of its own render, not of the one before', async (t) => {
  const page = await openApp(t);
  const add = 'reduce: (sum, n) => sum + n, source: FakeSource';
  const is = (what) => until(() => what, async () => (await page.evaluate(() => document.querySelector('#root pre')?.textContent ?? '')).startsWith(what));
  await page.evaluate(`one({ url: null, initial: 1, ${add} })`);
  await is('{"data":1,"status":"idle"');
  await page.evaluate(`one({ url: '/orders/1', initial: 10, ${add} })`);
  await is('{"data":10,"status":"connecting"');
  await page.evaluate('FakeSource.last.emit(5)');
  await is('{"data":15,');
  await page.evaluate(`one({ url: '/orders/2', initial: 99, ${add} })`);
  await is('{"data":99,"status":"connecting"');
  await page.evaluate(`one({ url: '/orders/3', initial: 7, enabled: false, ${add} })`);
  await is('{"data":7,"status":"idle"');
});

test('published events of the types open and error are data where they are asked for, and nothing else', async (t) => {
  const page = await openApp(t);
  const is = (what) => until(() => what, async () => (await page.evaluate(() => document.querySelector('#root pre')?.textContent ?? '')).startsWith(what));
  await page.evaluate("one({ url: '/a', event: 'error', source: FakeSource })");
  await is('{"status":"connecting"');
  await page.evaluate("FakeSource.last.emit(1, { event: 'error' })");
  await is('{"data":1,"id":"1-0","status":"open"}');
  await page.evaluate('FakeSource.last.fail()');
  await is('{"data":1,"id":"1-0","status":"reconnecting","error":"network"}');
  await page.evaluate("FakeSource.last.emit(2, { event: 'open' })");
  await is('{"data":1,"id":"1-0","status":"open"}');
});

test('a topic that comes later with a fake source is connecting until the test says more, and then open', async (t) => {
  const page = await openApp(t);
  const is = (what) => until(() => what, async () => (await page.evaluate(() => [...document.querySelectorAll('li')].map((item) => item.textContent))).join() === what);
  await page.evaluate("many({ url: '/events', topics: ['a'], source: FakeSource })");
  await is('connecting -');
  await page.evaluate("FakeSource.last.emit(1, { topic: 'a' })");
  await is('open 1');
  await page.evaluate("many({ url: '/events', topics: ['a', 'b'], source: FakeSource })");
  await is('open 1,connecting -');
  await page.evaluate("FakeSource.last.emit(2, { topic: 'b' })");
  await is('open 1,open 2');
});

test("a page's stream that was closed for good goes on where it was when another topic opens it again", async (t) => {
  const page = await openApp(t);
  const is = (what) => until(() => what, async () => (await page.evaluate(() => [...document.querySelectorAll('li')].map((item) => item.textContent))).join() === what);
  await page.evaluate("many({ url: '/events', topics: ['a'], source: FakeSource, lastEventId: '5-0' })");
  await is('connecting -');
  await page.evaluate(`FakeSource.last.emit(1, { id: '7-0' }); FakeSource.last.fail({ reason: 'status', status: 403, retryIn: null })`);
  await is('closed 1');
  const count = await page.evaluate('FakeSource.all.length');
  await page.evaluate("many({ url: '/events', topics: ['a', 'b'], source: FakeSource, lastEventId: '5-0' })");
  await is('closed 1,connecting -');
  assert.deepEqual(await page.evaluate('FakeSource.all.map(({ options }) => options.lastEventId)'), [...Array(count).fill('5-0'), '7-0']);
});
