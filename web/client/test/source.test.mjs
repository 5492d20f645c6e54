// What a FanfareSource does with answers that a server of the test's own gives, over real sockets: rules C1 to C15 and beyond.
import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { FanfareSource } from '../fanfare.js';

const STREAM = { 'Content-Type': 'text/event-stream' };
const { CONNECTING, OPEN, CLOSED } = FanfareSource;

async function until(what, condition, within = 5000) {
  for (const deadline = performance.now() + within; !(await condition()); await pause(3)) {
    if (performance.now() > deadline) throw new Error(`waited for ${what()}`);
  }
}

/** A server that answers the nth request with the nth function, and all later ones with the last. */
async function serve(t, ...answers) {
  const requests = [];
  const server = http.createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://x');
    requests.push({ path: pathname, query: Object.fromEntries(searchParams), topics: searchParams.getAll('topic'), headers: request.headers, at: performance.now() });
    answers[Math.min(requests.length, answers.length) - 1](response, request);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => (server.closeAllConnections(), server.close()));
  return { url: `http://127.0.0.1:${server.address().port}`, requests };
}

const stream = (text, { end = false, headers } = {}) => (response) => {
  response.writeHead(200, { ...STREAM, ...headers }).write(text);
  if (end) response.end();
};
const status = (code, { headers = {}, body = '' } = {}) => (response) => response.writeHead(code, headers).end(body);
const pageOf = (more) => (response) => response.writeHead(200, { 'Content-Type': 'application/json' })
  .end(JSON.stringify({ events: [], last: '1-0', more: false, gap: null, ended: false, ...more }));

/** Streams do not get through, and pages do. */
const pagesOnly = (page) => (response, request) => (request.headers.accept === 'application/json' ? page(response) : response.writeHead(200, STREAM).flushHeaders());

/** A source, what it dispatched in order, and a wait for that. Short times, unless said. */
function listen(t, url, options, types = ['message']) {
  const source = new FanfareSource(url, { reconnectionTime: 20, fallback: false, ...options });
  t.after(() => source.close());
  const seen = [];
  for (const type of ['open', 'error', ...types]) source.addEventListener(type, (event) => seen.push(event));
  const of = (type) => seen.filter((event) => event.type === type);
  const untilSeen = (count, type) => until(() => `${count} ${type}; seen: ${seen.map((e) => `${e.type} ${e.reason ?? e.data ?? ''}`)}`, () => of(type).length >= count);
  return { source, seen, of, untilSeen };
}

test('C1 C2 C9 the request is as the standard says, and 200 with an event stream opens', async (t) => {
  const server = await serve(t, stream('id: é7\ndata: a\n\n', { end: true }), stream(': \n'));
  const { source, of, untilSeen } = listen(t, `${server.url}/events?topic=a`, { headers: { 'X-Mine': '1' } });
  assert.equal(source.readyState, CONNECTING);

  await untilSeen(2, 'open');

  assert.equal(source.readyState, OPEN);
  const [first, second] = server.requests;
  assert.equal(first.headers.accept, 'text/event-stream');
  assert.equal(first.headers['cache-control'], 'no-cache');
  assert.equal(first.headers['last-event-id'], undefined);
  assert.equal(first.headers['x-mine'], '1');
  assert.deepEqual(first.query, { topic: 'a', with: 'topic', heartbeat: 'event:15' });
  assert.equal(Buffer.from(second.headers['last-event-id'], 'latin1').toString(), 'é7');
  assert.equal(source.url, `${server.url}/events?topic=a`);
  assert.equal(of('message')[0].origin, server.url);
});

test('parameters that the page chose itself are left alone', async (t) => {
  const server = await serve(t, stream(':\n'));
  const { untilSeen } = listen(t, `${server.url}/events?topic=a&with=envelope&heartbeat=30`);
  await untilSeen(1, 'open');
  assert.deepEqual(server.requests[0].query, { topic: 'a', with: 'envelope', heartbeat: '30' });
});

test('C2 C14 the MIME type is compared without parameters and case', async (t) => {
  const server = await serve(t, stream(':\n', { headers: { 'Content-Type': 'Text/Event-Stream;charset=iso-8859-1' } }));
  await listen(t, server.url).untilSeen(1, 'open');
});

