// A node that held many streams is killed. Those who come back are spread out, though most of them were told their time when there was little load.
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { startNode } from './support/node.mjs';
import { request } from './support/http.mjs';
import { until } from './support/until.mjs';

const CLIENTS = process.env.E2E_LONG ? 5_000 : 500;
const LEAST = 500;
const MOST = 10_000;

/** What EventSource does with a stream: takes its retry, and is back that long after it was cut. */
class Client {
  retry = 3_000;
  open = false;

  constructor(port) {
    this.port = port;
    this.connect();
  }

  connect() {
    let text = '';
    this.socket = net.connect(this.port, '127.0.0.1', () =>
      this.socket.write('GET /topics/a HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n'));
    this.socket.setEncoding('latin1').on('data', (more) => {
      text = text.slice(-40) + more;
      for (const [, retry] of text.matchAll(/retry: (\d+)\n/g)) this.retry = Number(retry);
      this.open ||= /fanfare-open/.test(text);
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.open = false;
      if (this.gone) return;
      this.cutAt ??= performance.now();
      this.timer = setTimeout(() => {
        this.backAfter ??= performance.now() - this.cutAt;
        this.connect();
      }, this.retry);
    });
  }

  close() {
    this.gone = true;
    clearTimeout(this.timer);
    this.socket.destroy();
  }
}

test(`${CLIENTS} clients of a node that is killed come back spread out`, async (t) => {
  const args = ['--limits.streams', String(CLIENTS), '--retry', `${LEAST}ms`, '--retry.max', `${MOST}ms`, '--heartbeat', '2s'];
  const node = await startNode(t, { args });
  const clients = [];
  t.after(() => clients.forEach((client) => client.close()));
  while (clients.length < CLIENTS) {
    for (let i = 0; i < 100; i++) clients.push(new Client(node.port));
    await until(`${clients.length} streams`, () => clients.every((client) => client.open));
  }
  await until('the longest time', async () => (await request('GET', `${node.url}/stats`)).json.longestRetry === MOST, { within: 30_000 });
  const told = (above) => clients.filter((client) => client.retry > above).length / CLIENTS;
  await until(() => `the clients to have heard of it, not ${told(2 * LEAST)}, ${told(MOST / 2)}`, () => told(2 * LEAST) > 0.85 && told(MOST / 2) > 0.2, { within: 30_000 });
  t.diagnostic(`told: ${clients.map((client) => client.retry).sort((a, b) => a - b).filter((_, i) => i % (CLIENTS / 10) === 0)} ms`);

  await node.kill();
  const successor = await startNode(t, { port: node.port, args });
  await until('all to be back', () => clients.every((client) => client.open), { within: 60_000 });

  const buckets = Array(10).fill(0);
  for (const { backAfter } of clients) buckets[Math.min(9, Math.floor(backAfter / (MOST / 10)))]++;
  t.diagnostic(`first attempts in each tenth of retry.max: ${buckets}`);
  assert.ok(Math.max(...buckets) < 0.3 * CLIENTS, `in one tenth of the time came ${Math.max(...buckets)} of ${CLIENTS}: ${buckets}`);
  assert.ok(buckets.filter((count) => count > 0.02 * CLIENTS).length >= 6, `they came in a few tenths of the time only: ${buckets}`);
  assert.equal((await request('GET', `${successor.url}/stats`)).json.streams, CLIENTS);
});
