// A deploy: many streams come back within a second, each some events behind, while others have stayed. Long: 5,000 streams on 50 topics.
import assert from 'node:assert/strict';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { startNode } from './support/node.mjs';
import { start } from './support/process.mjs';
import { until } from './support/until.mjs';

const LONG = Boolean(process.env.E2E_LONG);
const TOPICS = 50;
const BEHIND = 200;
const STREAMS = LONG ? 5_000 : 1_000;
const RETURNING = fileURLToPath(new URL('support/returning.mjs', import.meta.url));

/** A stream that has stayed: how long each event that carries a time was under way. */
function stay(t, port) {
  const delays = [];
  const socket = net.connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  let rest = '';
  socket.setEncoding('latin1').on('error', () => {}).on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith('data: at ')) delays.push(performance.now() - Number(line.slice(9)));
    }
  });
  socket.write('GET /events?topic=beat&open=none HTTP/1.1\r\nHost: localhost\r\n\r\n');
  return delays;
}

/** Publishes the time on one connection, again and again, so that nothing but the event itself is measured. */
function beat(t, port) {
  const socket = net.connect(port, '127.0.0.1').on('error', () => {}).resume();
  const timer = setInterval(() => {
    const body = `at ${performance.now()}`;
    socket.write(`POST /topics/beat HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  }, 5);
  t.after(() => { clearInterval(timer); socket.destroy(); });
}

const p99 = (delays) => delays.sort((a, b) => a - b)[Math.floor(delays.length * 0.99)];

for (const restarted of [false, true]) {
  test(`${STREAMS} streams that come back, ${BEHIND} events behind, ${restarted ? 'to a node just started again' : 'to a node that stayed'}, are soon live`, async (t) => {
    const data = await mkdtemp(join(tmpdir(), 'fanfare-return-'));
    t.after(() => rm(data, { recursive: true, force: true }));
    let node = await startNode(t, { data });
    const post = (body) => fetch(`${node.url}/events`, { method: 'POST', body, headers: { 'Content-Type': 'application/x-ndjson' } });
    const topics = Array.from({ length: TOPICS }, (_, i) => `feed/${i}`);
    const lines = (count) => topics.flatMap((topic) => Array.from({ length: count }, (_, n) =>
      JSON.stringify({ topic, data: `event ${n} ${'x'.repeat(180)}` }))).join('\n');
    const seen = (await (await post(lines(5))).json()).last;
    await post(lines(BEHIND));
    if (restarted) {
      await node.kill();
      node = await startNode(t, { data });
    }

    const comeBack = async () => {
      const returning = start(t, 'nice', ['-n', '19', process.execPath, RETURNING, node.port, STREAMS, TOPICS, BEHIND, seen].map(String));
      await until(() => `all streams to have what they missed; ${returning.output}`, () => returning.stdout.includes('\n'), { within: 60_000 });
      const done = JSON.parse(returning.stdout);
      await returning.stop('SIGKILL');
      return done;
    };
    if (!restarted) await comeBack(); // a node that has served for a while
    const delays = stay(t, node.port);
    beat(t, node.port);
    await until('the quiet p99', () => delays.length >= 400, { within: 30_000 });
    const quiet = p99(delays.splice(0));
    const before = (await (await fetch(`${node.url}/stats`)).json()).log.read;

    const { milliseconds, gaps } = await comeBack();
    const during = p99(delays.splice(0));
    const read = (await (await fetch(`${node.url}/stats`)).json()).log.read - before;

    t.diagnostic(`all live after ${Math.round(milliseconds)} ms; ${read} stored events read of ${TOPICS * BEHIND}; ` +
      `p99 of one that stayed ${quiet.toFixed(1)} ms before, ${during.toFixed(1)} ms meanwhile`);
    assert.equal(gaps, 0, 'gaps');
    assert.ok(milliseconds < 5_000, `live after ${milliseconds} ms`);
    // Twice is the aim; what lies between it and this bound is in docs/benchmarks.md.
    assert.ok(during < Math.max(2 * quiet, 100), `p99 of one that stayed: ${quiet} ms, then ${during} ms`);
    assert.ok(read <= 2 * TOPICS * BEHIND, `${read} stored events read`);
  });
}
