// docs/outbox.md, as written: its schema, its transaction, its relay and its lines for the browser, with everything killed in the middle.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import http from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { assertAllOnceInOrder } from './support/accounting.mjs';
import { openPage, startBrowser } from './support/browser.mjs';
import { commands, documentBlocks } from './support/document.mjs';
import { emptyDirectory } from './support/folder.mjs';
import { history, request } from './support/http.mjs';
import { startNode } from './support/node.mjs';
import { run, start } from './support/process.mjs';
import { startProxy } from './support/proxy.mjs';
import { newSeed, seeded } from './support/random.mjs';
import { until } from './support/until.mjs';

const long = Boolean(process.env.E2E_LONG);
const blocks = documentBlocks('docs/outbox.md');
const env = { no_proxy: '*', PYTHONDONTWRITEBYTECODE: '1' };

const ofLanguage = (language) => blocks.filter((block) => block.language === language).map((block) => block.text);

/** A directory with the files that the document shows, each under the name that stands before it. */
async function shopDirectory(t) {
  const folder = await emptyDirectory(t);
  for (const { text, before } of blocks) {
    const name = before.match(/.*`(\w+\.(?:sql|py))`/s)?.[1];
    if (name) await writeFile(join(folder, name), text);
  }
  return folder;
}

const python = (t, folder, ...args) => run(t, 'python3', args, { cwd: folder, env });