for (const [name, answer] of [['text/html', stream('<p>', { headers: { 'Content-Type': 'text/html' } })], ['no type', status(200)]]) {
  test(`C3 200 with ${name} is final`, async (t) => {
    const server = await serve(t, answer);
    const { source, of, untilSeen } = listen(t, server.url);
    await untilSeen(1, 'error');
    assert.deepEqual([of('error')[0].reason, of('error')[0].retryIn, source.readyState, of('open')], ['type', null, CLOSED, []]);
    await pause(60);
    assert.equal(server.requests.length, 1);
  });
}

for (const code of [201, 206, 304, 400, 401, 403, 404, 405, 406, 408, 409, 410, 451]) {
  test(`C3 ${code} is final, and its problem document is in the error event`, async (t) => {
    const problem = { title: 'No', status: code, detail: 'do this' };
    const server = await serve(t, status(code, { headers: { 'Content-Type': 'application/problem+json' }, body: code === 304 ? '' : JSON.stringify(problem) }));
    const { source, of, untilSeen } = listen(t, server.url, { token: 'secret' });
    await untilSeen(1, 'error');
    assert.equal(server.requests[0].headers.authorization, 'Bearer secret');
    const [error] = of('error');
    assert.deepEqual([error.reason, error.status, error.problem, error.retryIn], ['status', code, code === 304 ? undefined : problem, null]);
    assert.equal(source.readyState, CLOSED);
    await pause(60);
    assert.equal(server.requests.length, 1);
  });
}

for (const code of [429, 500, 502, 503, 504, 507]) {
  test(`${code} is asked again, and then it opens`, async (t) => {
    const server = await serve(t, status(code, { headers: { 'Content-Type': 'application/problem+json' }, body: '{"title":"later"}' }), status(code), stream(':\n'));
    const { source, of, untilSeen } = listen(t, server.url);
    await untilSeen(1, 'error');
    assert.equal(source.readyState, CONNECTING);
    await untilSeen(1, 'open');
    assert.deepEqual(of('error').map((error) => [error.reason, error.status, error.problem?.title]), [['status', code, 'later'], ['status', code, undefined]]);
    assert.ok(of('error')[0].retryIn > 0);
  });
}

test('C5 a first connection that is refused is tried again', async (t) => {
  const server = await serve(t, stream(':\n'));
  let refuse = true;
  const connect = (...request) => fetch(...(refuse ? ['http://127.0.0.1:1/'] : request));
  const { source, of, untilSeen } = listen(t, server.url, { fetch: connect });
  await untilSeen(2, 'error');
  assert.deepEqual([of('error')[0].reason, source.readyState], ['network', CONNECTING]);
  refuse = false;
  await untilSeen(1, 'open');
});

test('C6 C7 C12 P12 an end and a cut both lead to a new connection, which drops what was unfinished', async (t) => {
  const cut = (response) => {
    stream('id: 2\ndata: b\n\nid: 3\ndata: c')(response);
    setTimeout(() => response.destroy(), 20);
  };
  const server = await serve(t, stream('id: 1\ndata: a\n\nid: 9\ndata: lost', { end: true }), cut, stream('data: d\n\n'));
  const { of, untilSeen } = listen(t, server.url);
  await untilSeen(3, 'message');
  assert.deepEqual(of('message').map((event) => [event.data, event.lastEventId]), [['a', '1'], ['b', '2'], ['d', '2']]);
  assert.deepEqual(of('error').map((error) => error.reason), ['end', 'network']);
  assert.deepEqual(server.requests.map((request) => request.headers['last-event-id']), [undefined, '1', '2']);
});

test('P11 C8 the reconnection time is what the stream says, at least 500 ms, and up to half as much longer by chance', async (t) => {
  const server = await serve(t, stream('retry: 600\n', { end: true }), stream('retry: 1\n', { end: true }), stream(':\n'));
  const { of, untilSeen } = listen(t, server.url);
  await untilSeen(3, 'open');
  // two attempts without an event: the second wait is doubled
  const [first, second] = of('error').map((error) => error.retryIn);
  assert.ok(first >= 600 && first <= 900, `${first}`);
  assert.ok(second >= 1000 && second <= 1500, `${second}`);
  const waited = server.requests[1].at - server.requests[0].at;
  assert.ok(waited >= 600, `${waited}`);
});

