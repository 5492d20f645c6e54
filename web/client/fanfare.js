/**
 * The browser client of Fanfare: EventSource as the standard has it, and what a page needs beyond it. One module, no dependency, no
 * build step; it runs wherever there is fetch: in pages, workers and Node.
 *
 * @module
 */

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 2;

/** The longest time that a server can make a client wait, in ms: anything above it is more likely a mistake than a wish. */
const LONGEST = 3_600_000;

/**
 * Reads an event stream chunk by chunk, to the letter of the standard, and hands over each event at the byte that completes it. How
 * the stream is cut into chunks makes no difference. One parser is for one connection: what is unfinished at its end is dropped with
 * the parser, and `lastEventId` is what the next one starts with.
 *
 * Held are at most `maxBuffer` characters of data, further topics and unfinished line together (beyond them `feed` throws a RangeError
 * and the place in the stream is lost), and of type, id and topic one line each.
 */
export class EventStreamParser {
  /** The last event ID string: that of the last block which a blank line ended, with data or without; empty for none. */
  lastEventId;
  #onEvent;
  #onRetry;
  #maxBuffer;
  #decoder = new TextDecoder(); // strips the byte order mark
  #afterCr = false; // an LF that comes now belongs to the line end before it
  #line = '';
  #data = ''; // an LF after each line
  #type = '';
  /** @type {string | undefined} */
  #id;
  /** @type {string | null} */
  #topic = null;
  #also = ''; // likewise

  /**
   * @param {object} options
   * @param {(event: { type: string, data: string, lastEventId: string, topic: string | null, also: string[] }) => void} options.onEvent
   * @param {(milliseconds: bigint) => void} [options.onRetry] the reconnection time is now this; called at the line itself
   * @param {string} [options.lastEventId] what the connection starts with
   * @param {number} [options.maxBuffer] in characters
   */
  constructor({ onEvent, onRetry, lastEventId = '', maxBuffer = 4 << 20 }) {
    this.#onEvent = onEvent;
    this.#onRetry = onRetry;
    this.lastEventId = lastEventId;
    this.#maxBuffer = maxBuffer;
  }

  /**
   * Reads the next bytes of the connection.
   *
   * @param {Uint8Array} bytes
   */
  feed(bytes) {
    let text = this.#decoder.decode(bytes, { stream: true });
    if (!text) return;
    const last = text.at(-1);
    if (this.#afterCr && text[0] === '\n') text = text.slice(1);
    this.#afterCr = last === '\r';
    const lines = text.split(/\r\n|\n|\r/);
    const unfinished = /** @type {string} */ (lines.pop());
    for (const line of lines) {
      this.#line += line;
      this.#takeLine();
    }
    this.#line += unfinished;
    this.#requireRoom();
  }

  #takeLine() {
    this.#requireRoom();
    const line = this.#line;
    this.#line = '';
    if (!line) return this.#dispatch();
    const [, name, value = ''] = /** @type {RegExpMatchArray} */ (line.match(/^([^:]*)(?:: ?([^]*))?$/));
    if (name === 'data') this.#data += value + '\n';
    else if (name === 'event') this.#type = value;
    else if (name === 'topic') this.#topic = value;
    else if (name === 'also') this.#also += value + '\n';
    else if (name === 'id') {
      if (!value.includes('\0')) this.#id = value;
    } else if (name === 'retry' && /^0*\d{1,19}$/.test(value)) {
      const milliseconds = BigInt(value);
      if (milliseconds >> 63n === 0n) this.#onRetry?.(milliseconds);
    }
  }

  #dispatch() {
    this.lastEventId = this.#id ?? this.lastEventId;
    const also = this.#also.split('\n').slice(0, -1);
    const event = { type: this.#type || 'message', data: this.#data.slice(0, -1), lastEventId: this.lastEventId, topic: this.#topic, also };
    const any = this.#data;
    this.#data = this.#type = this.#also = '';
    this.#id = undefined;
    this.#topic = null;
    if (any) this.#onEvent(event);
  }

  #requireRoom() {
    if (this.#line.length + this.#data.length + this.#also.length > this.#maxBuffer) {
      throw new RangeError(`an event of more than ${this.#maxBuffer} characters (maxBuffer)`);
    }
  }
}

