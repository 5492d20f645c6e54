#!/usr/bin/env node
// The accounting stress: many streams over topics and patterns, several publishers, and connections that are cut, stall and resume at
// random. Afterwards, for every stream: nothing missing, nothing twice, in order, no gap.
//
//   ./stress.mjs --url http://127.0.0.1:7070 [--streams 500] [--topics 20] [--publishers 8] [--rate 400] [--seconds 15] [--seed N]
//
// The seed repeats what is chosen (selectors, sizes, when a stream is cut), not what the machine makes of it.
import http from 'node:http';
import { realpathSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { EventStreamParser } from './support/event-stream.mjs';
import { publish, request } from './support/http.mjs';
import { newSeed, seeded } from './support/random.mjs';
import { until } from './support/until.mjs';

export const defaults = { streams: 500, topics: 20, publishers: 8, rate: 400, seconds: 15 };

/** Events are known by publisher and number, as one number; a position's text as a BigInt orders them as the log does. */
const NUMBERS = 2 ** 22;
const key = (publisher, number) => publisher * NUMBERS + number;
const position = (id) => {
  const [time, counter] = id.split('-');
  return (BigInt(time) << 20n) | BigInt(counter);
};

/** The topics, two segments below a prefix of this run: four rooms with their desks. */
function makeTopics(prefix, count) {
  return Array.from({ length: count }, (_, i) => `${prefix}/room${i % 4}/desk${Math.floor(i / 4)}`);
}

/** Selectors of every kind, and the topics they select as bits: the stream's own account, not the server's. */
function pickSelectors(random, prefix, topics) {
  const bits = (chosen) => topics.reduce((mask, topic, i) => (chosen(topic) ? mask | (1 << i) : mask), 0);
  const room = `room${random.between(0, 3)}`;
  const desk = `desk${random.between(0, Math.ceil(topics.length / 4) - 1)}`;
  const kind = random();
  if (kind < 0.5) {
    const some = new Set(Array.from({ length: random.between(1, 3) }, () => random.pick(topics)));
    return { selectors: [...some], mask: bits((topic) => some.has(topic)) };
  }
  if (kind < 0.65) return { selectors: [`${prefix}/${room}/*`], mask: bits((topic) => topic.includes(`/${room}/`)) };
  if (kind < 0.8) return { selectors: [`${prefix}/*/${desk}`], mask: bits((topic) => topic.endsWith(`/${desk}`)) };
  if (kind < 0.95) {
    // Overlapping on purpose: an event that both select comes once.
    return {
      selectors: [`${prefix}/${room}/**`, `${prefix}/*/${desk}`, topics[0]],
      mask: bits((topic) => topic.includes(`/${room}/`) || topic.endsWith(`/${desk}`) || topic === topics[0]),
    };
  }
  return { selectors: [`${prefix}/**`], mask: bits(() => true) };
}

/** A stream that is cut, stalls and resumes, and keeps an account of what it got. */
class Reader {
  keys = new Int32Array(256);
  count = 0;
  last = 0n;
  lastEventId = '';
  problems = [];

  constructor(run, name) {
    this.run = run;
    this.name = name;
    this.random = seeded(run.seed + 7919 * name);
    Object.assign(this, pickSelectors(this.random, run.prefix, run.topics));
    this.byQuery = this.random.chance(0.3);
    this.slowly = this.random.chance(0.1);
  }

  /** One connection after the other until it is closed. */
  async read() {
    while (!this.closed) {
      await this.#connection();
      if (this.closed) return;
      this.run.reconnections++;
      await pause(this.random.chance(0.05) ? this.random.between(1000, 5000) : this.random.between(0, 300));
    }
  }

  #connection() {
    const query = new URLSearchParams(this.selectors.map((selector) => ['topic', selector]));
    const headers = { Accept: 'text/event-stream' };
    if (this.lastEventId !== '') {
      if (this.byQuery) query.set('lastEventId', this.lastEventId);
      else headers['Last-Event-ID'] = this.lastEventId;
    }
    return new Promise((resolve) => {
      const request = (this.request = http.get(`${this.run.url}/events?${query}`, { agent: false, headers }));
      request.on('error', () => {});
      request.on('close', () => {
        clearTimeout(this.timer);
        resolve();
      });
      request.on('response', (response) => {
        const refused = response.headers['fanfare-refused'];
        if (response.statusCode !== 200 || refused) this.#problem(`answered ${response.statusCode} ${refused ?? ''}`);
        this.#receive(request, response);
      });
    });
  }

  #receive(request, response) {
    const parser = new EventStreamParser((event) => this.#event(event));
    parser.lastEventId = this.lastEventId;
    // Where this connection will be cut, if it lives that long: anywhere in the bytes, so mostly inside an event.
    let left = this.run.calm ? Infinity : this.random.between(1, 400_000);
    response.setEncoding('latin1'); // a character a byte; the data is ASCII
    response.on('data', (text) => {
      const part = text.length > left ? text.slice(0, left) : text;
      left -= part.length;
      parser.feed(part);
      if (left <= 0) this.#cut(request, part);
    });
    response.on('error', () => {});
    this.#plan(request, response);
  }

  /** What happens next to this connection: it is cut, or not read from for a while. */
  #plan(request, response) {
    this.timer = setTimeout(() => {
      if (this.run.calm) return;
      if (this.random.chance(0.5)) return this.#cut(request, '');
      this.run.stalls++;
      response.pause();
      this.timer = setTimeout(() => {
        response.resume();
        this.#plan(request, response);
      }, this.slowly ? this.random.between(1000, 6000) : this.random.between(50, 1000));
    }, this.random.between(100, 4000));
  }

  #cut(request, part) {
    this.run.cuts++;
    if (part !== '' && !part.endsWith('\n\n')) this.run.cutsInside++;
    if (this.random.chance(0.5)) request.socket?.resetAndDestroy();
    request.destroy();
  }

  #event({ type, data, id }) {
    this.lastEventId = id;
    if (type === 'fanfare-open') {
      if (this.begin === undefined) this.begin = this.last = position(id);
      else this.#problem('fanfare-open on a resumed stream');
    } else if (type === 'fanfare-heartbeat') {
      // moves the id on, which is all that it is for
    } else if (type.startsWith('fanfare-')) {
      this.#problem(`${type} ${data}`);
    } else {
      const at = position(id);
      if (at <= this.last) this.#problem(`${id} came after a position that is not below it`);
      this.last = at;
      const [publisher, number, length] = data.split(' ', 3).map(Number);
      if (data.length !== length) this.#problem(`${id} is ${data.length} characters long, not ${length}`);
      if (this.count === this.keys.length) {
        const more = new Int32Array(2 * this.count);
        more.set(this.keys);
        this.keys = more;
      }
      this.keys[this.count++] = key(publisher, number);
    }
  }

  #problem(text) {
    if (this.problems.length < 5) this.problems.push(text);
  }

  close() {
    this.closed = true;
    this.request?.destroy();
  }

  /** Compares what it got with all that was published, in the log's order: null when that is the same. */
  account(published) {
    const expected = published.filter((event) => event.mask & this.mask && event.position > this.begin);
    const got = this.keys.subarray(0, this.count);
    const same = expected.length === got.length && expected.every((event, i) => event.key === got[i]);
    if (same && this.problems.length === 0) return null;
    const seen = new Set(got);
    const missing = expected.filter((event) => !seen.has(event.key)).map((event) => event.id);
    return `stream ${this.name} (${this.selectors}): ${expected.length} expected, ${got.length} received, missing ${missing.length} `
      + `(${missing.slice(0, 3)}), twice ${got.length - seen.size}; ${same ? '' : 'not the same, '}${this.problems.join('; ')}`;
  }
}

