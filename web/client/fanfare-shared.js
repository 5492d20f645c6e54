/**
 * One stream for all tabs of an origin. FanfareSource loads this by itself when its option `shared` is set.
 *
 * Sources that share are members of a group: those of the same URL, apart from its topics. One tab, which has a Web Lock, is the
 * holder: it has the group's only stream, asks in it for all that the members want, and tells every tab of every event over a
 * BroadcastChannel. Each member takes what is its own.
 *
 * A member trusts no other tab with its place. It has its topics added to the holder's stream, then reads JSON pages from its own last
 * event ID to the end, and goes on with what the holder has told meanwhile, without what was in the pages. Whatever happens (another
 * tab holds, the stream was cut, a message is missing) is answered by doing that once more; so nothing is lost and nothing doubled.
 *
 * From a holder that is closed or crashes the lock goes to the next in line. From one that does not answer, another tab takes it.
 *
 * @module
 */

import { FanfareSource, textOf, topicsOf } from './fanfare.js';
import { receives } from './fanfare-topics.js';

/** @import { FanfareSourceOptions } from './fanfare.js' */

/** How long a holder may take to answer, and how often it is asked to, in ms. */
const PATIENCE = 2000;
const PING = 5000;

/** How long a group outlives its last member, and a topic the last who wanted it, in ms: a page is often followed by its like. */
const LINGER = 1000;

/** The most events that wait for a member's pages; one with more begins again. Also the most of their ids that it knows. */
const MOST_QUEUED = 10_000;

/** The most topics of one stream, as in `limits.topics-per-stream`; a member beyond them has a stream of its own. */
const MOST_TOPICS = 100;

/** How often a member looks whether its topics have ended, in ms: the holder's stream ends only when those of all have. */
const END_CHECK = 60_000;

/** What of a URL is a member's own. */
const OWN = ['topic', 'from', 'limit', 'wait', 'open', 'lastEventId', 'last-event-id', 'last_event_id', 'lastEventID', 'Last-Event-ID', 'evs_last_event_id'];

/** @typedef {RequestInit & { headers: Headers, signal: AbortSignal }} SourceInit */
/** @typedef {{ type: string, data: string, id: string, topic: string | null, also?: readonly string[] }} Told an event as it is told */
/** @typedef {{ tab: string, ask?: string, topics?: string[], gone?: string }} ToHolder without `ask` and `gone`: an answer is enough */
/**
 * @typedef {object} FromHolder
 * @property {string} holder who it is from
 * @property {number} n how many events it has told
 * @property {true} [begins] it holds from now on
 * @property {string} [to] an answer to this tab
 * @property {string} [live] the topics of this member are in the stream
 * @property {string} [alone] this member cannot share, or nobody: `*`
 * @property {number} [retry] with `live`: the stream's reconnection time
 * @property {string} [position] up to which the stream has come, with no event to tell
 * @property {Told} [event]
 * @property {true} [again] the stream has a hole, or its end
 * @property {number} [lost] the stream is lost, for so many ms at least
 */

/**
 * What FanfareSource has for a fetch when it shares: a request for a stream is answered by the group, any other one is sent.
 *
 * @param {FanfareSourceOptions} options
 * @param {string} url
 * @param {SourceInit} init
 * @returns {Promise<Response>}
 */
export async function sharedFetch(options, url, init) {
  const send = options.fetch ?? globalThis.fetch.bind(globalThis);
  const enveloped = new URL(url).searchParams.get('with') === 'envelope'; // and pages are not
  if (enveloped || init.headers.get('Accept') !== 'text/event-stream' || !(await canShare())) return send(url, init);
  const reader = new Reader(send, url, init, options.maxBuffer);
  const first = await reader.answer(); // also says whether this tab may read the topics: the holder's rights are no matter of a member's
  if (first.status === 406 || (first.status === 200 && !isJson(first))) { // a server without pages
    first.body?.cancel();
    return send(url, init);
  }
  if (first.status !== 200) return first;
  const page = await reader.read(first);
  init.signal.throwIfAborted(); // a group would wait for the end of a member that is over
  const member = new Member(Group.of(url, options), reader, page);
  return new Response(member.body, { headers: { 'Content-Type': 'text/event-stream' } });
}

