// docs/state.md, as written, in Chromium, with writes between its three steps.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openPage, startBrowser } from './support/browser.mjs';
import { documentBlocks } from './support/document.mjs';
import { publish, request } from './support/http.mjs';
import { startNode } from './support/node.mjs';
import { openStream } from './support/stream.mjs';
import { until } from './support/until.mjs';

const script = documentBlocks('docs/state.md').filter(({ language }) => language === 'js').map(({ text }) => text).join('\n');

/** An application's database, which publishes what it has committed. */
class Orders {
  rows = new Map();

  constructor(node) {
    this.node = node;
  }

  async write(id, status) {
    const row = { id, status, version: (this.rows.get(id)?.version ?? 0) + 1 };
    this.rows.set(id, row);
    await publish(this.node.url, `orders/${id}`, JSON.stringify(row), { event: 'status' });
    return row;
  }

  read() {
    return [...this.rows.values()];
  }
}

/**
 * The document's lines in a page whose `/orders` is answered by `answer()`: each state it shows, as `[[id, status], …]`, and the URLs of
 * its streams.
 */
async function followInPage(t, node, answer) {
  const page = await openPage(t, browser);
  const [shown, streams, errors] = [[], [], []];
  page.on('request', (sent) => sent.resourceType() === 'eventsource' && streams.push(sent.url()));
  page.on('pageerror', (error) => errors.push(error.message));
  await page.route('**/orders', async (route) => route.fulfill({ json: await answer() }));
  await page.exposeFunction('shown', (state) => shown.push(state));
  await page.addScriptTag({ content: script.replaceAll('7070', String(node.port)) });
  await page.evaluate('follow(orders => shown([...orders.values()].map(o => [o.id, o.status])))');
  assert.deepEqual(errors, []);
  return { page, shown, streams };
}

const order = (state, id) => state.find(([key]) => key === id)?.[1];

let browser;
before(async () => (browser = await startBrowser()));
after(() => browser?.close());

test('nothing is lost of what is written between the cursor, the state and the stream, and what comes twice changes nothing', async (t) => {
  const node = await startNode(t);
  const orders = new Orders(node);
  await orders.write(1, 'before all');
  const twice = [];
  const { shown, streams } = await followInPage(t, node, async () => {
    // The cursor has been taken.
    twice.push(await orders.write(42, 'in doubt'), await orders.write(42, 'paid'));
    const state = orders.read();
    await orders.write(43, 'too late for the state');
    return state;
  });
  await orders.write(42, 'shipped');

  await until(() => `the last write to be shown; ${JSON.stringify(shown)}`, () => shown.some((state) => order(state, 42) === 'shipped'));
  assert.deepEqual(shown, [
    [[1, 'before all'], [42, 'paid']],
    [[1, 'before all'], [42, 'paid'], [43, 'too late for the state']],
    [[1, 'before all'], [42, 'shipped'], [43, 'too late for the state']],
  ]);
  const stream = await openStream(t, streams[0]);
  await until('the events that the page got', () => stream.published.length === 4);
  assert.deepEqual(stream.published.slice(0, 2).map(({ data }) => JSON.parse(data)), twice, 'what the state held came as events, too');
});

test('with the state read before the cursor, a write between them is in neither', async (t) => {
  const node = await startNode(t);
  const orders = new Orders(node);
  const asJson = { headers: { Accept: 'application/json' } };

  const state = orders.read();
  await orders.write(42, 'paid');
  const { last } = (await request('GET', `${node.url}/events?topic=orders/*`, asJson)).json;
  await orders.write(43, 'paid');

  const stream = await openStream(t, `${node.url}/events?topic=orders/*&from=${last}`);
  await until('the event after the cursor', () => stream.published.length > 0);
  assert.deepEqual(state, []);
  assert.deepEqual(stream.published.map(({ data }) => JSON.parse(data).id), [43]);
});

test('after a gap the page begins again, and shows what it missed', async (t) => {
  const node = await startNode(t);
  const orders = new Orders(node);
  await orders.write(42, 'paid');
  const { shown, streams } = await followInPage(t, node, () => orders.read());
  await until('the state and its stream', () => shown.length === 1 && streams.length === 1);

  await node.kill(); // and its log with it
  orders.rows.get(42).status = 'shipped';
  orders.node = await startNode(t, { port: node.port });

  await until(() => `the new state; ${JSON.stringify(shown)}`, () => order(shown.at(-1), 42) === 'shipped', { within: 20_000 });
  await orders.write(42, 'delivered');
  await until(() => `what followed; ${JSON.stringify(shown)}`, () => order(shown.at(-1), 42) === 'delivered');
});