test('an overlong retry waits an hour, not no time at all', async (t) => {
  const server = await serve(t, stream('retry: 9223372036854775807\n', { end: true }));
  const { of, untilSeen } = listen(t, server.url);
  await untilSeen(1, 'error');
  assert.ok(of('error')[0].retryIn >= 3_600_000 && of('error')[0].retryIn <= 5_400_000);
  await pause(60);
  assert.equal(server.requests.length, 1);
});

test('the wait doubles up to maxBackoff, a mere open does not shorten it, and an event does', async (t) => {
  const open = stream(':\nretry: x\n', { end: true });
  const server = await serve(t, open, open, open, open, open, stream('data: a\n\n', { end: true }), open);
  const { of, untilSeen } = listen(t, server.url, { maxBackoff: 100 });
  await untilSeen(6, 'error');
  const waits = of('error').map((error) => error.retryIn);
  [20, 40, 80, 100, 100, 20].forEach((least, i) => assert.ok(waits[i] >= least && waits[i] <= least * 1.5, `${waits}`));
});

test("a node's own events do not count as events of the stream", async (t) => {
  const server = await serve(t, stream('event: fanfare-open\ndata: {}\nid: 1-0\n\n', { end: true }));
  const { of, untilSeen } = listen(t, server.url);
  await untilSeen(3, 'error');
  const waits = of('error').map((error) => error.retryIn);
  assert.ok(waits[2] >= 80, `${waits}`);
});

for (const [name, value] of [['seconds', () => '1'], ['a date', () => new Date(Date.now() + 2000).toUTCString()]]) {
  test(`Retry-After in ${name} is waited for`, async (t) => {
    const server = await serve(t, (response) => status(503, { headers: { 'Retry-After': value() } })(response), stream(':\n'));
    const { of, untilSeen } = listen(t, server.url);
    await untilSeen(1, 'open');
    assert.ok(of('error')[0].retryIn >= 1000 - 20, `${of('error')[0].retryIn}`);
    assert.ok(server.requests[1].at - server.requests[0].at >= 970);
  });
}

test('a 200 with Fanfare-Refused is no success: no open, its retry counts, and it is tried again', async (t) => {
  const refuse = stream(': limit\nretry: 500\n', { end: true, headers: { 'Fanfare-Refused': 'limit' } });
  const server = await serve(t, refuse, stream(':\n'));
  const { seen, of, untilSeen } = listen(t, server.url);
  await untilSeen(1, 'open');
  assert.deepEqual(seen.map((event) => event.type), ['error', 'open']);
  assert.deepEqual([of('error')[0].reason, of('error')[0].status], ['refused', 200]);
  assert.ok(of('error')[0].retryIn >= 500);
});

test('C10 204 stops', async (t) => {
  const server = await serve(t, stream('data: a\n\n', { end: true }), status(204));
  const { source, of, untilSeen } = listen(t, server.url);
  await untilSeen(2, 'error');
  assert.deepEqual([of('error')[1].reason, of('error')[1].retryIn, source.readyState], ['ended', null, CLOSED]);
});

test('fanfare-end is dispatched, and closes the source', async (t) => {
  const server = await serve(t, stream('event: fanfare-end\ndata: {"reason":"done"}\n\n'));
  const { source, seen, untilSeen } = listen(t, server.url, {}, ['fanfare-end']);
  await untilSeen(1, 'error');
  assert.deepEqual(seen.map((event) => event.type), ['open', 'fanfare-end', 'error']);
  assert.deepEqual([seen[2].reason, source.readyState], ['ended', CLOSED]);
});

for (const code of [301, 302, 303, 307, 308]) {
  test(`C11 ${code} is followed, and the next connection asks the first URL again`, async (t) => {
    const target = await serve(t, stream('data: a\n\n', { end: true }));
    const server = await serve(t, status(code, { headers: { Location: `${target.url}/moved` } }));
    const { of, untilSeen } = listen(t, server.url);
    await untilSeen(2, 'message');
    assert.equal(of('message')[0].origin, target.url, 'P13: the origin of the final URL');
    assert.ok(server.requests.length >= 2);
  });
}