/**
 * An event of a stream; `topic` is the one it was published to, null when the server does not say, and `also` are its further ones,
 * where the URL says `with=also`.
 *
 * @typedef {MessageEvent<string> & { readonly topic: string | null, readonly also: readonly string[] }} FanfareMessage
 */

/**
 * Why there is no stream. `network`: no connection, or it was cut. `end`: the server ended it. `silent`: nothing came for too long.
 * `refused`: not now, said a node. `token`: the token function failed. `status`, `type`: an answer that is no event stream. `ended`:
 * there will be no more events. `too-large`: an event beyond `maxBuffer`.
 *
 * @typedef {'network' | 'end' | 'silent' | 'refused' | 'token' | 'status' | 'type' | 'ended' | 'too-large'} Reason
 */

/**
 * An `error` event. `retryIn` is the time to the next attempt, in ms, and null when there is none: `readyState` is CLOSED then.
 * `problem` is the server's RFC 9457 document.
 *
 * @typedef {Event & { readonly reason: Reason, readonly retryIn: number | null, readonly status?: number,
 *   readonly problem?: { title?: string, status?: number, detail?: string, [more: string]: unknown }, readonly cause?: unknown }} FanfareError
 */

/**
 * Events that are missing: those after the id `after`, up to `resumedAt`.
 *
 * @typedef {{ after: string, resumedAt: string, topics: string[], skipped?: number,
 *   reason: 'expired' | 'unknown-id' | 'log-lost' | 'deleted' | 'slow-consumer' | (string & {}) }} Gap
 */

/**
 * All times are in milliseconds unless said otherwise.
 *
 * @typedef {object} FanfareSourceOptions
 * @property {boolean} [withCredentials] send cookies to other origins, too
 * @property {HeadersInit} [headers] sent with each request
 * @property {string | ((refused?: string) => string | Promise<string>)} [token] sent as `Authorization: Bearer`. A function is asked
 *   at first and whenever the token was refused (401), which it is told; a failure of the function is tried again like any other
 * @property {string[]} [topics] topics and patterns, instead of those in the URL
 * @property {string} [lastEventId] start after this event
 * @property {boolean | string} [cursor] keep the last event ID in sessionStorage, under this name or the URL, and go on from it after
 *   a reload
 * @property {(gap: Gap) => void} [onGap] events are missing here
 * @property {boolean | string} [shared] one stream for all sources of this URL, apart from its topics, in all tabs of this origin; a
 *   name keeps apart what is not one user's. Without Web Locks (a page that is not secure) the stream is not shared
 * @property {number} [heartbeat] seconds between the heartbeats that a node is asked for, 5 to 120; 15 by default, 0 for none
 * @property {number} [idleTimeout] a stream on which nothing arrives for so long is opened again; two heartbeats by default, 0 for never
 * @property {number} [openTimeout] the time to the first byte, 8,000; without one, the stream is asked for as JSON pages
 * @property {boolean} [fallback] false: never ask for JSON pages
 * @property {number} [pollFor] how long to ask for JSON pages before a stream is tried again; 10 minutes
 * @property {number} [reconnectionTime] until the stream says another, 3,000
 * @property {number} [maxBackoff] the longest that the reconnection time grows to while attempts fail, 60,000
 * @property {number} [maxBuffer] the most characters of an event, or a page of events, 4 Mi; one beyond it closes the source
 * @property {typeof globalThis.fetch} [fetch] instead of the global one
 * @property {boolean} [settle] for the stream that tabs share: read on by pages before each change of the topics, so that what is added begins
 *   where the log ends
 */

/**
 * @typedef {object} FanfareEventMap
 * @property {Event} open
 * @property {FanfareError} error
 * @property {FanfareMessage} message
 */

