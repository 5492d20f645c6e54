// examples/cluster as a reader of the documentation runs it, only shorter: the counter has to show that nothing was lost.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyDirectory } from './support/folder.mjs';
import { canListen, freePort } from './support/node.mjs';
import { checkout, start } from './support/process.mjs';

const STREAMS = 30;

/** The first of five ports that are free. */
async function freePorts() {
  for (;;) {
    const port = await freePort();
    const rest = await Promise.all([1, 2, 3, 4].map((n) => canListen(port + n)));
    if (rest.every(Boolean)) return port;
  }
}

test(`examples/cluster: a node of three is killed with -9, and ${STREAMS} streams behind HAProxy lose nothing`, async (t) => {
  const args = ['--port', await freePorts(), '--streams', STREAMS, '--rate', 40, '--kills', 1, '--every', 2].map(String);
  const example = start(t, process.execPath, [`${checkout}examples/cluster/run.mjs`, ...args], { input: null });
  const code = await example.exit({ within: 90_000 });

  const [counter, verdict] = example.lines.slice(-2);
  const { published, received, reconnections } = counter.match(/published (?<published>\d+) .* received (?<received>\d+) .* reconnections (?<reconnections>\d+)/).groups;
  assert.equal(code, 0, example.output);
  assert.match(verdict, /^nothing lost: /);
  assert.match(counter, /missing 0 {2}twice 0 {2}gaps 0 {2}/);
  assert.ok(Number(published) >= 80, counter);
  assert.equal(Number(received), STREAMS * Number(published));
  assert.ok(Number(reconnections) >= STREAMS / 3, `the killed node had no stream: ${counter}`);
  assert.ok(example.lines.some((line) => line.includes('kill -9 of node one')), example.output);
  t.diagnostic(counter.trim());
});

/** How the example ends that cannot have a port; it must not take another program there for its own. */
async function refusal(t, port, env) {
  const example = start(t, process.execPath, [`${checkout}examples/cluster/run.mjs`, '--port', String(port)], { input: null, env });
  assert.equal(await example.exit({ within: 60_000 }), 1, example.output);
  assert.doesNotMatch(example.stdout, /published/);
  return example.stderr;
}

for (const [program, nth] of [['haproxy', 0], ['redis-server', 4]]) {
  test(`examples/cluster: where another program has the port of ${program}, it says so and ends`, async (t) => {
    const port = await freePorts();
    const other = net.createServer((socket) => socket.on('error', () => {})).listen(port + nth, '127.0.0.1');
    await once(other, 'listening');
    t.after(() => other.close());
    assert.match(await refusal(t, port), new RegExp(`^port ${port + nth}, meant for ${program}, is taken .*--port$`, 'm'));
  });
}

test('examples/cluster: where Redis ends instead of listening, it says so and ends', async (t) => {
  const folder = await emptyDirectory(t);
  await writeFile(join(folder, 'redis-server'), '#!/bin/sh\nexit 1\n');
  await chmod(join(folder, 'redis-server'), 0o755);
  const port = await freePorts();
  assert.match(await refusal(t, port, { PATH: `${folder}:${process.env.PATH}` }), new RegExp(`^redis-server ended and does not listen on port ${port + 4};.*--port$`, 'm'));
});