test('C12 close() inside a listener ends all: no further event of the same chunk, no connection', async (t) => {
  const server = await serve(t, stream('data: a\n\ndata: b\n\n', { end: true }));
  const { source, seen, untilSeen } = listen(t, server.url);
  source.onmessage = () => source.close();
  await untilSeen(1, 'message');
  await pause(60);
  assert.deepEqual(seen.map((event) => event.type), ['open', 'message']);
  assert.deepEqual([source.readyState, server.requests.length], [CLOSED, 1]);
});

test('close() in the turn of its making asks nothing of the server', async (t) => {
  const server = await serve(t, stream(':\n'));
  const { source } = listen(t, server.url);
  source.close();
  await pause(60);
  assert.equal(server.requests.length, 0);
});

test('C15 an event beyond maxBuffer closes the source', async (t) => {
  const server = await serve(t, stream(`data: ${'x'.repeat(2000)}\n`));
  const { source, of, untilSeen } = listen(t, server.url, { maxBuffer: 1000 });
  await untilSeen(1, 'error');
  assert.deepEqual([of('error')[0].reason, of('error')[0].cause.name, source.readyState], ['too-large', 'RangeError', CLOSED]);
});

test("a listener that throws stops neither the others nor the stream", async (t) => {
  const thrown = [];
  const [before] = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', (error) => thrown.push(error.message));
  t.after(() => before && process.removeAllListeners('uncaughtException').on('uncaughtException', before));
  const server = await serve(t, stream('data: a\n\ndata: b\n\n'));
  const { source, untilSeen } = listen(t, server.url);
  source.onmessage = () => { throw new Error('mine'); };
  await untilSeen(2, 'message');
  await until(() => thrown, () => thrown.length === 2);
});

test('a token is asked for once, asked again when it was refused, told which, and no event is lost', async (t) => {
  const asked = [];
  const tokens = ['first', 'second'];
  const server = await serve(t, stream('id: 1\ndata: a\n\n', { end: true }), status(401), stream('id: 2\ndata: b\n\n', { end: true }), stream(':\n'));
  const { seen, untilSeen } = listen(t, server.url, { token: async (refused) => (asked.push(refused), tokens.shift()) });
  await untilSeen(3, 'open');
  assert.deepEqual(asked, [undefined, 'first']);
  assert.deepEqual(server.requests.map(({ headers }) => [headers.authorization, headers['last-event-id']]),
    [['Bearer first', undefined], ['Bearer first', '1'], ['Bearer second', '1'], ['Bearer second', '2']]);
  assert.deepEqual(seen.map((event) => event.reason ?? event.data ?? event.type), ['open', 'a', 'end', 'open', 'b', 'end', 'open']);
});

test('two refusals in a row are final: a renewed token is not asked for again and again', async (t) => {
  let asked = 0;
  const server = await serve(t, status(401));
  const { source, of, untilSeen } = listen(t, server.url, { token: () => `${++asked}` });
  await untilSeen(1, 'error');
  await pause(60);
  assert.deepEqual([asked, server.requests.length, of('error')[0].status, source.readyState], [2, 2, 401, CLOSED]);
});

test('a token function that has no token is asked once more, and no other request follows', async (t) => {
  const asked = [];
  const server = await serve(t, status(401));
  const { source, untilSeen } = listen(t, server.url, { token: (refused) => void asked.push(refused) });
  await untilSeen(1, 'error');
  await pause(60);
  assert.deepEqual([asked, server.requests.length, source.readyState], [[undefined, ''], 2, CLOSED]);
});

test('a token that was renewed and then ends while the node is away is renewed again', async (t) => {
  const asked = [];
  const server = await serve(t, status(401), status(503), status(401), stream(':\n'));
  const { untilSeen } = listen(t, server.url, { token: (refused) => (asked.push(refused), `${asked.length}`) });
  await untilSeen(1, 'open');
  assert.deepEqual(asked, [undefined, '1', '2']);
});

test('a token that does not come within a minute is asked for again', async (t) => {
  const timers = [];
  t.mock.method(globalThis, 'setTimeout', (callback, milliseconds, ...args) => timers.push({ milliseconds, ring: () => callback(...args) }));
  let asked = 0;
  const { source, of } = listen(t, 'http://127.0.0.1:1/', { token: () => new Promise(() => asked++) });
  const turn = () => new Promise(setImmediate);
  await turn();
  assert.deepEqual(timers.map(({ milliseconds }) => milliseconds), [60_000]);
  timers[0].ring();
  await turn();
  assert.deepEqual([of('error').map((error) => error.reason), source.readyState], [['token'], CONNECTING]);
  timers[1].ring();
  await turn();
  assert.equal(asked, 2);
});

