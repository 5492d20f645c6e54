// Readers that have stalled cost the node next to nothing, and the other readers do not notice them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import net from 'node:net';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { emptyDirectory } from './support/folder.mjs';
import { request } from './support/http.mjs';
import { startNode } from './support/node.mjs';
import { until } from './support/until.mjs';

const LONG = Boolean(process.env.E2E_LONG);
const STALLED = LONG ? 500 : 150;
const RUNS = 5;
const EVENT_BYTES = 10_000;
const EVENTS_A_RUN = (LONG ? 2_000_000_000 : 100_000_000) / EVENT_BYTES / RUNS;
const EVENTS_A_SECOND = 2_000;
const READERS = 4;
const MIB = 1 << 20;
const SUBSCRIBE = 'GET /topics/bulk?open=none HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n';
const padding = 'x'.repeat(EVENT_BYTES - 20);

/** An open stream on a bare socket. */
async function subscribe(port) {
  const socket = net.connect(port, '127.0.0.1', () => socket.write(SUBSCRIBE));
  socket.on('error', () => {});
  const [first] = await once(socket, 'data');
  assert.match(first.toString('latin1'), /^HTTP\/1\.1 200/);
  return socket;
}

/** Publishes a run's events at a steady rate: the latencies of all readers, in ms. */
async function run(port, readers) {
  const latencies = [];
  for (const reader of readers) {
    reader.removeAllListeners('data').on('data', (bytes) => {
      const now = performance.now();
      for (const [, at] of bytes.toString('latin1').matchAll(/data: @([\d.]+) /g)) latencies.push(now - Number(at));
    });
  }
  const producer = net.connect(port, '127.0.0.1');
  producer.write('POST /topics/bulk HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n');
  const begin = performance.now();
  for (let sent = 0; sent < EVENTS_A_RUN; ) {
    const due = Math.min(EVENTS_A_RUN, ((performance.now() - begin) / 1000) * EVENTS_A_SECOND);
    for (; sent < due; sent++) {
      const line = `{"data":"@${performance.now().toFixed(3)} ${padding}"}\n`;
      producer.write(`${line.length.toString(16)}\r\n${line}\r\n`);
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  producer.write('0\r\n\r\n');
  const [answer] = await once(producer, 'data');
  assert.match(answer.toString('latin1'), /^HTTP\/1\.1 200/);
  producer.destroy();
  await until('all events at all readers', () => latencies.length >= 0.99 * EVENTS_A_RUN * readers.length, { within: 60_000 });
  return latencies.sort((a, b) => a - b)[Math.floor(0.99 * latencies.length)];
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const ms = (values) => values.map((value) => value.toFixed(1)).join(', ');

/** Bytes: resident, and of the heap after a collection. */
function memory(pid) {
  execFileSync('jcmd', [pid, 'GC.run']);
  const heap = execFileSync('jcmd', [pid, 'GC.heap_info'], { encoding: 'utf8' }).match(/used (\d+)K/)[1] * 1024;
  const resident = readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+) kB/)[1] * 1024;
  return { resident, heap };
}

test(`${STALLED} stalled readers and ${(EVENTS_A_RUN * RUNS * EVENT_BYTES) / 1e6} MB published: little memory, and the others do not wait`, async (t) => {
  const node = await startNode(t, {
    data: await emptyDirectory(t),
    args: ['--window.bytes', '16MiB', '--limits.write-time', '1h'],
    env: { FANFARE_JAVA_OPTS: '-Xms384m -Xmx384m -XX:+AlwaysPreTouch' }, // so that what is resident is what is used beside the heap
  });
  const readers = await Promise.all(Array.from({ length: READERS }, () => subscribe(node.port)));
  t.after(() => readers.forEach((reader) => reader.destroy()));
  await run(node.port, readers); // warm
  const without = [];
  for (let i = 0; i < RUNS; i++) without.push(await run(node.port, readers));
  const before = memory(node.program.pid);

  const stalled = [];
  t.after(() => stalled.forEach((socket) => socket.destroy()));
  for (let i = 0; i < STALLED; i++) {
    const socket = await subscribe(node.port);
    socket.pause();
    stalled.push(socket);
  }
  const with_ = [];
  for (let i = 0; i < RUNS; i++) with_.push(await run(node.port, readers));
  const after = memory(node.program.pid);
  const { lagging } = (await request('GET', `${node.url}/stats`)).json;

  const grown = { resident: (after.resident - before.resident) / MIB, heap: (after.heap - before.heap) / MIB };
  t.diagnostic(`grown: resident ${grown.resident.toFixed(1)} MiB, heap ${grown.heap.toFixed(1)} MiB; p99 without: ${ms(without)} ms, with: ${ms(with_)} ms`);
  assert.equal(lagging, STALLED, 'they have stalled');
  assert.ok(grown.resident <= 64 && grown.heap <= 64, `memory grew by ${JSON.stringify(grown)} MiB`);
  assert.ok(median(with_) <= 1.5 * median(without) + 2, `p99 without: ${ms(without)} ms, with: ${ms(with_)} ms`);
});
