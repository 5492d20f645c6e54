// The rules of reconnection, C1 to C16, with the same answers to FanfareSource in Node, Chromium and Firefox ESR, but for C4, an end by the
// user agent, which is not driven: to a fetch it is a lost connection. P1 to P12 are in web-parser.
import assert from 'node:assert/strict';
import http from 'node:http';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { FanfareSource } from '../web/client/fanfare.js';
import { startBrowser } from './support/browser.mjs';
import { startFirefox } from './support/firefox.mjs';
import { listenTo } from './support/listen.mjs';
import { freePort } from './support/node.mjs';
import { checkout } from './support/process.mjs';

const CONNECTING = 0, OPEN = 1, CLOSED = 2;
const STREAM = { 'Content-Type': 'text/event-stream' };

const stream = (text, { end = false, headers } = {}) => (response) => {
  response.writeHead(200, { ...STREAM, ...headers }).write(text);
  if (end) response.end();
};
const ended = (text, more) => stream(text, { end: true, ...more });
const cut = (text) => (response) => {
  stream(text)(response);
  setTimeout(() => response.destroy(), 20);
};
const status = (code, headers = {}, body = '') => (response) => response.writeHead(code, headers).end(body);

const dispatched = (seen) => seen.map((event) => event.reason ?? event.data ?? event.type);

/** Each rule: what the server answers in turn, what is listened for, and what must have come of it. */
const rules = {
  'C1 C9 what is asked with: Accept, no cache, and the last event ID in UTF-8, or none': {
    answers: [ended('id: é7\ndata: a\n\n'), stream(':\n')], type: 'open', count: 2,
    check({ requests: [first, second] }) {
      assert.deepEqual([first.method, first.headers.accept, first.headers['cache-control'], first.headers['last-event-id']], ['GET', 'text/event-stream', 'no-cache', undefined]);
      assert.equal(Buffer.from(second.headers['last-event-id'], 'latin1').toString(), 'é7');
    },
  },
  'C2 C14 an event stream opens, whatever the case of its type and its parameters': {
    answers: [stream(':\n', { headers: { 'Content-Type': 'Text/Event-Stream;charset=iso-8859-1' } })], type: 'open',
    check: ({ readyState }) => assert.equal(readyState, OPEN),
  },
  ...Object.fromEntries([[200, { 'Content-Type': 'text/html' }], [200, {}], [201, STREAM], [206, STREAM], [400, {}], [401, {}], [403, {}], [404, {}], [410, {}]].map(([code, headers]) => [
    `C3 ${code} ${headers['Content-Type'] ?? 'without a type'} is final`, {
      answers: [status(code, headers, 'data: a\n\n')], type: 'error', linger: 100,
      check({ seen, readyState, requests }) {
        assert.deepEqual([dispatched(seen), seen[0].retryIn, readyState, requests.length], [[code === 200 ? 'type' : 'status'], null, CLOSED, 1]);
      },
    }])),
  'C3 the problem document of a refusal is in the error event': {
    answers: [status(403, { 'Content-Type': 'application/problem+json' }, '{"title":"No","detail":"ask for a token"}')], type: 'error',
    check: ({ seen }) => assert.deepEqual([seen[0].status, seen[0].problem], [403, { title: 'No', detail: 'ask for a token' }]),
  },
  'C5 a connection that is refused is tried again': {
    refusedFor: 200, answers: [stream(':\n', { headers: { 'Access-Control-Allow-Origin': '*' } })], type: 'open',
    check({ seen }) {
      assert.deepEqual([...new Set(dispatched(seen))], ['network', 'open']);
      assert.ok(seen.slice(0, -1).every((event) => event.readyState === CONNECTING));
    },
  },
  'C6 C7 C9 P12 an end and a cut lead to a new connection, and what was unfinished is dropped': {
    answers: [ended('id: 1\ndata: a\n\nid: 9\ndata: lost'), cut('id: 2\ndata: b\n\nid: 3\ndata: c'), stream('data: d\n\n')], type: 'message', count: 3,
    check({ seen, requests }) {
      assert.deepEqual(dispatched(seen), ['open', 'a', 'end', 'open', 'b', 'network', 'open', 'd']);
      assert.deepEqual(seen.filter((event) => event.data).map((event) => event.id), ['1', '2', '2']);
      assert.deepEqual(seen.filter((event) => event.type === 'error').map((event) => event.readyState), [CONNECTING, CONNECTING]);
      assert.deepEqual(requests.map((request) => request.headers['last-event-id']), [undefined, '1', '2']);
    },
  },
  'C7 C8 P11 it waits for the time that the stream says, and by chance up to half as long again': {
    answers: [ended('retry: 600\n'), stream(':\n')], type: 'open', count: 2,
    check({ seen, requests: [first, second] }) {
      const { retryIn } = seen.find((event) => event.type === 'error');
      assert.ok(retryIn >= 600 && retryIn <= 900, `${retryIn}`);
      assert.ok(second.at - first.at >= 595, `${second.at - first.at}`);
    },
  },
  'C8 without one it is a few seconds': {
    answers: [ended(':\n')], type: 'error', options: {},
    check: ({ seen }) => assert.ok(seen[1].retryIn >= 2000 && seen[1].retryIn <= 4500, `${seen[1].retryIn}`),
  },
  'C10 204 stops': {
    answers: [ended('data: a\n\n'), status(204)], type: 'error', count: 2, linger: 100,
    check: ({ seen, readyState, requests }) => assert.deepEqual([dispatched(seen), seen.at(-1).retryIn, readyState, requests.length], [['open', 'a', 'end', 'ended'], null, CLOSED, 2]),
  },
  ...Object.fromEntries([301, 302, 303, 307, 308].map((code) => [
    `C11 P13 ${code} is followed, and the next connection asks the first URL again`, {
      // a browser may remember 301 and 308, and then asks the second one only
      answers: [status(code, { Location: 'moved', 'Cache-Control': 'no-store' })], moved: ended('data: a\n\n'), type: 'message', count: 2,
      check({ seen, requests, origin }) {
        assert.deepEqual(requests.slice(0, 4).map(({ path }) => path), ['stream', 'moved', 'stream', 'moved']);
        assert.equal(seen.find((event) => event.data).origin, origin);
      },
    }])),
  'C12 close() in a listener ends all: no further event of the same chunk, no connection': {
    answers: [ended('data: a\n\ndata: b\n\n')], type: 'message', closeOn: 'message', linger: 100,
    check: ({ seen, readyState, requests }) => assert.deepEqual([dispatched(seen), readyState, requests.length], [['open', 'a'], CLOSED, 1]),
  },
  ...Object.fromEntries([429, 500, 502, 503, 504].map((code) => [
    `C13 ${code} is asked again, unlike by EventSource`, {
      answers: [status(code), status(code), stream(':\n')], type: 'open',
      check: ({ seen }) => assert.deepEqual(seen.map((event) => event.status), [code, code, undefined]),
    }])),
  'C13 Retry-After is waited for': {
    answers: [status(503, { 'Retry-After': '1' }), stream(':\n')], type: 'open',
    check: ({ requests: [first, second] }) => assert.ok(second.at - first.at >= 970, `${second.at - first.at}`),
  },
  'C15 an event larger than maxBuffer ends it': {
    answers: [stream(`data: ${'x'.repeat(2000)}\n`)], type: 'error', options: { maxBuffer: 1000 }, linger: 100,
    check: ({ seen, readyState, requests }) => assert.deepEqual([dispatched(seen), readyState, requests.length], [['open', 'too-large'], CLOSED, 1]),
  },
};

