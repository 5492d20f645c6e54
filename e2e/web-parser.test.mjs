// The browser client's parser against the Java one, through the two pipes that ./verify has for anyone's vectors.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run, checkout } from './support/process.mjs';
import { newSeed, seeded } from './support/random.mjs';

const PIECES = ['data', 'event', 'id', 'retry', 'topic', ':', ': ', ' ', '\n', '\n', '\n\n', '\r', '\r\n', '\uFEFF', '\0', 'x', '12', '007', '-1',
  '9223372036854775807', '9223372036854775808', 'é', '漢', '🎺', '\u2028', '\u0085', '\u001f', '"', '\\', Buffer.from('EDA080', 'hex'), Buffer.from('F09F', 'hex'), Buffer.from('FF', 'hex'), Buffer.from('E2', 'hex')];
const LINES = ['data: a\n', 'data\r', 'data:  é\r\n', 'id: 7\n', 'id\n', 'event: t\n', 'retry: 600\n', ':\n', '\n', '\n', '\r'];

/** A stream of random pieces in random chunks, as a case for --parser-lines. */
function randomCase(random, n) {
  const stream = Buffer.concat(Array.from({ length: random.between(0, 40) }, () => Buffer.from(random.pick(random.chance(0.3) ? PIECES : LINES))));
  const chunks = [];
  for (let at = 0; at < stream.length;) {
    const end = at + random.between(0, random.pick([1, 3, 100]));
    chunks.push(stream.subarray(at, end).toString('base64'));
    at = end;
  }
  return JSON.stringify({ n: random.pick([n, `${n} \u001f"`]), lastEventId: random.pick(['', 'é 7', null]), chunks });
}

const answers = async (t, option, cases) => {
  const { code, stdout, stderr } = await run(t, './verify', [option], { cwd: checkout, input: cases, within: 180_000 });
  assert.equal(code, 0, stderr);
  return stdout.split('\n');
};

test('the browser client and the Java library answer the same lines, for streams of random pieces in random chunks', async (t) => {
  const seed = newSeed();
  const random = seeded(seed);
  const cases = Array.from({ length: 5000 }, (_, n) => randomCase(random, n));

  const java = await answers(t, '--parser-lines', cases.join('\n'));
  const js = await answers(t, '--parser-lines-js', cases.join('\n'));

  assert.equal(java.length, cases.length + 1);
  java.forEach((line, i) => assert.equal(js[i], line, `seed ${seed}, case ${cases[i]}`));
  const events = java.join('').split('"type"').length - 1;
  assert.ok(events > 1000, `only ${events} events among them`);
  t.diagnostic(`${cases.length} streams with ${events} events, seed ${seed}`);
});

test('n comes back as it was written', async (t) => {
  const cases = '{"chunks":[],"more":{"n":3},"n":1.50}\n\n{"n":123456789012345678901234567890,"chunks":[]}\r\n{"chunks":[],"n":null}\n{"chunks":[]}\n{"n":"n","chunks":[]}\n';

  assert.deepEqual(await answers(t, '--parser-lines-js', cases), await answers(t, '--parser-lines', cases));
});
