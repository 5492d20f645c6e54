// durability=disk: no answer leaves before the fsync that covers what it answers has returned. Seen from outside, in the system calls.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyDirectory } from './support/folder.mjs';
import { freePort, startNode } from './support/node.mjs';
import { checkout, start } from './support/process.mjs';
import { until } from './support/until.mjs';

const STRACE = ['/usr/bin/strace', '/usr/local/bin/strace'].find(existsSync);
const PUBLICATIONS = 200;
const AT_ONCE = 20;

test('with durability=disk each 201 leaves after the fsync of its event, and events share one', async (t) => {
  assert.ok(STRACE, 'strace is missing; run: apt-get install -y strace');
  const folder = await mkdtemp(join(tmpdir(), 'fanfare-strace-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const trace = join(folder, 'trace');
  const port = await freePort();
  const program = start(t, STRACE, [
    '-f', '-y', '-ttt', '-s', '65536', '-o', trace, '-e', 'trace=fdatasync,fsync,write,writev,pwrite64,sendto,sendmsg,msync',
    'java', '-jar', join(checkout, 'cli/target/fanfare.jar'),
    'serve', '--port', String(port), '--data', join(folder, 'data'), '--durability', 'disk', '--drain.delay', '0s',
  ]);
  const url = await until(
    () => `the node to print its URL; it printed: ${program.output}`,
    () => program.stdout.match(/http:\/\/\S+/)?.[0],
    { within: 60_000 });

  const ids = [];
  let next = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < PUBLICATIONS) {
      const marker = `<marker-${next++}>`;
      const answer = await fetch(`${url}/topics/t`, { method: 'POST', body: marker });
      assert.equal(answer.status, 201);
      ids.push({ marker, id: (await answer.json()).id });
    }
  }));
  const java = Number((await readFile(`/proc/${program.pid}/task/${program.pid}/children`, 'utf8')).trim().split(' ')[0]);
  process.kill(java, 'SIGTERM');
  await program.exit();

  const calls = callsOf(await readFile(trace, 'utf8'));
  const walWrites = calls.filter((call) => call.name.includes('write') && /\/db\/\d+\.log>/.test(call.text));
  const syncs = calls.filter((call) => /^f(data)?sync$/.test(call.name) && /\/db\/\d+\.log>/.test(call.text));
  const answers = calls.filter((call) => call.text.includes('201 Created'));
  const used = new Set();
  for (const { marker, id } of ids) {
    const write = walWrites.find((call) => call.text.includes(marker));
    assert.ok(write, `no write of ${marker} to a write-ahead log`);
    const sync = syncs.find((call) => call.begin >= write.end);
    assert.ok(sync, `no fsync after the write of ${marker}`);
    used.add(sync);
    const answer = answers.find((call) => call.text.includes(`"${id}`) || call.text.includes(id));
    assert.ok(answer, `no answer with ${id}`);
    assert.ok(answer.begin >= sync.end, `${id} was answered at ${answer.begin}, and synced at ${sync.end}`);
  }
  t.diagnostic(`${ids.length} events, ${used.size} fsyncs`);
  assert.ok(used.size < ids.length * 0.75, `${used.size} fsyncs for ${ids.length} events: none is shared`);
  const ready = syncs[0]?.begin ?? Infinity;
  const mark = calls.find((call) => call.name === 'msync' && call.begin < ready);
  assert.ok(mark, 'the side file was not put on the disk before the first event');
});

test('a node that is killed leaves nothing in the temporary directory', async (t) => {
  const [data, temporary] = [await emptyDirectory(t), await emptyDirectory(t)];
  const command = ['java', `-Djava.io.tmpdir=${temporary}`, '-jar', join(checkout, 'cli/target/fanfare.jar')];
  const node = await startNode(t, { data, command });

  await node.kill();

  assert.deepEqual(await readdir(temporary), []);
});

/** The system calls of a trace, those that were interrupted in it put together: name, text, begin and end as line numbers. */
function callsOf(trace) {
  const calls = [];
  const open = new Map();
  trace.split('\n').forEach((line, at) => {
    const [, thread, rest] = line.match(/^(\d+)\s+[\d.]+ (.*)$/) ?? [];
    if (!rest) return;
    const resumed = rest.match(/^<\.\.\. (\w+) resumed>(.*)$/);
    if (resumed) {
      const call = open.get(thread);
      if (call) {
        call.end = at;
        call.text += resumed[2];
        open.delete(thread);
      }
      return;
    }
    const name = rest.match(/^(\w+)\(/)?.[1];
    if (!name) return;
    const call = { name, text: rest, begin: at, end: at };
    calls.push(call);
    if (rest.endsWith('<unfinished ...>')) {
      call.end = Infinity;
      open.set(thread, call);
    }
  });
  return calls;
}
