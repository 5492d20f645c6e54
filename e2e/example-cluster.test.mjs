// examples/cluster as a reader of the documentation runs it, only shorter: the counter has to show that nothing was lost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
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