test('a token function that fails is tried again', async (t) => {
  let asked = 0;
  const server = await serve(t, stream(':\n'));
  const { of, untilSeen } = listen(t, server.url, { token: () => { if (++asked < 3) throw new Error('down'); return 'x'; } });
  await untilSeen(1, 'open');
  assert.deepEqual(of('error').map((error) => [error.reason, error.cause.message]), [['token', 'down'], ['token', 'down']]);
});

test('a stream on which nothing arrives for idleTimeout is opened again; a heartbeat of any kind is something', async (t) => {
  const beating = (response) => {
    stream('id: 5-0\n:\n\n')(response);
    const timer = setInterval(() => response.write(':\n'), 50);
    response.on('close', () => clearInterval(timer));
  };
  const server = await serve(t, stream(':\n'), beating);
  const { of, untilSeen } = listen(t, server.url, { idleTimeout: 200 });
  await untilSeen(2, 'open');
  await pause(600);
  assert.deepEqual(of('error').map((error) => error.reason), ['silent']);
  assert.equal(server.requests.length, 2);
});

test('how long silence is borne goes by the heartbeat that the URL asks for', async (t) => {
  const server = await serve(t, stream(':\n'));
  const { of, untilSeen } = listen(t, `${server.url}/?heartbeat=1`);
  const { of: never } = listen(t, `${server.url}/?heartbeat=0`, { heartbeat: 1 });
  await untilSeen(2, 'open');
  assert.ok(server.requests.at(-1).at - server.requests[0].at >= 2000);
  assert.deepEqual([of('error').map((error) => error.reason), never('error')], [['silent'], []]);
});

test('with=envelope is the form of events that come by pages, too', async (t) => {
  t.mock.method(console, 'warn', () => {});
  const event = { topic: 'a', event: 'status', time: '2026-11-21T00:00:00Z', data: '"x"' };
  const silent = (response) => response.writeHead(200, STREAM).flushHeaders();
  const server = await serve(t, silent, pageOf({ events: [{ id: '2-0', ...event }] }), pageOf());
  const { of, untilSeen } = listen(t, `${server.url}/?with=envelope`, { fallback: true, openTimeout: 50 }, ['status']);
  await untilSeen(1, 'status');
  assert.deepEqual(JSON.parse(of('status')[0].data), event);
});

test('a stream without its first byte is asked for as pages, without losing its place; it says so', async (t) => {
  const warn = t.mock.method(console, 'warn', () => {});
  const silent = (response) => response.writeHead(200, STREAM).flushHeaders();
  const gap = { after: '1-0', resumedAt: '3-0', topics: ['a'], reason: 'expired' };
  const gaps = [];
  const server = await serve(t, silent, pageOf({ last: '1-0' }),
    pageOf({ events: [{ id: 'own', topic: 'a', event: 'message', data: 'x', time: '' }, { id: '2-0', topic: 'b', event: 'status', data: 'y', time: '' }], last: '2-5', more: true }),
    pageOf({ gap, last: '3-1' }), (response) => setTimeout(() => pageOf({ ended: true, last: '4-0' })(response), 50));
  const { source, seen, untilSeen } = listen(t, `${server.url}/events?topic=*`, { fallback: true, openTimeout: 100, onGap: (g) => gaps.push(g) },
    ['message', 'status', 'fanfare-gap', 'fanfare-end', 'fanfare-transport']);
  await untilSeen(1, 'fanfare-end');
  await untilSeen(1, 'error');
  assert.equal(source.transport, 'poll');
  assert.equal(warn.mock.callCount(), 1);
  assert.deepEqual(seen.map((event) => [event.type, event.lastEventId]), [['open', undefined], ['fanfare-transport', undefined], ['open', undefined],
    ['message', 'own'], ['status', '2-0'], ['fanfare-gap', '3-0'], ['fanfare-end', '4-0'], ['error', undefined]]);
  assert.deepEqual(gaps, [gap]);
  assert.equal(seen[3].topic, 'a');
  assert.deepEqual(server.requests.slice(1).map(({ headers, query }) => [headers.accept, headers['last-event-id'], query.wait]),
    [['application/json', undefined, undefined], ['application/json', '1-0', '25'], ['application/json', '2-5', '25'], ['application/json', '3-1', '25']]);
});

