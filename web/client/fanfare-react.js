/**
 * Event streams in React 18 and later: `useSSE` for a stream of the component's own, `FanfareProvider` and `useTopic` for one stream
 * per page. State is kept outside React and shown by useSyncExternalStore, at most once a frame, however many events come and
 * however many components there are. Nothing connects before a component is mounted, and so nothing does on a server.
 *
 * @module
 */

import { createContext, createElement, useContext, useInsertionEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import { FanfareSource } from './fanfare.js';
import { receives } from './fanfare-topics.js';

/** @import { FanfareError, FanfareMessage, FanfareSourceOptions, Gap } from './fanfare.js' */

/** How long a topic, and a page's stream, outlives the last component that wanted it, in ms: another one often follows. */
const LINGER = 1000;

/** The longest that a change waits for a frame, in ms: a hidden page has none. */
const LONGEST_FRAME = 250;

/**
 * `idle`: no URL, or not enabled. `reconnecting`: there was or will be a connection. `ended`: there will be no more events. `closed`:
 * given up, `error` says why.
 *
 * @typedef {'idle' | 'connecting' | 'open' | 'reconnecting' | 'ended' | 'closed'} Status
 */

/**
 * What a component is shown.
 *
 * @template State
 * @typedef {object} SSE
 * @property {State} data
 * @property {FanfareMessage | undefined} lastEvent
 * @property {Status} status
 * @property {FanfareError | Error | undefined} error why there is no stream, until there is one; or what `parse`, `reduce` or `onEvent` threw
 * @property {Gap | undefined} gap the last one
 */

/**
 * Functions may be others at each render; the newest are called.
 *
 * @template Payload
 * @template State
 * @typedef {object} ViewOptions
 * @property {boolean} [enabled] false: there is no connection; data stays. Later `useSSE` goes on where it was, and `useTopic` with
 *   what comes then
 * @property {(data: string, event: FanfareMessage) => Payload} [parse] JSON.parse by default
 * @property {(state: State, payload: Payload, event: FanfareMessage) => State} [reduce] the last payload by default
 * @property {State} [initial] the state before any event
 * @property {number} [throttle] at least so many ms between two renders
 * @property {(payload: Payload, event: FanfareMessage) => void} [onEvent] called for each event, at once
 * @property {() => void} [onOpen] called when there is a stream, at first and again: what was read before may be old
 * @property {(gap: Gap) => void} [onGap] called when events are missing
 */

/** @typedef {new (url: string | URL, options?: FanfareSourceOptions) => FanfareSource} SourceClass a test has another than FanfareSource */

/**
 * Tells React of changes: all at once, once a frame, so that React renders them together.
 */
const frames = {
  /** @type {Set<View>} */
  dirty: new Set(),
  scheduled: false,

  /** @param {View} view */
  add(view) {
    this.dirty.add(view);
    if (this.scheduled) return;
    this.scheduled = true;
    let done = false;
    const once = () => {
      if (done) return;
      done = true;
      clearTimeout(timer);
      this.flush();
    };
    const timer = setTimeout(once, LONGEST_FRAME);
    globalThis.requestAnimationFrame?.(once);
  },

  flush() {
    this.scheduled = false;
    const now = performance.now();
    const views = [...this.dirty];
    this.dirty.clear();
    for (const view of views) {
      if (!view.show(now)) this.add(view);
    }
  },
};

/** @param {string} text */
const fromJson = (text) => JSON.parse(text);

/** The state of one hook: what has come, and what React has been shown of it. */
class View {
  /** @type {SSE<any>} */
  #shown;
  /** @type {SSE<any>} */
  #state;
  #shownAt = -Infinity;
  #options;
  /** @type {Set<() => void>} */
  #listeners = new Set();

  /**
   * @param {{ current: ViewOptions<any, any> }} options the newest, once they are rendered
   * @param {unknown} initial
   * @param {Status} status
   */
  constructor(options, initial, status) {
    this.#options = options;
    /** @type {SSE<any>} */
    const begin = { data: initial, lastEvent: undefined, status, error: undefined, gap: undefined };
    this.#shown = this.#state = begin;
  }

  /** @param {() => void} listener */
  listen(listener) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  snapshot = () => this.#shown;

  /** Shows React what has come, unless that was too short a time ago. @param {number} now */
  show(now) {
    if (now - this.#shownAt < (this.#options.current.throttle ?? 0)) return false;
    this.#shownAt = now;
    this.#shown = this.#state;
    for (const listener of this.#listeners) listener();
    return true;
  }

  /** @param {Partial<SSE<any>>} change */
  set(change) {
    const state = /** @type {Record<string, unknown>} */ (this.#state);
    if (Object.entries(change).every(([name, value]) => state[name] === value)) return;
    this.#state = { ...this.#state, ...change };
    frames.add(this);
  }

  /** @param {FanfareMessage} event */
  take(event) {
    const { parse = fromJson, reduce, onEvent } = this.#options.current;
    try {
      const payload = parse(event.data, event);
      this.set({ data: reduce ? reduce(this.#state.data, payload, event) : payload, lastEvent: event });
      onEvent?.(payload, event);
    } catch (error) {
      this.set({ lastEvent: event, error: error instanceof Error ? error : new Error(String(error)) });
    }
  }

  open() {
    this.set({ status: 'open', error: undefined });
    this.#options.current.onOpen?.();
  }

  /** @param {Gap} gap */
  miss(gap) {
    this.set({ gap });
    this.#options.current.onGap?.(gap);
  }

  /** @param {FanfareError} error */
  fail(error) {
    const { reason, retryIn } = error;
    if (retryIn !== null) this.set({ status: 'reconnecting', error });
    else if (reason === 'ended') this.set({ status: 'ended' });
    else this.set({ status: 'closed', error });
  }
}

/** @type {import('react').Context<PageStream | undefined>} */
const Page = createContext(/** @type {PageStream | undefined} */ (undefined));

/** @param {string | readonly string[] | undefined} event */
const typesOf = (event) => (event === undefined ? ['message'] : [event].flat());

/** Whether it came over the stream, and is not of the source's own making: a published event may be of any type. @param {Event} event @returns {boolean} */
const isPublished = (event) => event instanceof MessageEvent;

/** Options of which always the newest count. @template T @param {T} options */
function useNewest(options) {
  const newest = useRef(options);
  useInsertionEffect(() => {
    newest.current = options;
  });
  return newest;
}

/** @param {View} view @param {() => () => void} begin @param {boolean} wanted */
function useView(view, begin, wanted) {
  const subscribe = useMemo(() => (/** @type {() => void} */ listener) => {
    const ignore = view.listen(listener);
    const end = wanted ? begin() : undefined;
    return () => (ignore(), end?.());
  }, [view, begin, wanted]);
  return useSyncExternalStore(subscribe, view.snapshot, view.snapshot);
}

/** The stream of one component. */
class OwnStream {
  #url;
  #types;
  #options;
  #otherwise;
  #lastEventId = '';

  /**
   * @param {string} url
   * @param {readonly string[]} types
   * @param {{ current: any }} options
   * @param {View} view
   * @param {() => SourceClass} otherwise what to make without the option `source`
   */
  constructor(url, types, options, view, otherwise) {
    this.#otherwise = otherwise;
    this.#url = url;
    this.#types = types;
    this.#options = options;
    this.view = view;
  }

  begin = () => {
    const { source, enabled, event, parse, reduce, initial, throttle, onEvent, onOpen, onGap, ...options } = this.#options.current;
    if (this.#lastEventId) options.lastEventId = this.#lastEventId;
    const stream = new (source ?? this.#otherwise())(this.#url, options);
    const { view } = this;
    view.set({ status: 'connecting' });
    stream.addEventListener('open', (/** @type {Event} */ event) => isPublished(event) || view.open());
    stream.addEventListener('error', (/** @type {FanfareError} */ error) => isPublished(error) || view.fail(error));
    stream.addEventListener('fanfare-gap', (/** @type {FanfareMessage} */ { data }) => view.miss(JSON.parse(data)));
    for (const type of this.#types) stream.addEventListener(type, (/** @type {any} */ message) => isPublished(message) && view.take(message));
    return () => {
      this.#lastEventId = stream.lastEventId;
      stream.close();
      view.set({ status: 'idle' });
    };
  };
}

const NOWHERE = { begin: () => () => {} };

/**
 * An event stream for as long as the component is there. It is another one, and `data` begins anew, when `url` or `event` changes; the
 * options of FanfareSource count when it begins.
 *
 * @template {Record<string, any>} [Events=Record<string, any>] the payload of each event type
 * @template {keyof Events & string} [Type=keyof Events & string]
 * @template [State=Events[Type] | undefined]
 * @param {string | URL | null | undefined} url null for none yet
 * @param {ViewOptions<Events[Type], State> & FanfareSourceOptions & { event?: Type | readonly Type[], source?: SourceClass }} [options] `event`: the
 *   types that count, `message` by default
 * @returns {SSE<State>}
 */
export function useSSE(url, options = {}) {
  const newest = useNewest(options);
  const page = useContext(Page);
  const target = url === null || url === undefined ? undefined : String(url);
  const types = typesOf(options.event).join('\n');
  const stream = useMemo(() => {
    const view = new View(newest, options.initial, target !== undefined && options.enabled !== false ? 'connecting' : 'idle');
    return target === undefined ? { ...NOWHERE, view } : new OwnStream(target, types.split('\n'), newest, view, () => page?.sourceClass ?? FanfareSource);
  }, [target, types, newest, page]);
  return useView(stream.view, stream.begin, target !== undefined && options.enabled !== false);
}

/** The one stream of a page. It is there while any component wants a topic. */
class PageStream {
  #url;
  #options;
  /** @type {FanfareSource | undefined} */
  #source;
  /** @type {'connecting' | 'open' | FanfareError} */
  #status = 'connecting';
  /** @type {Set<{ selector: string, types: readonly string[], view: View }>} */
  #wanted = new Set();
  /** @type {Set<string>} event types that are listened to */
  #types = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #sweeping;

  /**
   * @param {string} url
   * @param {{ current: any }} options
   */
  constructor(url, options) {
    this.#url = url;
    this.#options = options;
  }

  /** @returns {SourceClass} */
  get sourceClass() {
    return this.#options.current.source ?? FanfareSource;
  }

  /**
   * @param {string} selector
   * @param {readonly string[]} types
   * @param {View} view
   */
  add(selector, types, view) {
    const want = { selector, types, view };
    this.#wanted.add(want);
    const isNew = !this.#source?.topics.includes(selector);
    if (!this.#source || this.#source.readyState === FanfareSource.CLOSED) this.#open();
    else if (isNew) {
      this.#status = 'connecting';
      this.#source.add(selector);
    }
    types.forEach((type) => this.#listen(type));
    if (!isNew && this.#status === 'open') view.open();
    else view.set({ status: 'connecting' });
    return () => {
      this.#wanted.delete(want);
      view.set({ status: 'idle' });
      this.#sweeping ??= setTimeout(() => this.#sweep(), LINGER);
    };
  }

  #open() {
    const { source: _, url, children, ...options } = this.#options.current;
    const address = new URL(this.#url, globalThis.document?.baseURI);
    address.searchParams.set('with', 'also');
    const topics = [...new Set([...this.#wanted].map(({ selector }) => selector))];
    this.#types.clear();
    const lastEventId = this.#source?.lastEventId || options.lastEventId;
    const source = (this.#source = new this.sourceClass(address, { ...options, topics, lastEventId }));
    source.addEventListener('open', (event) => isPublished(event) || this.#tell('open', (view) => view.open()));
    source.addEventListener('error', (/** @type {FanfareError} */ error) => isPublished(error) || this.#tell(error, (view) => view.fail(error)));
    source.addEventListener('fanfare-gap', ({ data }) => this.#gap(JSON.parse(data)));
    for (const { types } of this.#wanted) types.forEach((type) => this.#listen(type));
  }

  /**
   * @param {'open' | FanfareError} status
   * @param {(view: View) => void} tell
   */
  #tell(status, tell) {
    this.#status = status;
    for (const { view } of this.#wanted) tell(view);
  }

  /** @param {Gap} gap */
  #gap(gap) {
    for (const { selector, view } of this.#wanted) {
      if (gap.topics.length === 20 || gap.topics.includes(selector) || /^@me(\/|$)/.test(selector)) view.miss(gap); // a gap has the user's name
    }
  }

  /** @param {string} type */
  #listen(type) {
    if (this.#types.has(type)) return;
    this.#types.add(type);
    this.#source?.addEventListener(type, (/** @type {any} */ event) => {
      if (!isPublished(event)) return;
      for (const { selector, types, view } of this.#wanted) {
        if (types.includes(type) && receives([selector], event)) view.take(event);
      }
    });
  }

  #sweep() {
    this.#sweeping = undefined;
    const wanted = [...this.#wanted].map(({ selector }) => selector);
    if (!wanted.length) {
      this.#source?.close();
      this.#source = undefined;
      this.#status = 'connecting';
      return;
    }
    const needless = this.#source?.topics.filter((topic) => !wanted.includes(topic)) ?? [];
    if (!needless.length) return;
    if (this.#source?.readyState === FanfareSource.CLOSED) this.#open(); // what was refused may be among them
    else this.#source?.drop(...needless);
  }
}

/**
 * Gives the components in it one stream: `url` is where events are, without topics, and the rest is options of FanfareSource, which
 * count when the stream begins. Another `url` is another stream. `source` is used by `useSSE` in it, too.
 *
 * @param {FanfareSourceOptions & { url: string | URL, source?: SourceClass, children?: import('react').ReactNode }} props
 */
export function FanfareProvider(props) {
  const url = String(props.url);
  const newest = useNewest(props);
  const stream = useMemo(() => new PageStream(url, newest), [url, newest]);
  return createElement(Page.Provider, { value: stream }, props.children);
}

/**
 * The events of a topic or pattern, out of the stream of the FanfareProvider around.
 *
 * @template {Record<string, any>} [Events=Record<string, any>] the payload of each event type
 * @template {keyof Events & string} [Type=keyof Events & string]
 * @template [State=Events[Type] | undefined]
 * @param {string | null | undefined} selector null for none yet
 * @param {ViewOptions<Events[Type], State> & { event?: Type | readonly Type[] }} [options] `event`: the types that count, `message`
 *   by default
 * @returns {SSE<State>}
 */
export function useTopic(selector, options = {}) {
  const page = useContext(Page);
  if (!page) throw new Error('useTopic: there is no <FanfareProvider url="..."> around this component');
  const newest = useNewest(options);
  const types = typesOf(options.event).join('\n');
  const topic = useMemo(() => {
    const view = new View(newest, options.initial, selector && options.enabled !== false ? 'connecting' : 'idle');
    return { view, begin: () => page.add(/** @type {string} */ (selector), types.split('\n'), view) };
  }, [page, selector, types, newest]);
  return useView(topic.view, topic.begin, !!selector && options.enabled !== false);
}
