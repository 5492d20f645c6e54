// The browser client's parser against the Java one, through the two pipes that ./verify has for anyone's vectors.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openSite, servePage, startBrowser } from './support/browser.mjs';
import { startFirefox } from './support/firefox.mjs';
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

/** A page that can answer lines, at `/lines`. */
const files = {
  '/lines': ['text/html', `<!doctype html><title>lines</title><script type="module">
    import { answer } from '/answer.mjs';
    window.answers = (lines) => lines.map(answer);</script>`],
  '/answer.mjs': ['text/javascript', readFileSync(`${checkout}web/client/test/answer.mjs`, 'utf8').replace('../fanfare.js', '/fanfare.js')],
};

async function inChromium(t, cases) {
  const browser = await startBrowser();
  t.after(() => browser.close());
  const page = await (await openSite(t, browser, { files })).tab('/lines');
  return page.evaluate((lines) => answers(lines), cases);
}

async function inFirefox(t, cases) {
  const firefox = await startFirefox(t);
  await firefox.goto(`${(await servePage(t, { files })).origin}/lines`);
  return firefox.evaluate(`answers(${JSON.stringify(cases)})`);
}

test('the browser client, in Node, Chromium and Firefox, and the Java library answer the same lines, for streams of random pieces in random chunks (P1 to P12)', async (t) => {
  const seed = newSeed();
  const random = seeded(seed);
  const cases = Array.from({ length: 5000 }, (_, n) => randomCase(random, n));

  const java = await answers(t, '--parser-lines', cases.join('\n'));
  const js = await answers(t, '--parser-lines-js', cases.join('\n'));

  assert.equal(java.length, cases.length + 1);
  for (const [where, lines] of Object.entries({ node: js, chromium: [...await inChromium(t, cases), ''], firefox: [...await inFirefox(t, cases), ''] })) {
    java.forEach((line, i) => assert.equal(lines[i], line, `in ${where}, seed ${seed}, case ${cases[i]}`));
  }
  const events = java.join('').split('"type"').length - 1;
  assert.ok(events > 1000, `only ${events} events among them`);
  t.diagnostic(`${cases.length} streams with ${events} events, seed ${seed}`);
});

test('n comes back as it was written', async (t) => {
  const cases = '{"chunks":[],"more":{"n":3},"n":1.50}\n\n{"n":123456789012345678901234567890,"chunks":[]}\r\n{"chunks":[],"n":null}\n{"chunks":[]}\n{"n":"n","chunks":[]}\n';

  assert.deepEqual(await answers(t, '--parser-lines-js', cases), await answers(t, '--parser-lines', cases));
});
