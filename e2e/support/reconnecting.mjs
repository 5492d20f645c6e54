// A browser's EventSource in what matters to a proxy, light enough for thousands: it comes back by itself after its reconnection time
// with its last event ID, and gives up for good on any answer that is no event stream.
import assert from 'node:assert/strict';
import http from 'node:http';
import { assertAllOnceInOrder } from './accounting.mjs';
import { EventStreamParser } from './event-stream.mjs';
import { until } from './until.mjs';

class ReconnectingStream {
  received = [];
  /** Every answer so far: `{ at, refused }`, refused being the word of a stream that was not begun. */
  answers = [];
  /** When a stream that had begun was over. */
  ends = [];
  /** Answers that broke off. */
  cuts = 0;
  /** Why it gave up for good. */
  failed;
  open = false;
  closed = false;
  #urls;
  #lastEventId = '';
  #retry = 3_000;
  #timer;
  #request;

  /** `urls` is one, or those of several nodes, which take turns. */
  constructor(urls) {
    this.#urls = [urls].flat();
    this.#connect();
  }

  #connect() {
    const headers = { Accept: 'text/event-stream', ...(this.#lastEventId && { 'Last-Event-ID': this.#lastEventId }) };
    this.#urls.push(this.#urls.shift());
    this.#request = http.get(this.#urls.at(-1), { agent: false, headers }, (response) => this.#answered(response));
    this.#request.on('error', () => {});
    this.#request.on('close', () => this.#over());
  }

  #answered(response) {
    if (response.statusCode !== 200 || response.headers['content-type'] !== 'text/event-stream') {
      this.failed = `${response.statusCode} ${response.headers['content-type']}`;
      return this.close();
    }
    const refused = response.headers['fanfare-refused'];
    this.answers.push({ at: performance.now(), refused });
    this.open = !refused;
    const parser = new EventStreamParser(({ type, data, id }) => this.received.push({ type, data, id }));
    response.setEncoding('utf8').on('data', (text) => {
      parser.feed(text);
      this.#lastEventId = parser.lastEventId || this.#lastEventId;
      this.#retry = parser.retry ?? this.#retry;
    });
    response.on('error', () => {});
    response.on('close', () => (this.cuts += !response.complete && !this.closed));
  }

  #over() {
    if (this.open) this.ends.push(performance.now());
    this.open = false;
    if (!this.closed) this.#timer = setTimeout(() => this.#connect(), this.#retry);
  }

  close() {
    this.closed = true;
    clearTimeout(this.#timer);
    this.#request.destroy();
  }
}

/** So many of them, open. They end with the test. Those of several URLs begin with each in turn. */
export async function openStreams(t, urls, count) {
  const all = [urls].flat();
  const turned = (i) => [...all.slice(i % all.length), ...all.slice(0, i % all.length)];
  const streams = [];
  t.after(() => streams.forEach((stream) => stream.close()));
  while (streams.length < count) {
    for (let i = 0; i < 100 && streams.length < count; i++) streams.push(new ReconnectingStream(turned(streams.length)));
    await until(() => `${streams.length} streams to open; ${streams.filter((stream) => stream.open).length} are`, () => streams.every((stream) => stream.open));
  }
  return streams;
}

/** What every stream must have got once all is over: each published event once, in order, no gap; and none may have given up. */
export function assertNothingLost(streams, published, hint) {
  const failed = streams.filter((stream) => stream.failed).map((stream) => stream.failed);
  assert.deepEqual(failed, [], `${failed.length} of ${streams.length} streams ended for good; ${hint}`);
  for (const [i, { received }] of streams.entries()) {
    assert.deepEqual(received.filter((event) => event.type === 'fanfare-gap'), [], `stream ${i}: a gap, though the log holds everything; ${hint}`);
    assertAllOnceInOrder(received.filter((event) => event.type === 'message'), published, `stream ${i}; ${hint}`);
  }
}