/**
 * What a source has of EventSource; TypeScript's declaration only.
 *
 * @typedef {object} Listening
 * @property {((event: Event) => any) | null} onopen
 * @property {((event: MessageEvent & Partial<FanfareMessage>) => any) | null} onmessage
 * @property {((event: Event & Partial<FanfareError>) => any) | null} onerror
 * @property {0} CONNECTING
 * @property {1} OPEN
 * @property {2} CLOSED
 * @property {{
 *   <K extends keyof FanfareEventMap>(type: K, listener: (this: any, event: FanfareEventMap[K]) => any, options?: boolean | AddEventListenerOptions): void;
 *   (type: string, listener: (this: any, event: FanfareMessage) => any, options?: boolean | AddEventListenerOptions): void;
 *   (type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
 * }} addEventListener
 * @property {{
 *   <K extends keyof FanfareEventMap>(type: K, listener: (this: any, event: FanfareEventMap[K]) => any, options?: boolean | EventListenerOptions): void;
 *   (type: string, listener: (this: any, event: FanfareMessage) => any, options?: boolean | EventListenerOptions): void;
 *   (type: string, listener: EventListenerOrEventListenerObject, options?: boolean | EventListenerOptions): void;
 * }} removeEventListener
 */

const Target = /** @type {{ new (): Listening & { dispatchEvent(event: Event): boolean }, CONNECTING: 0, OPEN: 1, CLOSED: 2 }} */ (/** @type {unknown} */ (EventTarget));

/**
 * EventSource with its API to the letter, for an existing page to change only the constructor, that does not give up: it opens the
 * stream again after any lost connection, 5xx or 429, never loses its place, and notices silence. When no stream gets through, it
 * asks for JSON pages instead (`transport`, and an event `fanfare-transport`).
 *
 * It is closed for good, with a last `error` event, by any other 4xx, what is no event stream, 204, `fanfare-end`, and an event above
 * `maxBuffer`.
 *
 * The wait before an attempt is the reconnection time, doubled with each attempt that brought no event and was not open for 10
 * seconds, never less than a `Retry-After`, and by chance up to half as much longer.
 */
export class FanfareSource extends Target {
  #options;
  #url;
  #headers;
  #fetch;
  #idle;
  #readyState = CONNECTING;
  #lastEventId;
  /** @type {string | undefined} */
  #storageKey;
  /** @type {Set<string> | undefined} where undefined, the URL says the topics */
  #topics;
  #changing = false; // a change of the topics awaits its microtask
  #asked = ''; // the URL that is asked, until a change of the topics is carried out

  // the attempt: the connection that is there or being made, else the wait for it
  /** @type {AbortController | undefined} */
  #attempt;
  /** @type {ReturnType<typeof setTimeout> | undefined} the end of the wait, or of patience with the connection */
  #timer;
  #patience = 0;
  #heardAt = 0; // when the connection last brought anything; 0 for not yet
  #openedAt = Infinity;
  #hasty = false; // the wait may be cut short: no server asked for it
  #reconnectionTime;
  #failures = 0;

  /** @type {string | undefined} */
  #token;
  /** @type {string | undefined} */
  #refusedToken;

  /** @type {'stream' | 'probe' | 'poll'} a probe finds out whether pages get through where a stream did not */
  #mode = 'stream';
  #fallback;
  /** @type {'stream' | 'poll'} */
  #transport = 'stream';
  #polledSince = 0;
  #silences = 0;
  #settling = false; // pages up to a position come first: see #change

  /**
   * @param {string | URL} url
   * @param {FanfareSourceOptions} [options]
   */
  constructor(url, options = {}) {
    super();
    try {
      this.#url = new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href);
    } catch {
      throw new DOMException(`not a URL: ${url}`, 'SyntaxError');
    }
    const { heartbeat = 15, topics, cursor, onGap, lastEventId = '' } = options;
    this.#options = options;
    this.#headers = new Headers(options.headers);
    this.#fetch = options.shared
      ? async (/** @type {[any, any]} */ ...request) => (await import('./fanfare-shared.js')).sharedFetch(options, ...request)
      : options.fetch ?? globalThis.fetch;
    this.#idle = options.idleTimeout ?? Number(/\d*$/.exec(this.#url.searchParams.get('heartbeat') ?? `${heartbeat}`)) * 2000;
    this.#fallback = options.fallback ?? true;
    this.#reconnectionTime = options.reconnectionTime ?? 3000;
    if (topics) this.#setTopics(topics);
    if (cursor) this.#storageKey = `fanfare:${cursor === true ? this.url : cursor}`;
    this.#lastEventId = this.#storage((storage, key) => storage.getItem(key)) || lastEventId;
    if (onGap) this.addEventListener('fanfare-gap', (event) => onGap(JSON.parse(event.data)));
    this.#listenToPage('addEventListener');
    this.#change();
  }

