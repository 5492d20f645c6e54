// The event stream format as the standard tells it (rules P2 to P12), written here so that what judges the server is not the server's.

/** Takes decoded text in pieces of any size and hands over each event: `{ type, data, id, retry }`. */
export class EventStreamParser {
  lastEventId = '';
  #buffer = '';
  #first = true;
  #afterCarriageReturn = false;
  #type = '';
  #data = '';
  #id;
  #retry;

  constructor(onEvent) {
    this.onEvent = onEvent;
    this.#id = this.lastEventId;
  }

  feed(text) {
    if (text === '') return;
    if (this.#first) {
      this.#first = false;
      if (text.startsWith('\uFEFF')) text = text.slice(1);
    }
    if (this.#afterCarriageReturn && text.startsWith('\n')) text = text.slice(1);
    if (text !== '') this.#afterCarriageReturn = text.endsWith('\r');
    this.#buffer += text;
    const lines = this.#buffer.split(/\r\n|\n|\r/);
    this.#buffer = lines.pop();
    for (const line of lines) this.#line(line);
  }

  #line(line) {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (name === 'data') this.#data += value + '\n';
    else if (name === 'event') this.#type = value;
    else if (name === 'id' && !value.includes('\0')) this.#id = value;
    else if (name === 'retry' && /^[0-9]+$/.test(value)) this.retry = this.#retry = Number(value);
  }

  #dispatch() {
    this.lastEventId = this.#id;
    if (this.#data !== '') {
      this.onEvent({ type: this.#type || 'message', data: this.#data.slice(0, -1), id: this.lastEventId, retry: this.#retry });
    }
    this.#data = this.#type = '';
    this.#retry = undefined;
  }
}

/** The events of a whole stream. */
export function parseEventStream(text) {
  const events = [];
  const parser = new EventStreamParser((event) => events.push(event));
  parser.feed(text);
  return Object.assign(events, { retry: parser.retry });
}