test('pages are of up to 1,000 events, unless the URL says', async (t) => {
  t.mock.method(console, 'warn', () => {});
  for (const [query, limit] of [['', '1000'], ['?limit=7', '7']]) {
    const server = await serve(t, pagesOnly(pageOf()));
    listen(t, `${server.url}/${query}`, { fallback: true, openTimeout: 100 });
    const pages = () => server.requests.filter(({ headers }) => headers.accept === 'application/json');
    await until(() => 'two pages', () => pages().length > 1);
    assert.deepEqual(pages().slice(0, 2).map(({ query }) => query.limit), [limit, limit]);
  }
});

test('a page that comes slowly is given its time, as long as it comes', async (t) => {
  t.mock.method(console, 'warn', () => {});
  const slow = async (response) => {
    const event = { id: '2-0', topic: 'a', event: 'message', data: 'x', time: '' };
    response.writeHead(200, { 'Content-Type': 'application/json' });
    for (const piece of JSON.stringify({ events: [event], last: '2-0', more: false, gap: null, ended: false }).match(/.{1,12}/g)) {
      response.write(piece);
      await pause(40);
    }
    response.end();
  };
  const server = await serve(t, pagesOnly(slow));
  const { of, untilSeen } = listen(t, server.url, { fallback: true, openTimeout: 100 });
  await untilSeen(1, 'message');
  assert.deepEqual(of('error'), []);
});

test('a page that stops halfway is given up after idleTimeout', async (t) => {
  const half = (response) => response.writeHead(200, { 'Content-Type': 'application/json' }).write('{"events":[');
  const server = await serve(t, pagesOnly(half));
  const { source, of, untilSeen } = listen(t, server.url, { fallback: true, openTimeout: 100, idleTimeout: 100 });
  await untilSeen(1, 'error');
  assert.equal(of('error')[0].reason, 'silent');
  source.close();
  await pause(150);
  assert.deepEqual([of('error').length, source.readyState], [1, CLOSED]);
});

test('close() in a listener of fanfare-transport is the end: it does not open', async (t) => {
  t.mock.method(console, 'warn', () => {});
  const server = await serve(t, pagesOnly(pageOf()));
  const { source, seen, untilSeen } = listen(t, server.url, { fallback: true, openTimeout: 100 }, ['fanfare-transport']);
  source.addEventListener('fanfare-transport', () => source.close());
  await untilSeen(1, 'fanfare-transport');
  await pause(60);
  assert.deepEqual([source.readyState, seen.at(-1).type], [CLOSED, 'fanfare-transport']);
});

test('pages that come at once and empty, though they should wait, are not asked for in a loop', async (t) => {
  t.mock.method(console, 'warn', () => {});
  const server = await serve(t, (response) => response.writeHead(200, STREAM).flushHeaders(), pageOf());
  const { untilSeen } = listen(t, server.url, { fallback: true, openTimeout: 50, reconnectionTime: 100 });
  await untilSeen(2, 'open');
  await pause(400);
  assert.ok(server.requests.length < 8, `${server.requests.length} requests`);
});

for (const [name, noPages] of [['406', status(406)], ['other JSON', status(200, { headers: { 'Content-Type': 'application/json' }, body: '{}' })]]) {
  test(`a server without pages (${name}) is given its time: the stream is opened again and left alone`, async (t) => {
    const late = (response) => {
      response.writeHead(200, STREAM).flushHeaders();
      setTimeout(() => response.write('data: late\n\n'), 300);
    };
    const server = await serve(t, (response, request) => (request.headers.accept === 'application/json' ? noPages : late)(response));
    const { of, untilSeen } = listen(t, server.url, { fallback: true, openTimeout: 100 });
    await untilSeen(1, 'message');
    assert.deepEqual([server.requests.length, of('error')], [3, []]);
  });
}