  get url() {
    return this.#url.href;
  }

  get withCredentials() {
    return !!this.#options.withCredentials;
  }

  get readyState() {
    return this.#readyState;
  }

  /** Where the next connection goes on from; empty before any id came. */
  get lastEventId() {
    return this.#lastEventId;
  }

  /** How long it waits before another attempt, in ms, as the stream last said; more after failures. */
  get reconnectionTime() {
    return this.#reconnectionTime;
  }

  /** How events come: `poll` when streams do not get through. An event `fanfare-transport` tells of each change. */
  get transport() {
    return this.#transport;
  }

  /** The topics and patterns that are asked for. */
  get topics() {
    return [...(this.#topics ?? topicsOf(this.#url))];
  }

  /**
   * Asks for further topics; those that are asked for go on without loss. Their events begin where the source is: up to a heartbeat
   * before this call.
   *
   * @param {...string} topics
   */
  add(...topics) {
    this.#ask([...this.topics, ...topics]);
  }

  /**
   * Asks for these topics no longer. With none left there is no connection until some are added.
   *
   * @param {...string} topics
   */
  drop(...topics) {
    this.#ask(this.topics.filter((topic) => !topics.includes(topic)));
  }

  /** Ends the stream at once; no event follows. */
  close() {
    this.#readyState = CLOSED;
    this.#stop();
    this.#listenToPage('removeEventListener');
  }

  /** @param {string[]} topics all of those before, and more; or some of them */
  #ask(topics) {
    if (new Set(topics).size === new Set(this.topics).size) return;
    this.#setTopics(topics);
    this.#change();
  }

  /** @param {Iterable<string>} topics */
  #setTopics(topics) {
    this.#topics = new Set(topics);
    const [base] = this.#url.pathname.split('/topics/');
    if (base !== this.#url.pathname) this.#url.pathname = `${base}/events`;
    this.#url.searchParams.delete('topic');
    for (const topic of this.#topics) this.#url.searchParams.append('topic', topic);
  }

  /**
   * Connects to what is wanted now, once for all changes of this turn. Only a position is known whatever the topics are: an id that a
   * publisher chose is looked up among them. So from such an id the source first reads on by pages, as before, to a position.
   *
   * A wait that a server asked for is not cut short.
   */
  #change() {
    if (this.#changing) return;
    this.#changing = true;
    queueMicrotask(() => {
      this.#changing = false;
      if (this.#readyState === CLOSED) return;
      this.#readyState = CONNECTING;
      this.#settling = !!this.#asked && !!this.#lastEventId && (!!this.#options.settle || !/^\d+-\d+$/.test(this.#lastEventId));
      if (this.#topics?.size === 0) this.#keep((this.#asked = ''));
      if (this.#attempt || this.#hasty || !this.#timer) this.#connect();
    });
  }

  async #connect() {
    this.#stop();
    if (this.#topics?.size === 0) return;
    const attempt = (this.#attempt = new AbortController());
    try {
      await this.#exchange(attempt);
    } catch (cause) {
      if (attempt !== this.#attempt) return;
      if (cause instanceof RangeError) this.#end('too-large', { cause });
      else this.#lose('network', { cause });
    }
  }

  /** @param {AbortController} attempt */
  async #exchange(attempt) {
    const { token, openTimeout = 8000 } = this.#options;
    if (this.#mode === 'poll' && Date.now() - this.#polledSince > (this.#options.pollFor ?? 600_000)) this.#mode = 'stream';
    const streaming = this.#mode === 'stream' && !this.#settling;
    const wait = this.#mode === 'poll' && !this.#settling && this.#readyState === OPEN ? 25 : 0;
    if (token) {
      try {
        const late = new Promise((_, reject) => (this.#timer = setTimeout(reject, 60_000, new Error('no token came'))));
        this.#token ??= await (typeof token === 'function' ? Promise.race([token(this.#refusedToken), late]) : token);
      } catch (cause) {
        if (attempt === this.#attempt) this.#lose('token', { cause });
        return;
      }
      if (attempt !== this.#attempt) return;
    }

    this.#heardAt = 0;
    this.#beginPatience(streaming && !this.#fallback ? this.#idle : openTimeout + wait * 1000);
    const beganAt = Date.now();
    const response = await this.#fetch.call(globalThis, this.#request(streaming, wait), {
      headers: this.#requestHeaders(streaming),
      credentials: this.withCredentials ? 'include' : 'same-origin',
      cache: 'no-store',
      signal: attempt.signal,
    });
    if (attempt !== this.#attempt) return;
    const { status, headers } = response;
    const type = headers.get('content-type')?.split(';')[0].trim().toLowerCase();

    if (status === 200 && type === (streaming ? 'text/event-stream' : 'application/json')) {
      this.#refusedToken = undefined;
      if (streaming) return this.#read(response, attempt);
      const page = JSON.parse(await textOf(response, this.#options.maxBuffer, () => attempt === this.#attempt && this.#beginPatience(this.#idle)));
      if (attempt !== this.#attempt) return;
      if (page.events) return this.#takePage(page, wait > 0 && Date.now() - beganAt < 1000);
    }
    if (status === 401 && typeof token === 'function' && this.#refusedToken === undefined) {
      this.#refusedToken = this.#token ?? '';
      this.#token = undefined;
      this.#connect();
    } else if (status === 429 || status >= 500) {
      const problem = await problemOf(response);
      if (attempt === this.#attempt) this.#lose('status', { status, problem }, retryAfter(headers));
    } else if (status === 204) {
      this.#end('ended', { status });
    } else if (this.#settling || this.#mode === 'probe') { // a server without pages; a stream may be what it has
      this.#fallback &&= this.#settling;
      this.#settling = false;
      this.#mode = 'stream';
      this.#connect();
    } else {
      const problem = await problemOf(response);
      if (attempt === this.#attempt) this.#end(status === 200 ? 'type' : 'status', { status, problem });
    }
  }

  /**
   * @param {boolean} streaming
   * @param {number} wait
   */
  #request(streaming, wait) {
    if (!this.#settling) this.#asked = this.url;
    const url = new URL(this.#asked);
    const { heartbeat = 15 } = this.#options;
    const set = (/** @type {string} */ name, /** @type {string} */ value) => url.searchParams.has(name) || url.searchParams.set(name, value);
    if (streaming) {
      set('with', 'topic');
      if (heartbeat) set('heartbeat', `event:${heartbeat}`);
    } else {
      set('limit', '1000');
      if (wait) set('wait', `${wait}`);
    }
    return url.href;
  }

  /** @param {boolean} streaming */
  #requestHeaders(streaming) {
    const headers = new Headers(this.#headers);
    headers.set('Accept', streaming ? 'text/event-stream' : 'application/json');
    if (this.#token) headers.set('Authorization', `Bearer ${this.#token}`);
    // a header is bytes, written as characters
    const id = Array.from(new TextEncoder().encode(this.#lastEventId), (byte) => String.fromCharCode(byte)).join('');
    if (id) headers.set('Last-Event-ID', id);
    return headers;
  }

  /**
   * @param {Response} response
   * @param {AbortController} attempt
   */
  async #read(response, attempt) {
    const refused = response.headers.has('fanfare-refused');
    if (!refused) this.#open();
    const origin = new URL(response.url || this.url).origin;
    const parser = new EventStreamParser({
      lastEventId: this.#lastEventId,
      maxBuffer: this.#options.maxBuffer,
      onEvent: (event) => attempt === this.#attempt && this.#take({ ...event, origin }),
      onRetry: (milliseconds) => (this.#reconnectionTime = Math.min(Math.max(Number(milliseconds), 500), LONGEST)),
    });
    const body = response.body?.getReader();
    while (attempt === this.#attempt) {
      const { done, value } = (await body?.read()) ?? { done: true };
      if (attempt !== this.#attempt) return;
      if (!value || done) return this.#lose(refused ? 'refused' : 'end', refused ? { status: 200 } : {});
      this.#beginPatience(this.#idle);
      this.#heardAt = Date.now();
      this.#announce('stream');
      parser.feed(value);
      if (attempt === this.#attempt) this.#keep(parser.lastEventId); // it moves without an event, too
    }
  }

  /**
   * @param {any} page
   * @param {boolean} tooSoon it should have waited for an event
   */
  #takePage(page, tooSoon) {
    const attempt = this.#attempt;
    const { origin } = this.#url;
    const own = (/** @type {string} */ type, /** @type {unknown} */ data) => ({ type, data: JSON.stringify(data), lastEventId: page.last, topic: null, also: [], origin });
    if (!this.#settling) {
      if (this.#mode === 'probe') this.#polledSince = Date.now();
      this.#mode = 'poll';
      this.#announce('poll');
      if (this.#readyState === CONNECTING) this.#open(); // a listener may have closed it
    }
    const enveloped = this.#url.searchParams.get('with') === 'envelope'; // pages are not
    const events = page.events.map((/** @type {any} */ { id, topic, also = [], event, time, data }) => (
      { type: event, data: enveloped ? JSON.stringify({ topic, event, time, data }) : data, lastEventId: id, topic, also, origin }));
    if (page.gap) events.unshift({ ...own('fanfare-gap', page.gap), lastEventId: page.gap.resumedAt });
    if (page.ended && !this.#settling) events.push(own('fanfare-end', {}));
    for (const event of events) if (attempt === this.#attempt) this.#take(event);
    if (attempt !== this.#attempt) return;
    this.#keep(page.last);
    this.#settling &&= page.more;
    if (tooSoon && !events.length) this.#lose('end');
    else this.#connect();
  }

  /** @param {{ type: string, data: string, lastEventId: string, topic: string | null, also: string[], origin: string }} event */
  #take({ type, topic, also, ...init }) {
    this.#keep(init.lastEventId);
    this.#silences = 0;
    if (!type.startsWith('fanfare-')) this.#failures = 0;
    this.dispatchEvent(Object.assign(new MessageEvent(type, init), { topic, also }));
    if (type === 'fanfare-end' && this.#readyState !== CLOSED) this.#end('ended');
  }

  #open() {
    this.#readyState = OPEN;
    this.#openedAt = Date.now();
    this.dispatchEvent(new Event('open'));
  }

  /** @param {'stream' | 'poll'} transport */
  #announce(transport) {
    if (this.#transport === transport) return;
    this.#transport = transport;
    if (transport === 'poll') console.warn(`fanfare: no stream gets through from ${this.url}; asking for JSON pages instead`);
    this.dispatchEvent(new Event('fanfare-transport'));
  }

  /** @param {number} milliseconds */
  #beginPatience(milliseconds) {
    clearTimeout(this.#timer);
    this.#patience = milliseconds;
    if (milliseconds) this.#timer = setTimeout(() => this.#silent(), milliseconds);
  }

  #silent() {
    const streaming = this.#mode === 'stream' && !this.#settling;
    if (streaming && this.#fallback && (!this.#heardAt || this.#silences++)) {
      this.#mode = 'probe';
      this.#readyState = CONNECTING;
      this.#connect();
    } else {
      this.#lose('silent');
    }
  }

  /**
   * There is no connection; another attempt follows.
   *
   * @param {Reason} reason
   * @param {object} [more]
   * @param {number} [atLeast]
   */
  #lose(reason, more, atLeast = 0) {
    this.#stop();
    if (reason !== 'token') this.#refusedToken = undefined;
    if (Date.now() - this.#openedAt >= 10_000) this.#failures = 0;
    this.#openedAt = Infinity;
    if (this.#mode === 'probe') this.#mode = 'stream';
    const most = Math.max(this.#options.maxBackoff ?? 60_000, this.#reconnectionTime);
    const retryIn = Math.max(Math.min(this.#reconnectionTime * 2 ** this.#failures++, most), atLeast) * (1 + Math.random() / 2);
    this.#hasty = reason === 'network' || reason === 'silent';
    this.#timer = setTimeout(() => this.#connect(), retryIn);
    this.#readyState = CONNECTING;
    this.#fail(reason, retryIn, more);
  }

  /**
   * There will be no other attempt.
   *
   * @param {Reason} reason
   * @param {object} [more]
   */
  #end(reason, more) {
    this.close();
    this.#fail(reason, null, more);
  }

  /**
   * @param {Reason} reason
   * @param {number | null} retryIn
   * @param {object} [more]
   */
  #fail(reason, retryIn, more) {
    this.dispatchEvent(Object.assign(new Event('error'), { reason, retryIn }, more));
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#attempt?.abort();
    this.#attempt = this.#timer = undefined;
  }

  /** @param {string} id */
  #keep(id) {
    if (id === this.#lastEventId) return;
    this.#lastEventId = id;
    this.#storage((storage, key) => storage.setItem(key, id));
  }

  /**
   * @template T
   * @param {(storage: Storage, key: string) => T} use
   */
  #storage(use) {
    try {
      return this.#storageKey ? use(sessionStorage, this.#storageKey) : undefined;
    } catch {} // not allowed here, or full
  }

  /** @param {'addEventListener' | 'removeEventListener'} change */
  #listenToPage(change) {
    globalThis[change]?.('online', this.#online);
    globalThis.document?.[change]('visibilitychange', this.#visible);
  }

  // What was connected before is most likely dead, and a stream may get through now.
  #online = () => {
    if (this.#attempt ? this.#heardAt || this.#mode === 'poll' : this.#hasty) {
      this.#mode = 'stream';
      this.#readyState = CONNECTING;
      this.#connect();
    }
  };

  // A hidden page's timers stand still, and so did the watch and the wait.
  #visible = () => {
    if (globalThis.document.hidden) return;
    if (!this.#attempt && this.#hasty) this.#connect();
    else if (this.#attempt && this.#heardAt && this.#patience && Date.now() - this.#heardAt > this.#patience) this.#silent();
  };

  static {
    for (const [name, value] of Object.entries({ CONNECTING, OPEN, CLOSED })) {
      for (const object of [this, this.prototype]) Object.defineProperty(object, name, { value, enumerable: true });
    }
    for (const type of ['open', 'message', 'error']) defineHandler(this.prototype, type);
  }
}

/**
 * An event handler attribute: its place among the listeners is where it was first set.
 *
 * @param {EventTarget | Listening} prototype
 * @param {string} type
 */
function defineHandler(prototype, type) {
  /** @type {WeakMap<any, (event: Event) => any>} */
  const handlers = new WeakMap();
  const call = /** @this {any} */ function (/** @type {Event} */ event) {
    return handlers.get(this)?.call(this, event);
  };
  Object.defineProperty(prototype, `on${type}`, {
    configurable: true,
    enumerable: true,
    get() {
      return handlers.get(this) ?? null;
    },
    set(handler) {
      if (typeof handler === 'function') {
        handlers.set(this, handler);
        this.addEventListener(type, call);
      } else {
        handlers.delete(this);
        this.removeEventListener(type, call);
      }
    },
  });
}

/** The topics and patterns that a URL asks for; for fanfare-shared.js, too. @param {URL} url */
export function topicsOf(url) {
  const [, ...topic] = url.pathname.split('/topics/');
  return topic.length ? [decodeURIComponent(topic.join('/topics/'))] : url.searchParams.getAll('topic');
}

/** @param {Headers} headers */
function retryAfter(headers) {
  const value = headers.get('retry-after') ?? '';
  const milliseconds = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Math.min(milliseconds || 0, LONGEST);
}

/**
 * An answer as text; for fanfare-shared.js, too.
 *
 * @param {Response} response
 * @param {number} [max] in characters; beyond them it throws a RangeError
 * @param {() => void} [heard] called for each piece
 */
export async function textOf(response, max = 4 << 20, heard) {
  const body = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = (await body?.read()) ?? { done: true };
    if (done) return text;
    heard?.();
    text += decoder.decode(value, { stream: true });
    if (text.length > max) throw new RangeError(`an answer of more than ${max} characters (maxBuffer)`);
  }
}

/** @param {Response} response */
async function problemOf(response) {
  try {
    if (response.headers.get('content-type')?.includes('json')) return JSON.parse(await textOf(response, 1 << 16));
  } catch {} // there is none
}