/** Publishes at its share of the rate, one after the other over one connection, and remembers what was answered 201. */
async function publishUntilStopped(run, name) {
  const random = seeded(run.seed ^ (name + 1));
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const interval = (1000 * run.publishers) / run.rate;
  let due = performance.now() + random() * interval;
  for (let number = 0; !run.stopped; number++) {
    const chosen = random.between(0, run.topics.length - 1);
    const also = random.chance(0.1) ? random.between(0, run.topics.length - 1) : chosen;
    const length = random.chance(0.02) ? random.between(5_000, 30_000) : random.between(30, 600);
    const data = `${name} ${number} ${length} `.padEnd(length, 'abcdefghij');
    const id = await publish(run.url, run.topics[chosen], data, { agent, ...(also === chosen ? {} : { also: run.topics[also] }) });
    run.published.push({ id, key: key(name, number), mask: (1 << chosen) | (1 << also), position: position(id) });
    due += interval;
    const wait = due - performance.now();
    if (wait > 1) await pause(wait);
    else if (wait < -1000) due = performance.now(); // behind: not made up for in one burst
  }
  agent.destroy();
}

/** Runs it against a node: `{ ok, summary, failures }`. */
export async function stress(options) {
  const run = { ...defaults, seed: newSeed(), ...options, published: [], cuts: 0, cutsInside: 0, stalls: 0, reconnections: 0 };
  if (run.topics > 30) throw new Error(`--topics ${run.topics} (expected: at most 30)`);
  run.prefix = `stress/${run.seed}-${Date.now().toString(36)}`;
  run.topics = makeTopics(run.prefix, run.topics);
  const readers = Array.from({ length: run.streams }, (_, i) => new Reader(run, i));
  readers.forEach((reader) => reader.read());
  try {
    await until(
      () => `all streams to open; ${readers.filter((reader) => reader.begin === undefined).length} have not`,
      () => readers.every((reader) => reader.begin !== undefined), { within: 30_000 });
    const publishers = Promise.all(Array.from({ length: run.publishers }, (_, i) => publishUntilStopped(run, i)));
    await Promise.race([publishers, pause(run.seconds * 1000)]);
    run.stopped = run.calm = true;
    await publishers;
    const published = run.published.sort((a, b) => (a.position < b.position ? -1 : 1));
    const due = readers.map((reader) => published.findLast((event) => event.mask & reader.mask)?.position ?? 0n);
    const behind = () => readers.filter((reader, i) => reader.last < due[i]);
    await until('', () => behind().length === 0, { within: 30_000, every: 50 }).catch(() => {}); // the account tells more
    const failures = readers.map((reader) => reader.account(published)).filter((failure) => failure !== null);
    const delivered = readers.reduce((sum, reader) => sum + reader.count, 0);
    const number = (n) => n.toLocaleString('en');
    const summary = `seed ${run.seed}: ${run.streams} streams, ${run.topics.length} topics, ${run.publishers} publishers, ${run.seconds} s: `
      + `${number(published.length)} events published, ${number(delivered)} delivered, ${number(run.cuts)} cuts `
      + `(${number(run.cutsInside)} inside an event), ${number(run.reconnections)} resumes, ${number(run.stalls)} stalls: `
      + (failures.length ? `${failures.length} STREAMS WRONG` : 'nothing missing, nothing twice, in order');
    return { ok: failures.length === 0, summary, failures, ...run, delivered };
  } finally {
    run.stopped = true;
    readers.forEach((reader) => reader.close());
  }
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const names = [...Object.keys(defaults), 'seed', 'url'];
  const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) });
  const { url = 'http://127.0.0.1:7070', ...numbers } = values;
  const options = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, Number(value)]));
  await request('GET', `${url}/healthz`).catch((error) => {
    console.error(`no node answers at ${url} (${error.code}); start one, or say where: --url`);
    process.exit(1);
  });
  const { ok, summary, failures } = await stress({ url, ...options });
  console.log(summary);
  for (const failure of failures.slice(0, 20)) console.log(failure);
  process.exitCode = ok ? 0 : 1;
}