/** The rows of a query of the shop's database, as arrays. */
async function query(t, folder, sql) {
  const script = 'import json, sqlite3, sys; print(json.dumps(sqlite3.connect("shop.db", timeout=30).execute(sys.argv[1]).fetchall()))';
  const { code, stdout, stderr } = await python(t, folder, '-c', script, sql);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

/** Makes the shop's database by the document's schema, and what a test adds to it. */
async function createShop(t, folder, more = '') {
  const script = 'import sqlite3, sys; sqlite3.connect("shop.db").executescript(open("schema.sql").read() + sys.argv[1])';
  const { code, stderr } = await python(t, folder, '-c', script, more);
  assert.equal(code, 0, stderr);
}

const startRelay = (t, folder, port) => start(t, 'python3', ['relay.py', 'shop.db', `http://127.0.0.1:${port}`], { cwd: folder, env });

/** The document's lines in a page: what they show, as `{ id, data }`, what they missed, and what else the page had to say. */
async function browse(t, port) {
  const page = await openPage(t, browser);
  const shown = { events: [], missed: [], errors: [] };
  page.on('console', (message) => {
    const [, id, data] = message.text().match(/^(\S+) ([^]*)$/) ?? [];
    if (message.type() === 'error') shown.errors.push(message.text());
    else (id === 'missed' ? shown.missed : shown.events).push({ id, data });
  });
  await page.addScriptTag({ content: ofLanguage('js').join('\n').replaceAll('7070', String(port)) });
  await until('the page to subscribe', () => page.evaluate('orders.readyState === EventSource.OPEN'));
  return shown;
}

let browser;
before(async () => (browser = await startBrowser()));
after(() => browser?.close());

test("the document's commands publish what they wrote, under the id of its row", async (t) => {
  const folder = await shopDirectory(t);
  const node = await startNode(t, { data: join(folder, 'log') });
  const shown = await browse(t, node.port);

  for (const line of ofLanguage('sh').flatMap(commands)) {
    const program = start(t, 'bash', ['-c', `exec ${line.replaceAll('7070', String(node.port))}`], { cwd: folder, env });
    if (!line.includes('relay.py')) assert.equal(await program.exit(), 0, `\`${line}\` failed: ${program.output}`);
  }

  await until('the row to be shown', () => shown.events.length > 0);
  assert.deepEqual(shown.events, [{ id: 'order-1', data: '{"id": 42, "status": "paid"}' }]);
  await until('its row to be gone', async () => (await query(t, folder, 'SELECT * FROM outbox')).length === 0);
});

/**
 * The relay's way to the node. Told to, it kills the relay around a publish: `before` it is passed on, once it was `passed` on but not
 * answered, when it was `answered`, or so that it arrives `late`, together with the next relay's first. Or it kills the `node` meanwhile.
 */
class Door {
  /** How often each publish has reached the node, by key. */
  sent = new Map();
  #plan;
  #held;

  constructor(port, random, { killRelay, killNode }) {
    this.upstream = `http://127.0.0.1:${port}`;
    this.random = random;
    this.killRelay = killRelay;
    this.killNode = killNode;
    this.server = http.createServer((incoming, outgoing) => this.#take(incoming, outgoing).catch(() => outgoing.destroy()));
  }

  get port() {
    return this.server.address().port;
  }

  /** Kills once, with the publish after so many more. */
  plan(how, skip) {
    return new Promise((done) => (this.#plan = { how, skip, done }));
  }

  async #take(incoming, outgoing) {
    const chunks = await incoming.toArray();
    const pass = () => this.#pass(incoming, Buffer.concat(chunks));
    const plan = incoming.method === 'POST' && this.#plan && this.#plan.skip-- === 0 ? this.#plan : undefined;
    if (plan) this.#plan = undefined;
    if (incoming.method === 'POST' && this.#held) await Promise.all([this.#held(), (this.#held = undefined)]);
    if (plan?.how === 'node') {
      const answer = pass();
      answer.catch(() => {});
      await pause(this.random.between(0, 3)); // anywhere in its work
      await this.killNode();
      plan.done();
      return outgoing.destroy();
    }
    if (plan?.how === 'late') this.#held = pass;
    if (plan?.how === 'passed') await pass();
    if (plan && plan.how !== 'answered') return plan.done(await this.killRelay());
    const answer = await pass();
    outgoing.writeHead(answer.status, { 'Content-Type': answer.headers['content-type'] }).end(answer.text);
    if (plan) {
      await pause(this.random.between(0, 10)); // before, while or after the row is forgotten
      plan.done(await this.killRelay());
    }
  }

  async #pass({ method, url, headers }, body) {
    const { host, connection, ...rest } = headers;
    const answer = await request(method, this.upstream + url, { headers: rest, body: method === 'POST' ? body : undefined });
    const key = headers['idempotency-key'];
    if (answer.status === 201) this.sent.set(key, (this.sent.get(key) ?? 0) + 1);
    return answer;
  }
}

async function startDoor(t, port, random, kills) {
  const door = new Door(port, random, kills);
  door.server.listen(0, '127.0.0.1');
  await once(door.server, 'listening');
  t.after(() => (door.server.closeAllConnections(), door.server.close()));
  return door;
}

test('a row that was published before an outage longer than idempotency.window is not published again', async (t) => {
  const folder = await shopDirectory(t);
  const node = await startNode(t, { data: join(folder, 'log'), args: ['--idempotency.window', '1s'] });
  await createShop(t, folder);
  const door = await startDoor(t, node.port, seeded(1), { killRelay: () => relay.stop('SIGKILL') });
  let relay = startRelay(t, folder, door.port);
  const killed = door.plan('passed', 1);
  for (const status of ['paid', 'shipped']) await python(t, folder, 'shop.py', 'shop.db', '42', status);
  await killed;
  assert.deepEqual(await query(t, folder, 'SELECT id FROM outbox'), [[2]], 'published, and still in the table');

  // A key used now is forgotten; so is the one used before it.
  const probe = () => request('POST', `${node.url}/topics/probe`, { headers: { 'Idempotency-Key': 'probe' }, body: 'again?' });
  await until('the key to be forgotten', async () => (await probe()) && (await history(node.url, 'probe')).length > 1);
  relay = startRelay(t, folder, door.port);
  await python(t, folder, 'shop.py', 'shop.db', '42', 'delivered');

  await until(() => `the table to be empty; ${relay.output}`, async () => (await query(t, folder, 'SELECT id FROM outbox')).length === 0);
  const events = await history(node.url, 'orders/*');
  assert.deepEqual(events.map(({ id, data }) => `${id} ${JSON.parse(data).status}`), ['order-1 paid', 'order-2 shipped', 'order-3 delivered']);
});

test('application, relay and node are killed at any point: every committed row comes once, in order', { timeout: 600_000 }, async (t) => {
  const seed = newSeed();
  const random = seeded(seed);
  const folder = await shopDirectory(t);
  const nodeOptions = { data: join(folder, 'log'), args: ['--retry', '500ms'] };
  let node = await startNode(t, nodeOptions);
  const proxy = await startProxy(t, node.port);
  const shown = await browse(t, proxy.port);
  // What the application committed is written down by the database itself.
  await createShop(t, folder, `
    CREATE TABLE committed (id INTEGER PRIMARY KEY, data TEXT);
    CREATE TRIGGER commits AFTER INSERT ON outbox BEGIN INSERT INTO committed VALUES (new.id, new.data); END;`);

  const startShop = () => start(t, 'python3', ['-c',
    'import shop, sqlite3, sys\ndb = sqlite3.connect("shop.db", timeout=30)\nfor line in sys.stdin: shop.set_status(db, int(line), f"status {line}" * 20)'],
    { cwd: folder, env, input: null });
  const write = (rows) => shop.child.stdin.write(Array.from({ length: rows }, () => `${random.between(1, 50)}\n`).join(''));

  const door = await startDoor(t, node.port, random, {
    killRelay: () => relay.stop('SIGKILL'),
    async killNode() {
      await node.kill();
      node = await startNode(t, { ...nodeOptions, port: node.port });
    },
  });
  let shop = startShop();
  let relay = startRelay(t, folder, door.port);
  write(1);
  await until(() => `the first row; ${relay.output} ${shop.output}`, () => shown.events.length === 1);

  const rounds = long ? 280 : 35;
  for (let round = 0; round < rounds; round++) {
    // Each way in turn; a killed application has committed some of its rows, or none.
    const how = ['before', 'passed', 'late', 'answered', 'answered', 'late', 'node'][round % 7];
    if (random.chance(0.2)) {
      write(5);
      await pause(random.between(0, 20)); // anywhere in its work
      await shop.stop('SIGKILL');
      shop = startShop();
    }
    const pastItsHead = [...proxy.pairs].some((pair) => pair.bytes > 600); // an end in it would make a shorter head
    if (random.chance(0.8)) proxy.cutAfter(random.between(1, 1500), pastItsHead ? random.pick(['reset', 'end']) : 'reset');
    let killed = false;
    door.plan(how, random.between(0, 5)).then(() => (killed = true));
    write(8);
    await until(() => `round ${round}, ${how} (seed ${seed}): ${relay.output} ${shop.output}`, () => killed, { within: 60_000 });
    if (relay.ended) relay = startRelay(t, folder, door.port);
  }
  shop.child.stdin.end();
  assert.equal(await shop.exit(), 0, shop.output);
  const committed = (await query(t, folder, 'SELECT id, data FROM committed ORDER BY id')).map(([id, data]) => ({ id: `order-${id}`, data }));
  await until(() => `the last row (seed ${seed}); ${relay.output}`, () => shown.events.at(-1).id === committed.at(-1).id, { within: 30_000 })
    .catch(() => {}); // the account says more

  const twice = [...door.sent.values()].filter((times) => times > 1).length;
  const summary = `${committed.length} rows, ${rounds} kills, ${twice} rows published twice or more, ${proxy.cuts} cuts of the stream, seed ${seed}`;
  assertAllOnceInOrder(shown.events, committed, `${summary}; the page's last errors: ${shown.errors.slice(-3)}`);
  assertAllOnceInOrder((await history(node.url, 'orders/*')).map(({ id, data }) => ({ id, data })), committed, summary);
  assert.deepEqual(shown.missed, []);
  assert.ok(twice >= rounds / 7, `too few publishes were repeated to show anything: ${summary}`);
  const last = new Map(committed.map(({ data }) => JSON.parse(data)).map(({ id, status }) => [id, status]));
  assert.deepEqual(new Map(await query(t, folder, 'SELECT id, status FROM orders')), last, 'the state is not what the events say');
  t.diagnostic(summary);
});
