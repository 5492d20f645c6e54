/**
 * A source for tests of pages, with Vitest, Jest or anything else: it connects to nothing, and what happens to it is said by the
 * test, at once.
 *
 * @module
 */

import { FanfareSource } from './fanfare.js';

/** @import { FanfareError, FanfareMessage, FanfareSourceOptions, Gap, Reason } from './fanfare.js' */

/** A request that nobody answers. */
const never = () => new Promise(() => {});

/**
 * A FanfareSource that a test speaks for. Give it to what is tested instead of FanfareSource, such as in `<FanfareProvider source={FakeSource}>`.
 */
export class FakeSource extends FanfareSource {
  /** @type {FakeSource[]} those made since the last `forget()`, oldest first */
  static all = [];

  /** The newest one. */
  static get last() {
    const last = FakeSource.all.at(-1);
    if (!last) throw new Error('no source has been made');
    return last;
  }

  /** Closes and forgets all that were made; for after each test. */
  static forget() {
    for (const source of FakeSource.all.splice(0)) source.close();
  }

  /** The options that it was made with. */
  options;
  /** @type {number} */
  #readyState = FanfareSource.CONNECTING;
  #lastEventId;
  #count = 0;

  /**
   * @param {string | URL} url
   * @param {FanfareSourceOptions} [options]
   */
  constructor(url, options = {}) {
    super(url, { ...options, shared: false, cursor: false, token: undefined, openTimeout: 0, idleTimeout: 0, fallback: false, fetch: never });
    this.options = options;
    this.#lastEventId = options.lastEventId ?? '';
    FakeSource.all.push(this);
  }

  get readyState() {
    return /** @type {0 | 1 | 2} */ (this.#readyState);
  }

  get lastEventId() {
    return this.#lastEventId;
  }

  /** @param {...string} topics */
  add(...topics) {
    this.#change(() => super.add(...topics));
  }

  /** @param {...string} topics */
  drop(...topics) {
    this.#change(() => super.drop(...topics));
  }

  /** Other topics cost the connection; the next one is open when the test says so. @param {() => void} change */
  #change(change) {
    const before = this.url;
    change();
    if (this.url !== before && this.#readyState === FanfareSource.OPEN) this.#readyState = FanfareSource.CONNECTING;
  }

  close() {
    super.close();
    this.#readyState = FanfareSource.CLOSED;
  }

  /** The stream is open. */
  open() {
    this.#require();
    this.#readyState = FanfareSource.OPEN;
    this.dispatchEvent(new Event('open'));
  }

  /**
   * An event comes; a source that is not open opens first. Data that is no text is sent as JSON.
   *
   * @param {unknown} data
   * @param {{ event?: string, topic?: string | null, also?: string[], id?: string }} [more] the topic is by default the only one
   *   asked for, and the id one that was not there before
   */
  emit(data, { event = 'message', topic, also = [], id = `${this.#count + 1}-0` } = {}) {
    if (this.#readyState !== FanfareSource.OPEN) this.open();
    this.#count++;
    this.#lastEventId = id;
    const [only = null, ...others] = this.topics;
    const init = { data: typeof data === 'string' ? data : JSON.stringify(data), lastEventId: id, origin: new URL(this.url).origin };
    const named = topic === undefined ? (others.length || only?.includes('*') ? null : only) : topic;
    this.dispatchEvent(Object.assign(new MessageEvent(event, init), { topic: named, also }));
  }

  /** Events are missing. @param {Partial<Gap>} [gap] */
  gap(gap = {}) {
    const whole = { after: this.#lastEventId, resumedAt: `${this.#count + 1}-0`, topics: this.topics, reason: 'expired', ...gap };
    this.emit(whole, { event: 'fanfare-gap', topic: null, id: whole.resumedAt });
  }

  /**
   * The connection is lost, and another will be made; with `retryIn: null` there will be none.
   *
   * @param {{ reason?: Reason, retryIn?: number | null, status?: number, problem?: FanfareError['problem'], cause?: unknown }} [error]
   */
  fail({ reason = 'network', retryIn = 3000, ...more } = {}) {
    this.#require();
    if (retryIn === null) this.close();
    else this.#readyState = FanfareSource.CONNECTING;
    this.dispatchEvent(Object.assign(new Event('error'), { reason, retryIn }, more));
  }

  /** The topics have ended. @param {'done' | 'aborted' | 'cancelled'} [reason] */
  end(reason = 'done') {
    this.emit({ reason }, { event: 'fanfare-end', topic: null });
    this.fail({ reason: 'ended', retryIn: null });
  }

  #require() {
    if (this.#readyState === FanfareSource.CLOSED) throw new Error(`${this.url} is closed: nothing happens to it any more`);
  }
}