test('when the machine is online again a stream is tried again at once, also where pages were asked for', async (t) => {
  t.mock.method(console, 'warn', () => {});
  const page = new EventTarget(); // Node has no network events of its own
  for (const name of ['addEventListener', 'removeEventListener']) {
    globalThis[name] = page[name].bind(page);
    t.after(() => delete globalThis[name]);
  }
  const waiting = () => {};
  const server = await serve(t, (response) => response.writeHead(200, STREAM).flushHeaders(), pageOf({ last: '7-0' }), waiting, stream(':\n'));
  const { source, untilSeen } = listen(t, server.url, { fallback: true, openTimeout: 100 }, ['fanfare-transport']);
  await until(() => `a poll; requests: ${server.requests.length}`, () => server.requests.length === 3);

  page.dispatchEvent(new Event('online'));

  await untilSeen(2, 'fanfare-transport');
  assert.deepEqual([source.transport, server.requests[3].headers['last-event-id']], ['stream', '7-0']);
  source.close();
  page.dispatchEvent(new Event('online'));
  await pause(60);
  assert.equal(server.requests.length, 4);
});

test('after pollFor a stream is tried again, and taken when it gets through', async (t) => {
  t.mock.method(console, 'warn', () => {});
  const server = await serve(t, (response) => response.writeHead(200, STREAM).flushHeaders(), pageOf({ last: '7-0' }), stream(':\n'));
  const { source, of, untilSeen } = listen(t, server.url, { fallback: true, openTimeout: 100, pollFor: -1 }, ['fanfare-transport']);
  await untilSeen(2, 'fanfare-transport');
  assert.equal(source.transport, 'stream');
  assert.equal(server.requests[2].headers['last-event-id'], '7-0');
  assert.deepEqual(of('error'), []);
});

test('topics are added and dropped: one new connection a turn, from the same place', async (t) => {
  const server = await serve(t, stream('id: 1-0\ndata: a\n\n'), stream(':\n'));
  const { source, of, untilSeen } = listen(t, `${server.url}/hub/topics/orders%2F42?from=last`);
  await untilSeen(1, 'message');
  source.add('b', 'c/*');
  source.add('d');
  source.drop('orders/42');
  await untilSeen(2, 'open');
  assert.deepEqual(source.topics, ['b', 'c/*', 'd']);
  assert.deepEqual([server.requests.length, server.requests[1].path, server.requests[1].topics, server.requests[1].headers['last-event-id']],
    [2, '/hub/events', ['b', 'c/*', 'd'], '1-0']);
  assert.deepEqual(of('error'), []);
});

test("from an id of a publisher's own, a change of topics first reads on to a position with the topics of before", async (t) => {
  const server = await serve(t, stream('id: mine\ndata: a\n\n'),
    pageOf({ events: [{ id: 'more', topic: 'a', event: 'message', data: 'b', time: '' }], last: '5-0', more: true }), pageOf({ last: '6-0', ended: true }), stream(':\n'));
  const { source, of, untilSeen } = listen(t, `${server.url}/events?topic=a`);
  await untilSeen(1, 'message');
  source.add('b');
  source.drop('a');
  await untilSeen(2, 'open');
  assert.deepEqual(of('message').map((event) => event.data), ['a', 'b']);
  assert.deepEqual(server.requests.map(({ topics, headers }) => [topics.join(), headers.accept, headers['last-event-id']]),
    [['a', 'text/event-stream', undefined], ['a', 'application/json', 'mine'], ['a', 'application/json', '5-0'], ['b', 'text/event-stream', '6-0']]);
  assert.deepEqual(of('error'), []);
});

test('a change that changes nothing costs no connection', async (t) => {
  for (const path of ['topics/a', 'events?topic=a&from=last', 'events?topic=a&topic=a']) {
    const server = await serve(t, stream('id: 1-0\ndata: a\n\n'));
    const { source, seen, untilSeen } = listen(t, `${server.url}/${path}`);
    await untilSeen(1, 'message');
    source.add('a');
    source.add();
    source.drop('b');
    await pause(60);
    assert.deepEqual([server.requests.length, source.readyState, source.url, seen.length], [1, OPEN, `${server.url}/${path}`, 2]);
  }
});

