// Real Chromium, and a page of the test's own on another port than the node's, as a web application has.
import http from 'node:http';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { chromium } from 'playwright-core';
import { checkout } from './process.mjs';
import { until } from './until.mjs';

/** What runs in the page: it opens EventSources by name and tells the test of all that happens to them. */
const script = `
  const sources = {};
  function listen(name, url, types, options) {
    if (options.token) options.token = window[options.token];
    const source = sources[name] = new window[api](url, options);
    const tell = (kind, more) => report({ name, kind, readyState: source.readyState, ...more });
    source.onopen = () => tell('open');
    source.onerror = e => tell('error', { reason: e.reason, status: e.status, retryIn: e.retryIn });
    for (const type of types) {
      source.addEventListener(type, e => tell('event', { type: e.type, data: e.data, id: e.lastEventId, origin: e.origin, topic: e.topic }));
    }
  }`;

/** Starts Chromium once for a test file; `host.test` names lead to this machine. */
export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
      '--disable-sync', '--host-resolver-rules=MAP *.test 127.0.0.1'],
  });
}

/** An EventSource in the page, as the test sees it. */
class BrowserSource {
  reports = [];

  constructor(page, name) {
    this.page = page;
    this.name = name;
  }

  get received() {
    return this.reports.filter((report) => report.kind === 'event');
  }

  count(kind) {
    return this.reports.filter((report) => report.kind === kind).length;
  }

  readyState() {
    return this.page.evaluate((name) => sources[name].readyState, this.name);
  }

  close() {
    return this.page.isClosed() || this.page.evaluate((name) => sources[name].close(), this.name);
  }

  /** Once it holds an event with this data. */
  async until(data, options) {
    return until(
      () => `${this.name} to receive ${JSON.stringify(data)}; it saw ${JSON.stringify(this.reports.slice(-10))}`,
      () => this.received.find((event) => event.data === data), options);
  }

  /** Once it has been opened and has received something: from then on nothing may be lost. */
  async untilOpen(options) {
    return until(() => `${this.name} to open; it saw ${JSON.stringify(this.reports.slice(-10))}`, () => this.count('open') > 0, options);
  }
}

/** The browser client's modules, a page of the test's own, and what else is given: path to `[type, text]`. */
function answer(request, response, source, files) {
  const module = request.url.match(/^\/(fanfare[\w-]*\.js)$/)?.[1];
  const [type, text] = files[request.url] ?? (module
    ? ['text/javascript', readFileSync(`${checkout}web/client/${module}`)]
    : ['text/html; charset=utf-8', `<!doctype html><title>page</title>
      <script type="module">import * as fanfare from '/fanfare.js'; Object.assign(window, fanfare);</script>
      <script>const api = '${source}'; ${script}</script>`]);
  response.writeHead(200, { 'Content-Type': type }).end(text);
}

/**
 * A site of its own, in a browser context of its own: `{ origin, tab(path) }`. A tab's `listen(url, types)` opens an EventSource in it,
 * or what `source` names: a FanfareSource, whose option `token` names a function of the page. `host` is the site's name.
 */
export async function openSite(t, browser, options) {
  const { origin } = await servePage(t, options);
  const context = await browser.newContext();
  t.after(() => context.close());
  return { origin, tab: (path = '/') => openTab(context, origin, path) };
}

/** A site for any browser: `{ origin }`. */
export async function servePage(t, { host = 'localhost', source = 'EventSource', files = {} } = {}) {
  const site = http.createServer((request, response) => answer(request, response, source, files));
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  t.after(() => (site.closeAllConnections(), site.close()));
  return { origin: `http://${host}:${site.address().port}` };
}

async function openTab(context, origin, path) {
  const page = await context.newPage();
  const sources = new Map();
  await page.exposeFunction('report', (report) => sources.get(report.name).reports.push(report));
  page.origin = origin;
  await page.goto(origin + path);
  page.listen = async (url, types = ['message'], options = {}) => {
    const source = new BrowserSource(page, `source${sources.size + 1}`);
    sources.set(source.name, source);
    await page.evaluate(([name, ...rest]) => listen(name, ...rest), [source.name, url, types, options]);
    return source;
  };
  return page;
}

/** The one tab of a site. */
export async function openPage(t, browser, options) {
  return (await openSite(t, browser, options)).tab();
}