/** Whether tabs can find each other here: not in a page that is not secure, and not where what sites keep is blocked, as in a sandbox. */
async function canShare() {
  try {
    new BroadcastChannel('fanfare').close();
    await navigator.locks.query();
    return true;
  } catch {
    return false;
  }
}

/** A FanfareSource that shares: the same as the option `shared`, without loading anything later. */
export class SharedSource extends FanfareSource {
  /**
   * @param {string | URL} url
   * @param {FanfareSourceOptions} [options]
   */
  constructor(url, options = {}) {
    const sharing = { shared: true, ...options };
    super(url, { ...options, shared: undefined, fetch: (request, init) => sharedFetch(sharing, String(request), /** @type {SourceInit} */ (init)) });
  }
}

/** @param {Response} response */
const isJson = (response) => !!response.headers.get('Content-Type')?.startsWith('application/json');

/** @param {string} id */
const isPosition = (id) => /^\d+-\d+$/.test(id);

/** Whether a position is after another. @param {string} a @param {string} b */
function isAfter(a, b) {
  const [[x, m], [y, n]] = [a, b].map((id) => id.split('-').map(Number));
  return x > y || (x === y && m > n);
}

/** Requests as the source would send them, from the place where its member is. */
class Reader {
  #send;
  #url;
  #init;
  #maxBuffer;
  /** The last event ID. */
  place;
  topics;
  /** Whether it begins with `fanfare-open`. */
  opens;

  /**
   * @param {typeof fetch} send
   * @param {string} url
   * @param {SourceInit} init
   * @param {number} [maxBuffer]
   */
  constructor(send, url, init, maxBuffer) {
    this.#send = send;
    this.#url = url;
    this.#init = init;
    this.#maxBuffer = maxBuffer;
    this.place = init.headers.get('Last-Event-ID') ?? '';
    this.topics = topicsOf(new URL(url));
    this.opens = new URL(url).searchParams.get('open') !== 'none';
  }

  get signal() {
    return this.#init.signal;
  }

  /**
   * @param {string} url
   * @param {string} accept
   */
  #request(url, accept) {
    const headers = new Headers(this.#init.headers);
    headers.set('Accept', accept);
    if (this.place) headers.set('Last-Event-ID', this.place);
    return this.#send(url, { ...this.#init, headers });
  }

