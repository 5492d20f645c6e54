// docs/browser.md: its code, as written but for the port, in real Chromium.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { openSite, startBrowser } from './support/browser.mjs';
import { bundle } from './support/bundle.mjs';
import { documentBlocks } from './support/document.mjs';
import { publish, streams } from './support/http.mjs';
import { startNode } from './support/node.mjs';
import { run } from './support/process.mjs';
import { makeToken } from './support/token.mjs';
import { until } from './support/until.mjs';

const blocks = documentBlocks('docs/browser.md');
let browser;
before(async () => (browser = await startBrowser()));
after(() => browser?.close());

/** The only block of this language with this text in it. */
function block(language, text) {
  const found = blocks.filter((one) => one.language === language && one.text.includes(text));
  assert.equal(found.length, 1, `${found.length} blocks of ${language} with ${text}`);
  return found[0].text;
}

const here = (text, node) => text.replaceAll('7070', `${node.port}`);

/** A page that runs a block of JavaScript after the client is there; what it logs is in `said`. */
async function runInPage(t, node, code, files) {
  const site = await openSite(t, browser, { files });
  const page = await site.tab();
  page.said = [];
  page.on('console', (message) => page.said.push(message.text()));
  page.on('pageerror', (error) => page.said.push(`${error}`));
  await page.evaluate((text) => (0, eval)(text), `(async () => { ${here(code, node)}; window.source = source; })()`);
  await until(() => `the source; the page said ${page.said}`, () => page.evaluate(() => window.source?.lastEventId));
  return page;
}

const untilSaid = (page, text) => until(() => `${text}; the page said ${page.said}`, () => page.said.includes(text));

test('the first page shows what curl publishes', async (t) => {
  const node = await startNode(t);
  const site = await openSite(t, browser, { files: { '/page.html': ['text/html', here(block('html', 'FanfareSource'), node)] } });
  const page = await site.tab('/page.html');
  await page.waitForFunction(() => document.getElementById('status').textContent === 'open');
  const { code, stderr } = await run(t, 'bash', ['-c', here(block('sh', 'curl'), node)]);
  assert.equal(code, 0, stderr);
  await page.waitForFunction(() => document.getElementById('orders').textContent === 'orders/42: 19.90');
});

test('a token is asked for', async (t) => {
  const key = randomBytes(32).toString('base64');
  const token = makeToken(key, 600, { subscribe: ['orders/*'] });
  const node = await startNode(t, { env: { FANFARE_AUTH_KEY: key }, args: ['--cors.origins', 'http://localhost:*'] });
  const page = await runInPage(t, node, block('js', '/token'), { '/token': ['text/plain', token] });
  assert.equal(await page.evaluate(() => source.readyState), 1);
});

test('the state, and then what happened since', async (t) => {
  const node = await startNode(t);
  await publish(node.url, 'orders/42', '{"n":0}');
  const code = `${block('js', 'let order')}; window.order = () => order;`;
  const page = await runInPage(t, node, code, { '/orders/42': ['application/json', '{"n":1,"state":"new"}'] });
  await publish(node.url, 'orders/42', '{"n":2}');
  await until('the order', () => page.evaluate(() => JSON.stringify(window.order()) === '{"n":2,"state":"new"}'));
});

test('topics come and go', async (t) => {
  const node = await startNode(t);
  const page = await runInPage(t, node, block('js', 'source.add('));
  await until('the change', async () => (await streams(node.url))[0]?.selectors.sort().join() === 'news/*,orders/2');
  await publish(node.url, 'orders/1', 'dropped');
  await publish(node.url, 'orders/2', 'x');
  await publish(node.url, 'news/1', 'y');
  await untilSaid(page, 'news/1 y');
  assert.deepEqual(page.said, ['orders/2 x', 'news/1 y']);
});

