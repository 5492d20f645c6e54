// How fast events are taken: 200 bytes each, retention on, no subscriber. Long: 30 s each, and the figures must be met.
import assert from 'node:assert/strict';
import net from 'node:net';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { startNode } from './support/node.mjs';

const LONG = Boolean(process.env.E2E_LONG);
const SECONDS = LONG ? 30 : 2;
const DATA = 'x'.repeat(200);

async function connect(port) {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

async function aNode(t, args) {
  const data = await mkdtemp(join(tmpdir(), 'fanfare-rates-'));
  t.after(() => rm(data, { recursive: true, force: true }));
  return startNode(t, { data, args });
}

function judge(t, what, count, seconds, wanted) {
  const rate = count / seconds;
  t.diagnostic(`${what}: ${Math.round(rate).toLocaleString('en')} a second (expected: ${wanted.toLocaleString('en')})`);
  if (LONG) assert.ok(rate >= wanted, `${what}: ${Math.round(rate)} a second`);
}

test('one NDJSON stream, durability os', async (t) => {
  const node = await aNode(t, []);
  const socket = await connect(node.port);
  socket.write('POST /topics/rate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n');
  const lines = 500;
  const block = Buffer.from(`${JSON.stringify({ data: DATA })}\n`.repeat(lines));
  const chunk = Buffer.concat([Buffer.from(`${block.length.toString(16)}\r\n`), block, Buffer.from('\r\n')]);
  let sent = 0;
  const begin = performance.now();
  while (performance.now() - begin < SECONDS * 1_000) {
    sent += lines;
    if (!socket.write(chunk)) await once(socket, 'drain');
  }
  socket.write('0\r\n\r\n');
  const [answer] = await once(socket, 'data');
  const seconds = (performance.now() - begin) / 1_000;
  assert.match(String(answer), new RegExp(`"published":${sent},`));
  judge(t, 'events in one NDJSON stream', sent, seconds, 100_000);
  socket.destroy();
});

for (const { durability, connections, depth, wanted } of [
  { durability: 'os', connections: 8, depth: 64, wanted: 20_000 },
  { durability: 'disk', connections: 64, depth: 1, wanted: 3_000 },
]) {
  test(`single POSTs on ${connections} connections, ${depth} at a time, durability ${durability}`, async (t) => {
    const node = await aNode(t, ['--durability', durability]);
    const end = performance.now() + SECONDS * 1_000;
    const begin = performance.now();
    const counts = await Promise.all(Array.from({ length: connections }, async (_, i) => {
      const socket = await connect(node.port);
      const request = `POST /topics/rate/${i} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: ${DATA.length}\r\n\r\n${DATA}`;
      let answered = 0;
      let due = 0;
      let rest = '';
      while (performance.now() < end || due > 0) {
        if (performance.now() < end && due < depth) {
          socket.write(request.repeat(depth - due));
          due = depth;
        }
        const [bytes] = await once(socket, 'data');
        const text = rest + bytes.toString('latin1');
        const answers = text.split('HTTP/1.1 ').length - 1;
        assert.equal(text.split('HTTP/1.1 201').length - 1, answers, text.slice(0, 300));
        // an answer's beginning may be cut: what follows the last whole beginning is looked at again
        const last = text.lastIndexOf('HTTP/1.1 201');
        rest = text.slice(last + 12).slice(-11);
        answered += answers;
        due -= answers;
      }
      socket.destroy();
      return answered;
    }));
    judge(t, 'acknowledged POSTs', counts.reduce((a, b) => a + b), (performance.now() - begin) / 1_000, wanted);
  });
}