  answer() {
    const url = new URL(this.#url);
    url.searchParams.set('with', 'also');
    if (!url.searchParams.has('limit')) url.searchParams.set('limit', '1000');
    return this.#request(url.href, 'application/json');
  }

  /** The next page. */
  async page() {
    const answer = await this.answer();
    if (answer.status !== 200 || !isJson(answer)) throw new TypeError(`${answer.status} for a page`);
    return this.read(answer);
  }

  /** @param {Response} answer */
  async read(answer) {
    return JSON.parse(await textOf(answer, this.#maxBuffer));
  }

  /** The stream that the source would have alone. */
  stream() {
    return this.#request(this.#url, 'text/event-stream');
  }
}

/** A source's stream, as the group feeds it. */
class Member {
  id = crypto.randomUUID();
  #group;
  #reader;
  /** @type {ReadableStreamDefaultController<Uint8Array>} */
  #out = /** @type {any} */ (undefined);
  #encoder = new TextEncoder();
  /** @type {'joining' | 'reading' | 'live' | 'over'} */
  #state = 'joining';
  #doubtful = false; // what is told now does not follow what was told before
  #alone = false;
  #wake = () => {};
  /** @type {number | undefined} the reconnection time of the holder's stream, in ms */
  #retry;
  /** @type {Told[]} told while pages were read */
  #queue = [];
  #readTo = ''; // where the pages end
  /** @type {Set<string>} ids of publishers' own in the pages: the holder may yet tell of them, and they have no order */
  #read = new Set();

  /**
   * @param {Group} group
   * @param {Reader} reader
   * @param {any} page the first
   */
  constructor(group, reader, page) {
    this.#group = group;
    this.#reader = reader;
    group.join(this);
    reader.signal.addEventListener('abort', () => this.end());
    this.body = new ReadableStream({
      start: (out) => {
        this.#out = out;
        this.#run(page).catch((cause) => this.end(cause));
      },
      cancel: () => this.end(),
    });
  }

  get topics() {
    return this.#reader.topics;
  }

  get #over() {
    return this.#state === 'over';
  }

  /** @param {any} page */
  async #run(page) {
    this.#write(':\n');
    if (!this.#reader.place && !page.events.length && this.#reader.opens) {
      this.#event({ type: 'fanfare-open', data: JSON.stringify({ latest: page.last }), id: page.last, topic: null });
    }
    this.#take(page);
    const canEnd = !this.topics.some((topic) => topic.includes('*'));
    while (!this.#over) {
      this.#state = 'joining';
      this.#doubtful = false;
      if (!this.#alone) await this.#until(() => this.#group.ask(this));
      if (this.#over) return;
      if (this.#alone) return this.#pipe();
      do this.#take(page = await this.#reader.page());
      while (page.more && !this.#over);
      if (this.#over || this.#doubtful) continue;
      this.#state = 'live';
      if (this.#retry) this.#write(`retry: ${Math.ceil(this.#retry)}\n`);
      for (const told of this.#queue.splice(0)) this.#deliver(told);
      const check = canEnd ? setTimeout(() => this.again(), END_CHECK) : undefined;
      await this.#until(() => {});
      clearTimeout(check);
    }
  }

  /** @param {() => void} begin */
  #until(begin) {
    return new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
      this.#wake = resolve;
      begin();
    });
  }

  /**
   * The holder's stream has the topics: what is told from now on may follow what the pages have.
   *
   * @param {number} [retry] its reconnection time, in ms
   */
  live(retry) {
    if (this.#state !== 'joining') return;
    this.#retry = retry;
    this.#state = 'reading';
    this.#queue = [];
    this.#wake();
  }

  /** What is told may have a hole, or come from another holder. */
  again() {
    this.#doubtful = true;
    if (this.#state === 'joining') this.#group.ask(this);
    else if (this.#state === 'live') {
      this.#state = 'joining'; // at once: what else is told in this turn is read
      this.#wake();
    }
  }

  /** There is no sharing for this member. */
  alone() {
    this.#alone = this.#doubtful = true;
    if (this.#state !== 'reading') this.#wake();
  }

  /** @param {Told} told */
  tell(told) {
    if (this.#state === 'live') this.#deliver(told);
    else if (this.#state === 'reading' && this.#queue.push(told) > MOST_QUEUED) this.end(new Error('too much at once'));
  }

  /** @param {Told} told */
  #deliver(told) {
    if (this.#over) return;
    if (isPosition(told.id)) {
      if (!isAfter(told.id, this.#readTo)) return;
      this.#read.clear();
    } else if (this.#read.has(told.id)) {
      return;
    }
    if (receives(this.topics, told)) this.#event(told);
  }

  /** @param {any} page */
  #take({ events, gap, last, ended }) {
    if (this.#over) return;
    if (gap) this.#event({ type: 'fanfare-gap', data: JSON.stringify(gap), id: gap.resumedAt, topic: null });
    for (const { event, data, id, topic, also } of events) {
      if (!isPosition(id)) this.#remember(id);
      this.#event({ type: event, data, id, topic, also });
    }
    this.#readTo = last;
    if (ended) this.#event({ type: 'fanfare-end', data: '{}', id: last, topic: null });
    else if (last !== this.#reader.place) this.#write(`id: ${(this.#reader.place = last)}\n\n`);
  }

  /** @param {string} id */
  #remember(id) {
    this.#read.delete(id);
    this.#read.add(id);
    const [oldest] = this.#read;
    if (this.#read.size > MOST_QUEUED) this.#read.delete(oldest);
  }

  /** @param {Told} told */
  #event({ type, data, id, topic, also = [] }) {
    this.#reader.place = id;
    const topics = topic === null ? [] : [`topic: ${topic}`, ...also.map((name) => `also: ${name}`)];
    this.#write([`event: ${type}`, ...topics, ...data.split('\n').map((line) => `data: ${line}`), `id: ${id}\n\n`].join('\n'));
  }

  /** @param {string} text */
  #write(text) {
    if (!this.#over) this.#out.enqueue(this.#encoder.encode(text));
  }

  /**
   * The holder is well, though it has nothing to tell: a source that is live would take silence for a dead connection.
   *
   * @param {string} [position] of the holder's stream
   */
  beat(position = '') {
    if (this.#state !== 'live') return;
    this.#write(':\n');
    if (isPosition(position) && !isAfter(this.#readTo, position)) this.#read.clear();
  }

  async #pipe() {
    this.#group.leave(this);
    const { status, body } = await this.#reader.stream();
    if (status !== 200 || !body) throw new TypeError(`${status} for a stream`);
    const chunks = body.getReader();
    for (;;) {
      const { done, value } = await chunks.read();
      if (done || this.#over) return this.end();
      this.#out.enqueue(value);
    }
  }

  /**
   * The source loses its connection, and makes another.
   *
   * @param {unknown} [cause]
   * @param {number} [retry] its reconnection time until it is live again, in ms
   */
  end(cause, retry) {
    if (this.#over) return;
    if (retry) this.#write(`retry: ${Math.ceil(retry)}\n`);
    this.#state = 'over';
    this.#group.leave(this);
    this.#wake();
    try {
      if (cause) this.#out.error(cause);
      else this.#out.close();
    } catch {} // cancelled
  }
}

/** The members of one tab, and its part in who holds the stream. */
class Group {
  /** @type {Map<string, Group>} */
  static #all = new Map();

  /** @type {Map<string, Member>} */
  #members = new Map();
  #tab = crypto.randomUUID();
  #name;
  #open;
  #channel;
  #present; // once others can tell by a lock that this tab is there
  #closing = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #lingering;
  #pings;

  /** @type {string | undefined} whom this tab listens to */
  #holderId;
  #heard = 0; // the number of its events
  /** @type {Set<string>} holders that others came after */
  #former = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} the end of patience with it */
  #patience;

  /** @type {AbortController | undefined} this tab's request for the lock: in line, or granted */
  #turn;
  /** @type {Holder | undefined} while this tab holds */
  #holder;

  /**
   * @param {string} url of a source
   * @param {FanfareSourceOptions} options
   */
  static of(url, options) {
    const common = new URL(url);
    common.pathname = common.pathname.replace(/\/topics\/.*/, '/events');
    for (const name of OWN) common.searchParams.delete(name);
    common.searchParams.set('with', 'also');
    const name = `fanfare ${options.shared === true ? '' : options.shared} ${!!options.withCredentials} ${common.href}`;
    let group = Group.#all.get(name);
    if (!group) Group.#all.set(name, (group = new Group(name, common, options)));
    return group;
  }

  /**
   * @param {string} name
   * @param {URL} url
   * @param {FanfareSourceOptions} options
   */
  constructor(name, url, options) {
    const own = { shared: undefined, cursor: undefined, lastEventId: '', onGap: undefined, settle: true };
    this.#name = name;
    this.#open = (/** @type {string[]} */ topics, /** @type {(event: any) => void} */ take) => new HeldSource(url, { ...options, ...own, topics }, take);
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }) => this.#receive(data);
    this.#present = new Promise((resolve) => {
      const closed = new Promise((end) => this.#closing.signal.addEventListener('abort', end));
      navigator.locks.request(`${name} ${this.#tab}`, () => (resolve(undefined), closed)).catch(() => {});
    });
    this.#pings = setInterval(() => this.#say({ tab: this.#tab }), PING);
    this.#listenToPage('addEventListener');
    this.#seek(false);
  }

  /** @param {Member} member */
  join(member) {
    clearTimeout(this.#lingering);
    this.#members.set(member.id, member);
  }

  /** Has a member's topics added to the stream. @param {Member} member */
  async ask(member) {
    await this.#present;
    if (this.#members.has(member.id)) this.#say({ tab: this.#tab, ask: member.id, topics: [...member.topics] });
  }

  /** @param {Member} member */
  leave(member) {
    if (!this.#members.delete(member.id)) return;
    this.#post({ tab: this.#tab, gone: member.id });
    if (!this.#members.size) this.#lingering = setTimeout(() => this.#close(), LINGER);
  }

  #close() {
    Group.#all.delete(this.#name);
    clearInterval(this.#pings);
    clearTimeout(this.#patience);
    clearTimeout(this.#lingering);
    this.#listenToPage('removeEventListener');
    this.#closing.abort();
    this.#stepDown();
    this.#channel.close();
  }

  /** @param {'addEventListener' | 'removeEventListener'} change */
  #listenToPage(change) {
    globalThis.document?.[change]('freeze', this.#freeze);
    globalThis.document?.[change]('resume', this.#resume);
    globalThis[change]?.('pagehide', this.#hide);
  }

  // A page that is going to stand still can hold nothing.
  #freeze = () => this.#stepDown();
  #resume = () => this.#seek(false);
  #hide = (/** @type {Event} */ event) => {
    if (!(/** @type {PageTransitionEvent} */ (event).persisted)) return;
    for (const member of this.#members.values()) member.end();
    this.#close();
  };

  /**
   * Requests the lock, and again whenever it is taken away.
   *
   * @param {boolean} steal
   */
  async #seek(steal) {
    this.#stepDown();
    const turn = (this.#turn = new AbortController());
    const failure = await navigator.locks.request(this.#name, steal ? { steal } : { signal: turn.signal }, () => this.#hold(turn)).catch((error) => error);
    if (turn === this.#turn && (!failure || failure.name === 'AbortError')) this.#seek(false);
  }

  /** @param {AbortController} turn */
  #hold(turn) {
    if (turn !== this.#turn) return;
    this.#holder = new Holder(this.#name, this.#open, (message) => this.#post(message));
    return new Promise((resolve) => turn.signal.addEventListener('abort', resolve));
  }

  #stepDown() {
    const turn = this.#turn;
    this.#turn = undefined;
    turn?.abort();
    this.#holder?.stop();
    this.#holder = undefined;
  }

  /** Says what a holder answers; where none does, this tab will be one. @param {ToHolder} message */
  #say(message) {
    this.#post(message);
    this.#patience ??= setTimeout(() => {
      this.#patience = undefined;
      if (this.#members.size) this.#seek(true);
    }, PATIENCE * (1 + Math.random() / 2));
  }

  /** @param {ToHolder | FromHolder} message */
  #post(message) {
    this.#channel.postMessage(message);
    queueMicrotask(() => this.#receive(message)); // a channel does not hear itself
  }

  /** @param {ToHolder | FromHolder} message */
  #receive(message) {
    if (this.#closing.signal.aborted) return;
    if ('tab' in message) return this.#holder?.hear(message);
    const { holder, n, event, lost } = message;
    if (message.begins || (message.to === this.#tab && holder !== this.#holderId)) this.#follow(holder, n);
    if (holder !== this.#holderId) return;
    clearTimeout(this.#patience);
    this.#patience = undefined;
    const doubtful = message.again || n !== this.#heard + (event ? 1 : 0);
    this.#heard = n;
    this.#members.get(message.live ?? '')?.live(message.retry);
    this.#members.get(message.alone ?? '')?.alone();
    for (const member of this.#members.values()) {
      if (lost !== undefined) member.end(undefined, lost);
      else if (message.alone === '*') member.alone();
      else if (doubtful) member.again();
      else if (event) member.tell(event);
      else member.beat(message.position);
    }
  }

  /**
   * @param {string} holder
   * @param {number} n
   */
  #follow(holder, n) {
    if (this.#former.has(holder)) return;
    if (this.#holderId) this.#former.add(this.#holderId);
    if (this.#holder && this.#holder.id !== holder) this.#seek(false);
    this.#holderId = holder;
    this.#heard = n;
    for (const member of this.#members.values()) member.again();
  }
}

/** The group's stream. All its events go to one place, whatever their type. */
class HeldSource extends FanfareSource {
  #take;

  /**
   * @param {URL} url
   * @param {FanfareSourceOptions} options
   * @param {(event: any) => void} take
   */
  constructor(url, options, take) {
    super(url, options);
    this.#take = take;
  }

  /** @param {Event} event */
  dispatchEvent(event) {
    this.#take(event);
    return true;
  }
}

/** What the tab does that has the lock: it keeps the stream, asks in it for what is wanted, and tells the tabs of what comes. */
class Holder {
  id = crypto.randomUUID();
  #name;
  #open;
  #post;
  #stopped = new AbortController();
  #told = 0;
  /** @type {HeldSource | undefined} */
  #source;
  #changing = false; // it is to connect for other topics, at the end of this turn
  /** @type {Map<string, { tab: string, topics: string[] }>} by member */
  #wants = new Map();
  /** @type {Set<string>} members whose topics are not yet in the stream */
  #waiting = new Set();
  /** @type {Set<string>} tabs whose end is watched for */
  #watched = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #sweeping;

  /**
   * @param {string} name
   * @param {(topics: string[], take: (event: any) => void) => HeldSource} open
   * @param {(message: FromHolder) => void} post
   */
  constructor(name, open, post) {
    this.#name = name;
    this.#open = open;
    this.#post = post;
    this.#tell({ begins: true });
  }

  stop() {
    this.#stopped.abort();
    clearTimeout(this.#sweeping);
    this.#source?.close();
  }

  /** @param {Partial<FromHolder>} message */
  #tell(message) {
    if (!this.#stopped.signal.aborted) this.#post({ holder: this.id, n: this.#told, ...message });
  }

  /** @param {ToHolder} message */
  hear({ tab, ask, topics = [], gone }) {
    if (gone) return this.#forget((member) => member === gone);
    this.#tell({ to: tab });
    if (!ask) return;
    this.#watch(tab);
    const known = this.#source?.topics ?? [];
    const missing = topics.filter((topic) => !known.includes(topic));
    if (known.length + missing.length > MOST_TOPICS) return this.#tell({ to: tab, alone: ask });
    this.#wants.set(ask, { tab, topics });
    this.#waiting.add(ask);
    if (missing.length) {
      this.#change(() => {
        if (this.#source) this.#source.add(...missing);
        else this.#source = this.#open(missing, (event) => this.#take(event));
      });
    }
    this.#answer();
  }

  /** @param {() => void} change of the source's topics, which it carries out in a microtask */
  #change(change) {
    change();
    this.#changing = true;
    queueMicrotask(() => (this.#changing = false));
  }

  /** Tells the members whose topics are in the stream. It may lose events as long as it has no place. */
  #answer() {
    if (this.#changing || this.#source?.readyState !== FanfareSource.OPEN || !this.#source.lastEventId) return;
    const retry = this.#source.reconnectionTime;
    for (const member of this.#waiting) this.#tell({ to: this.#wants.get(member)?.tab, live: member, retry });
    this.#waiting.clear();
  }

  /** @param {any} event */
  #take(event) {
    const { type, data, lastEventId: id, topic, also } = event;
    const isOwn = !(event instanceof MessageEvent); // a published event may be of any type
    if (isOwn && type === 'error') return this.#lose(event);
    if (this.#waiting.size) queueMicrotask(() => this.#answer()); // pages have their place only after they opened
    if (type === 'fanfare-gap' || type === 'fanfare-end') this.#tell({ again: true });
    else if (type === 'fanfare-heartbeat') this.#tell({ position: id });
    else if (!isOwn && !type.startsWith('fanfare-')) this.#tell({ n: ++this.#told, event: { type, data, id, topic, also } });
  }

  /** The members come back by themselves, and so does the stream. @param {any} error */
  #lose({ reason, retryIn }) {
    this.#source?.close();
    this.#source = undefined;
    this.#wants.clear();
    this.#waiting.clear();
    if (reason === 'ended') this.#tell({ again: true });
    else if (retryIn === null) this.#tell({ alone: '*' });
    else this.#tell({ lost: retryIn });
  }

  /** Notices when a tab is closed or crashes: its lock is free then. @param {string} tab */
  #watch(tab) {
    if (this.#watched.has(tab)) return;
    this.#watched.add(tab);
    const { signal } = this.#stopped;
    navigator.locks.request(`${this.#name} ${tab}`, { signal }, () => {
      this.#watched.delete(tab);
      this.#forget((_, want) => want.tab === tab);
    }).catch(() => {});
  }

  /** @param {(member: string, want: { tab: string }) => boolean} isGone */
  #forget(isGone) {
    for (const [member, want] of this.#wants) {
      if (!isGone(member, want)) continue;
      this.#wants.delete(member);
      this.#waiting.delete(member);
    }
    this.#sweeping ??= setTimeout(() => this.#sweep(), LINGER);
  }

  #sweep() {
    this.#sweeping = undefined;
    const wanted = new Set([...this.#wants.values()].flatMap(({ topics }) => topics));
    const needless = this.#source?.topics.filter((topic) => !wanted.has(topic)) ?? [];
    if (!wanted.size) {
      this.#source?.close();
      this.#source = undefined;
    } else if (needless.length) {
      this.#change(() => this.#source?.drop(...needless));
    }
  }
}