test('a shared source, and a service worker that lets it pass', async (t) => {
  const node = await startNode(t);
  const site = await openSite(t, browser, { files: { '/worker.js': ['text/javascript', block('js', "addEventListener('fetch'")] } });
  const tabs = [await site.tab(), await site.tab()];
  await tabs[0].evaluate(async () => {
    await navigator.serviceWorker.register('/worker.js');
    await navigator.serviceWorker.ready;
  });
  for (const page of tabs) {
    page.said = [];
    page.on('console', (message) => page.said.push(message.text()));
    await page.reload();
    await page.evaluate((text) => (0, eval)(text), here(block('js', 'shared: true'), node).replace('const source', 'var source'));
    await until('the source', () => page.evaluate(() => source.lastEventId));
  }
  assert.ok(await tabs[0].evaluate(() => !!navigator.serviceWorker.controller));
  await publish(node.url, 'orders/1', 'x');
  for (const page of tabs) await untilSaid(page, 'x');
  await until('one stream', async () => (await streams(node.url)).length === 1);
});

async function runApp(t, node, code, files = {}) {
  const script = await bundle(here(code, node));
  const html = '<!doctype html><title>app</title><div id="root"></div><script type="module" src="/app.js"></script>';
  const site = await openSite(t, browser, { files: { '/app': ['text/html', html], '/app.js': ['text/javascript', script], ...files } });
  const page = await site.tab('/app');
  const problems = [];
  page.on('pageerror', (error) => problems.push(`${error}`));
  t.after(() => assert.deepEqual(problems, []));
  return page;
}

const shows = (page, text) => until(
  async () => `"${text}"; it shows "${await page.evaluate(() => document.body.innerText)}"`,
  () => page.evaluate((text) => document.getElementById('root').textContent === text, text));
const RENDER = `import { createRoot } from 'react-dom/client'; const root = createRoot(document.getElementById('root'));`;

test('a component with a stream of its own, and the test of it without a node', async (t) => {
  const node = await startNode(t);
  const order = block('jsx', 'export function Order');
  const page = await runApp(t, node, `${order} ${RENDER} root.render(<Order id="1" />);`);
  await shows(page, 'order 1: 0 paid, open');
  await publish(node.url, 'orders/1', '5', { event: 'paid' });
  await publish(node.url, 'orders/1', '2', { event: 'paid' });
  await shows(page, 'order 1: 7 paid, open');

  const tested = await runApp(t, node, `${order} ${block('jsx', 'FakeSource')} ${RENDER}
    import { flushSync } from 'react-dom';
    const render = (node) => flushSync(() => root.render(node));
    async function findByText(text) {
      for (let n = 0; n < 500; n++) {
        if (document.getElementById('root').textContent === text) return;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error(document.body.innerText);
    }
    const screen = { findByText };
    function test(name, body) { window.test = { name, body }; }`);
  await tested.evaluate(() => window.test.body());
});

test('components on one stream of the page', async (t) => {
  const node = await startNode(t);
  const page = await runApp(t, node, `${block('jsx', 'export function Prices')} ${RENDER} root.render(<Prices />);`);
  await shows(page, '……');
  await until('the stream', async () => (await streams(node.url))[0]?.selectors.sort().join() === 'prices/milk,prices/tea');
  await publish(node.url, 'prices/milk', '{"price":2}');
  await publish(node.url, 'prices/tea', '{"price":1}');
  await shows(page, '12');
});

test('a query that events keep up to date', async (t) => {
  const node = await startNode(t);
  const page = await runApp(t, node, `${block('jsx', 'export function useOrder')} ${RENDER}
    import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
    function Order() { return JSON.stringify(useOrder(42).data ?? null); }
    root.render(<QueryClientProvider client={new QueryClient()}><Order /></QueryClientProvider>);`,
  { '/orders/42': ['application/json', '{"n":1,"state":"new"}'] });
  await until('the stream', async () => (await streams(node.url)).length === 1);
  await shows(page, '{"n":1,"state":"new"}');
  await publish(node.url, 'orders/42', '{"n":2}');
  await shows(page, '{"n":2,"state":"new"}');
});