test('a wait that a server asked for is not cut short by a change of the topics; it ends with those that are wanted then', async (t) => {
  const later = status(503, { headers: { 'Retry-After': '1' } });
  const server = await serve(t, stream('id: mine\ndata: a\n\n', { end: true }), later, pageOf({ last: '5-0' }), stream(':\n'));
  const { source, of, untilSeen } = listen(t, `${server.url}/events`, { topics: ['a'] });
  await untilSeen(2, 'error');
  source.add('b');
  await pause(30);
  source.drop('a');
  await untilSeen(2, 'open');
  assert.ok(server.requests[2].at - server.requests[1].at >= 970);
  assert.deepEqual(server.requests.map(({ topics, headers }) => [topics.join(), headers['last-event-id']]), [['a', undefined], ['a', 'mine'], ['a', 'mine'], ['b', '5-0']]);
  assert.equal(of('error').length, 2);
});

test('without a topic nothing is asked for when a wait ends, and what is added in it waits for its end, too', async (t) => {
  for (const added of [[], ['b']]) {
    const server = await serve(t, status(503, { headers: { 'Retry-After': '1' } }), stream(':\n'));
    const { source, untilSeen } = listen(t, `${server.url}/events`, { topics: ['a'] });
    await untilSeen(1, 'error');
    source.drop('a');
    await pause(30);
    source.add(...added);
    if (added.length) await untilSeen(1, 'open');
    else await pause(1600);
    assert.deepEqual(server.requests.map(({ topics }) => topics), added.length ? [['a'], ['b']] : [['a']]);
    if (added.length) assert.ok(server.requests[1].at - server.requests[0].at >= 970);
    source.add('c');
    await until(() => 'another connection', () => server.requests.at(-1).topics.at(-1) === 'c');
  }
});

test('a wait after a lost connection is cut short by a change of the topics', async (t) => {
  const server = await serve(t, (response) => response.destroy(), stream(':\n'));
  const { source, untilSeen } = listen(t, `${server.url}/events`, { topics: ['a'], reconnectionTime: 60_000 });
  await untilSeen(1, 'error');
  source.add('b');
  await untilSeen(1, 'open');
  assert.deepEqual(server.requests[1].topics, ['a', 'b']);
});

test('without a topic there is no connection; the first one that is added opens it', async (t) => {
  const server = await serve(t, stream(':\n'));
  const { source, untilSeen } = listen(t, `${server.url}/events`, { topics: [] });
  await pause(60);
  assert.equal(server.requests.length, 0);
  source.add('a');
  await untilSeen(1, 'open');
  source.drop('a');
  await pause(60);
  assert.deepEqual([server.requests.length, source.readyState], [1, CONNECTING]);
});

test("an event has its topic, and fanfare-gap calls onGap before anything later", async (t) => {
  const order = [];
  const server = await serve(t, stream('event: fanfare-gap\ndata: {"reason":"expired"}\n\ntopic: orders/1\ndata: a\n\ndata: b\n\n'));
  const { source, untilSeen, of } = listen(t, server.url, { onGap: (gap) => order.push(gap.reason) });
  source.onmessage = (event) => order.push(event.data);
  await untilSeen(2, 'message');
  assert.deepEqual(order, ['expired', 'a', 'b']);
  assert.deepEqual(of('message').map((event) => event.topic), ['orders/1', null]);
});

test("EventSource's API to the letter: constants, attributes, handlers", async (t) => {
  assert.deepEqual([FanfareSource.CONNECTING, FanfareSource.OPEN, FanfareSource.CLOSED], [0, 1, 2]);
  const server = await serve(t, stream('data: a\n\n'));
  const { source, untilSeen } = listen(t, new URL(server.url));
  assert.deepEqual([source.CONNECTING, source.OPEN, source.CLOSED], [0, 1, 2]);
  assert.throws(() => { 'use strict'; source.OPEN = 7; }, TypeError);
  assert.ok(source instanceof EventTarget);
  assert.deepEqual([source.url, source.withCredentials, source.onopen, source.onmessage, source.onerror], [`${server.url}/`, false, null, null, null]);
  assert.throws(() => new FanfareSource('http://[/'), { name: 'SyntaxError', code: 12 });

  const order = [];
  source.onmessage = () => order.push('replaced');
  source.addEventListener('message', () => order.push('listener'));
  source.addEventListener('message', { handleEvent: () => order.push('object') }, { once: true });
  source.onmessage = function (event) { order.push(this === source && event instanceof MessageEvent && event.data); };
  source.onopen = 'no function';
  assert.equal(source.onopen, null);
  await untilSeen(1, 'message');
  assert.deepEqual(order, ['a', 'listener', 'object'], 'a handler keeps the place where it was first set');
});
