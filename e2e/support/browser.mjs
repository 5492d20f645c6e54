// Real Chromium, and a page of the test's own on another port than the node's, as a web application has.
import http from 'node:http';
import { once } from 'node:events';
import { chromium } from 'playwright-core';
import { until } from './until.mjs';

/** What runs in the page: it opens EventSources by name and tells the test of all that happens to them. */
const script = `
  const sources = {};
  function listen(name, url, types, options) {
    const source = sources[name] = new EventSource(url, options);
    const tell = (kind, more) => report({ name, kind, readyState: source.readyState, ...more });
    source.onopen = () => tell('open');
    source.onerror = () => tell('error');
    for (const type of types) {
      source.addEventListener(type, e => tell('event', { type: e.type, data: e.data, id: e.lastEventId, origin: e.origin }));
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

/**
 * A page in a context of its own. `page.listen(url, types)` opens an EventSource in it. `host` is the page's host name.
 */
export async function openPage(t, browser, { host = 'localhost' } = {}) {
  const site = http.createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(`<!doctype html><title>page</title><script>${script}</script>`);
  });
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  const context = await browser.newContext();
  t.after(async () => {
    await context.close();
    site.closeAllConnections();
    site.close();
  });
  const page = await context.newPage();
  const sources = new Map();
  await page.exposeFunction('report', (report) => sources.get(report.name).reports.push(report));
  page.origin = `http://${host}:${site.address().port}`;
  await page.goto(page.origin);
  page.listen = async (url, types = ['message'], options = {}) => {
    const source = new BrowserSource(page, `source${sources.size + 1}`);
    sources.set(source.name, source);
    await page.evaluate(([name, ...rest]) => listen(name, ...rest), [source.name, url, types, options]);
    return source;
  };
  return page;
}
