// One reader of the counting topic: like a browser's EventSource it comes back by itself with its last event ID, and it holds each event
// against the number that has to come next.
import http from 'node:http';

export class Reader {
  received = 0;
  missing = 0;
  twice = 0;
  gaps = 0;
  reconnections = -1;
  open = false;
  #url;
  #lastEventId = '';
  #retry = 1_000;
  #request;
  #closed = false;

  constructor(url) {
    this.#url = url;
    this.#connect();
  }

  #connect() {
    this.reconnections++;
    const headers = { Accept: 'text/event-stream', ...(this.#lastEventId && { 'Last-Event-ID': this.#lastEventId }) };
    this.#request = http.get(this.#url, { agent: false, headers }, (response) => {
      this.open = response.statusCode === 200 && !response.headers['fanfare-refused'];
      let text = '';
      response.setEncoding('utf8').on('data', (part) => {
        const blocks = (text + part).split('\n\n');
        text = blocks.pop();
        blocks.forEach((block) => this.#block(block));
      });
      response.on('error', () => {});
    });
    this.#request.on('error', () => {});
    this.#request.on('close', () => {
      this.open = false;
      if (!this.#closed) setTimeout(() => this.#connect(), this.#retry);
    });
  }

  #block(block) {
    const fields = Object.fromEntries(block.split('\n').map((line) => line.match(/^(\w*): ?(.*)$/)?.slice(1) ?? []));
    if (fields.retry) this.#retry = Number(fields.retry);
    if (fields.id) this.#lastEventId = fields.id;
    if (fields.event === 'fanfare-gap') this.gaps++;
    if (fields.event || fields.data === undefined) return;
    const number = Number(fields.data);
    if (number < this.received) return void this.twice++;
    this.missing += number - this.received;
    this.received = number + 1;
  }

  close() {
    this.#closed = true;
    this.#request.destroy();
  }
}