const page = `<!doctype html><title>rules</title><script type="module">
  import { FanfareSource } from '/fanfare.js';
  import { listenTo } from '/listen.mjs';
  window.listen = (url, how) => listenTo(FanfareSource, url, how);</script>`;

/** A site with the page, and for each run of a rule its answers: `{ origin, prepare(rule) }`. */
async function startSite(t) {
  const runs = [];
  const server = http.createServer((request, response) => {
    const [, , number, path] = request.url.split('?')[0].split('/');
    if (request.url === '/page') return response.writeHead(200, { 'Content-Type': 'text/html' }).end(page);
    if (request.url === '/listen.mjs') return response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(readFileSync(`${checkout}e2e/support/listen.mjs`));
    if (request.url === '/fanfare.js') return response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(readFileSync(`${checkout}web/client/fanfare.js`));
    if (!runs[number]) return response.writeHead(404).end();
    const { rule, requests } = runs[number];
    requests.push({ path, method: request.method, headers: request.headers, at: performance.now() });
    const asked = requests.filter((other) => other.path === 'stream').length;
    return (path === 'moved' ? rule.moved : rule.answers[Math.min(asked, rule.answers.length) - 1])(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => (server.closeAllConnections(), server.close()));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    /** Where a rule's answers are, and what has been asked there. */
    async prepare(rule) {
      const requests = [];
      if (rule.refusedFor) {
        const later = http.createServer((request, response) => rule.answers[0](response));
        const port = await freePort();
        setTimeout(() => later.listen(port, '127.0.0.1'), rule.refusedFor);
        t.after(() => (later.closeAllConnections(), later.close()));
        return { url: `http://127.0.0.1:${port}/`, requests };
      }
      const number = runs.push({ rule, requests }) - 1;
      return { url: `${origin}/run/${number}/stream`, requests };
    },
  };
}

/** Runs every rule where `listen(url, how)` does. */
async function holdsAll(t, site, listen) {
  for (const [name, rule] of Object.entries(rules)) {
    await t.test(name, async () => {
      const { answers, moved, refusedFor, check, ...how } = rule;
      const { url, requests } = await site.prepare(rule);
      const result = await listen(url, how);
      assert.equal(result.thrown, undefined);
      check({ ...result, requests, origin: site.origin });
    });
  }
}

/** C16: another origin that does not allow it is not read. */
async function obeysOrigins(t, listen) {
  const { prepare } = await startSite(t);
  const { url, requests } = await prepare({ answers: [stream('data: secret\n\n')] });
  const { seen } = await listen(url, { type: 'error', count: 2 });
  assert.deepEqual(dispatched(seen), ['network', 'network']);
  assert.ok(requests.length >= 2);
}

describe('C1 to C16', { concurrency: true }, () => {
  test('in Node', async (t) => {
    await holdsAll(t, await startSite(t), (url, how) => listenTo(FanfareSource, url, how));
  });

  test('in Chromium', async (t) => {
    const browser = await startBrowser();
    t.after(() => browser.close());
    const site = await startSite(t);
    const tab = await browser.newPage();
    await tab.goto(`${site.origin}/page`);
    const listen = (url, how) => tab.evaluate(([to, that]) => window.listen(to, that), [url, how]);
    await holdsAll(t, site, listen);
    await t.test('C16 a stream of another origin is not read without its leave', () => obeysOrigins(t, listen));
  });

  test('in Firefox', async (t) => {
    const firefox = await startFirefox(t);
    const site = await startSite(t);
    await firefox.goto(`${site.origin}/page`);
    const listen = (url, how) => firefox.evaluate(`listen(${JSON.stringify(url)}, ${JSON.stringify(how)})`);
    await holdsAll(t, site, listen);
    await t.test('C16 a stream of another origin is not read without its leave', () => obeysOrigins(t, listen));
  });
});
