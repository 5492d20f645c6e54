// A deploy: many streams come back within a second, each some events behind, while others have stayed. Long: 5,000 streams on 50 topics.
import assert from 'node:assert/strict';
import net from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { startNode } from './support/node.mjs';
import { until } from './support/until.mjs';

const LONG = Boolean(process.env.E2E_LONG);
const TOPICS = 50;
const BEHIND = 200;
const STREAMS = LONG ? 5_000 : 1_000;
const STAYED = 50;

/** A stream on a bare socket: counts what it gets, and how long what carries a time was under way. */
class Reader {
  events = 0;
  gaps = 0;
  delays = [];
  #rest = '';

  constructor(port, topic, id) {
    this.socket = net.connect(port, '127.0.0.1');
    this.socket.setEncoding('latin1');
    this.socket.on('error', () => {});
    this.socket.write(`GET /events?topic=${topic}&open=none HTTP/1.1\r\nHost: localhost\r\n${id ? `Last-Event-ID: ${id}\r\n` : ''}\r\n`);
    this.socket.on('data', (text) => this.#take(text));
  }

  #take(text) {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith('event: fanfare-gap')) this.gaps++;
      if (!line.startsWith('data: ')) continue;
      this.events++;
      if (line.startsWith('data: at ')) this.delays.push(performance.now() - Number(line.slice(9)));
    }
  }
}

const p99 = (delays) => delays.sort((a, b) => a - b)[Math.floor(delays.length * 0.99)];

for (const restarted of [false, true]) {
  test(`${STREAMS} streams that come back, ${BEHIND} events behind, ${restarted ? 'to a node just started again' : 'to a node that stayed'}, are soon live`, async (t) => {
    const data = await mkdtemp(join(tmpdir(), 'fanfare-return-'));
    t.after(() => rm(data, { recursive: true, force: true }));
    let node = await startNode(t, { data });
    const post = (path, body) => fetch(`${node.url}${path}`, { method: 'POST', body, headers: { 'Content-Type': 'application/x-ndjson' } });
    const topics = Array.from({ length: TOPICS }, (_, i) => `feed/${i}`);
    const lines = (count) => topics.flatMap((topic) => Array.from({ length: count }, (_, n) =>
      JSON.stringify({ topic, data: `event ${n} ${'x'.repeat(180)}` }))).join('\n');
    const seen = (await (await post('/events', lines(5))).json()).last;
    await post('/events', lines(BEHIND));
    if (restarted) {
      await node.kill();
      node = await startNode(t, { data });
    }

    const stayed = topics.slice(0, STAYED).map((topic) => new Reader(node.port, topic));
    const all = [...stayed];
    t.after(() => all.forEach((reader) => reader.socket.destroy()));
    const beat = setInterval(() => post('/events', JSON.stringify({ topic: 'feed/0', data: `at ${performance.now()}` })).catch(() => {}), 10);
    t.after(() => clearInterval(beat));
    await until('the quiet p99', () => stayed[0].delays.length >= 200, { within: 30_000 });
    const quiet = p99(stayed[0].delays.splice(0));
    const before = (await (await fetch(`${node.url}/stats`)).json()).log.read;

    const begin = performance.now();
    const back = [];
    for (let slice = 0; slice < 20; slice++) { // within about a second
      await new Promise((done) => setTimeout(done, 40));
      for (let i = 0; i < STREAMS / 20; i++) {
        const reader = new Reader(node.port, topics[back.length % TOPICS], seen);
        back.push(reader);
        all.push(reader);
      }
    }
    const missing = () => back.filter((reader) => reader.events < BEHIND).length;
    await until(() => `${missing()} streams that are behind`, () => missing() === 0, { within: 60_000 });
    const live = performance.now() - begin;
    const during = p99(stayed[0].delays);
    const read = (await (await fetch(`${node.url}/stats`)).json()).log.read - before;

    t.diagnostic(`all live after ${Math.round(live)} ms; ${read} stored events read of ${TOPICS * BEHIND}; ` +
      `p99 of one that stayed ${quiet.toFixed(1)} ms before, ${during.toFixed(1)} ms meanwhile (the test's own load included)`);
    assert.equal(back.reduce((sum, reader) => sum + reader.gaps, 0), 0, 'gaps');
    assert.ok(live < 5_000, `live after ${live} ms`);
    assert.ok(read <= 2 * TOPICS * BEHIND, `${read} stored events read`);
  });
}
