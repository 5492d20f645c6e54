// A stream opened by node:http, for looking at one connection: it does not reconnect.
import http from 'node:http';
import { EventStreamParser } from './event-stream.mjs';
import { until } from './until.mjs';

/** An open stream: `status`, `headers`, `text` and `events` so far, and how it `ended`: 'complete' or 'cut'. */
class Stream {
  text = '';
  events = [];
  parser = new EventStreamParser((event) => this.events.push({ ...event, at: performance.now() }));

  constructor(url, headers, options) {
    this.request = http.get(url, { agent: false, ...options, headers: { Accept: 'text/event-stream', ...headers } }, (response) => {
      this.response = response;
      this.status = response.statusCode;
      this.headers = response.headers;
      response.setEncoding('utf8').on('data', (text) => {
        this.text += text;
        this.parser.feed(text);
      });
      response.on('error', () => {});
      response.on('close', () => (this.ended ??= response.complete ? 'complete' : 'cut'));
    });
    this.request.on('error', (error) => (this.error = error));
  }

  /** The events that were published: all but Fanfare's own. */
  get published() {
    return this.events.filter((event) => !event.type.startsWith('fanfare-'));
  }

  close() {
    this.request.destroy();
  }
}

/** A stream whose first bytes have come. `options` are node:http's. */
export async function openStream(t, url, headers = {}, options = {}) {
  const stream = new Stream(url, headers, options);
  t.after(() => stream.close());
  await until(`the first bytes of ${url}`, () => {
    if (stream.error) throw stream.error;
    return stream.text !== '' || stream.ended;
  });
  return stream;
}
