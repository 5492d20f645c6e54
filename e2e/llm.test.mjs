// Answers of a language model, as examples/llm publishes and shows them: token by token, reloaded, stopped, broken off, and over the
// death of the node.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { answerTo, startFakeLlm } from '../examples/llm/fake-llm.mjs';
import { openPage, startBrowser } from './support/browser.mjs';
import { parseEventStream } from './support/event-stream.mjs';
import { history, request, streams } from './support/http.mjs';
import { freePort, startNode } from './support/node.mjs';
import { checkout, start } from './support/process.mjs';
import { until } from './support/until.mjs';

const example = `${checkout}examples/llm/`;
const producers = {
  curl: [`${example}produce.sh`],
  node: [process.execPath, `${example}produce.mjs`],
  java: ['java', '-XX:TieredStopAtLevel=1', `${example}Produce.java`],
};
const paths = { openai: '/v1/chat/completions', anthropic: '/v1/messages' };
const prompt = 'Does "this" work — or \\that?';
const tokens = answerTo(prompt);
const half = Math.floor(tokens.length / 2);

let browser;
before(async () => (browser = await startBrowser()));
after(() => browser?.close());

/** A fake model that gives out as many tokens of each answer as it is allowed. */
async function startModel(t, allowed = Infinity) {
  let waiting = [];
  const pace = async (n) => {
    while (n >= allowed) await new Promise((resolve) => waiting.push(resolve));
  };
  const model = await startFakeLlm({ pace });
  t.after(() => model.close());
  return Object.assign(model, {
    allow(count) {
      allowed = count;
      waiting.forEach((resolve) => resolve());
      waiting = [];
    },
  });
}

/** A directory for a node's log. */
function directory(t) {
  const made = mkdtempSync(join(tmpdir(), 'fanfare-llm-test-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A node with its log on disk, a model, and the example's page for both. */
async function startExample(t, { allowed, page = true } = {}) {
  const data = directory(t);
  const node = await startNode(t, { data });
  const model = await startModel(t, allowed);
  const example = { data, node, model };
  if (page) {
    const program = start(t, process.execPath, [`${checkout}examples/llm/run.mjs`, '--fanfare', node.url, '--llm', model.url, '--port',
      String(await freePort())]);
    example.page = program;
    example.url = await until(() => `the page's URL; it printed ${program.output}`, () => program.stdout.match(/http:\/\/\S+/)?.[0]);
    assert.equal(program.lines.length, 1, program.output);
  }
  return example;
}

/** Starts a producer of the example as a program of its own. */
function produce(t, { node, model }, id, { by = 'node', shape = 'openai' } = {}) {
  const [command, ...args] = producers[by];
  return start(t, command, [...args, id, shape, prompt], { env: { FANFARE_URL: node.url, LLM_URL: model.url } });
}

/** The page as one more reader sees it: `{ text(), state(), status() }`. */
async function openReader(t, url) {
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(url);
  const reader = {
    page, errors,
    text: () => page.textContent('#text'),
    state: () => page.getAttribute('article', 'data-state'),
    /** Once it shows exactly this text in this state. */
    async shows(text, state, options) {
      let seen;
      await until(
        () => `a reader to show ${state}: ${JSON.stringify(text)}; it shows ${JSON.stringify(seen)}; errors: ${errors}`,
        async () => {
          seen = [await reader.state(), await reader.text()];
          return seen[0] === state && seen[1] === text;
        },
        options);
    },
  };
  return reader;
}

const first = (count) => tokens.slice(0, count).join('');
const whole = first(tokens.length);

/** What the model sends for the prompt, asked without anything in between. */
async function modelAnswer(model, shape) {
  const body = JSON.stringify({ stream: true, messages: [{ role: 'user', content: prompt }] });
  return parseEventStream((await request('POST', model.url + paths[shape], { body })).text).map(({ type, data }) => ({ type, data }));
}

const stored = async (node, id) => (await history(node.url, `answers/${id}`)).map(({ event, data }) => ({ type: event, data }));

test('three readers see an answer grow, one of them reloads half-way, and a fourth comes when it is over', async (t) => {
  const example = await startExample(t, { allowed: 0 });
  const readers = await Promise.all([1, 2, 3].map(() => openReader(t, `${example.url}#1`)));
  const producer = produce(t, example, '1');

  for (let n = 1; n <= half; n++) {
    example.model.allow(n);
    await Promise.all(readers.map((reader) => reader.shows(first(n), 'streaming')));
  }
  await readers[0].page.reload();
  await readers[0].shows(first(half), 'streaming');
  example.model.allow(Infinity);

  await Promise.all(readers.map((reader) => reader.shows(whole, 'done')));
  assert.equal(await producer.exit(), 0, producer.output);
  const late = await openReader(t, `${example.url}#1`);
  await late.shows(whole, 'done');
  assert.deepEqual([late, ...readers].flatMap(({ errors }) => errors), []);
  assert.equal(example.model.asked.length, 1, 'the model was asked more than once');
  await until('all streams to be over', async () => (await streams(example.node.url)).length === 0);
});

for (const shape of Object.keys(paths)) {
  test(`a question asked on the page is answered there, in the shape of ${shape}`, async (t) => {
    const { url, model } = await startExample(t);
    const reader = await openReader(t, url);
    await reader.page.fill('#prompt', prompt);
    await reader.page.selectOption('#shape', shape);

    await reader.page.click('button.ask');

    await reader.shows(whole, 'done');
    assert.deepEqual(model.asked.map(({ prompt }) => prompt), [prompt]);
  });
}

for (const by of Object.keys(producers)) {
  test(`the producer in ${by} publishes whole answers in both shapes, event for event`, async (t) => {
    const example = await startExample(t);
    for (const shape of Object.keys(paths)) {
      const producer = produce(t, example, shape, { by, shape });
      const reader = await openReader(t, `${example.url}#${shape}`);

      assert.equal(await producer.exit({ within: 60_000 }), 0, producer.output);

      await reader.shows(whole, 'done');
      const sent = await modelAnswer(example.model, shape);
      assert.deepEqual(await stored(example.node, shape), sent);
      assert.deepEqual(Object.keys(JSON.parse(producer.stdout)), ['published', 'last']);
      assert.equal(JSON.parse(producer.stdout).published, sent.length);
    }
  });

  test(`a reader's stop ends the answer, and the producer in ${by} and the model stop`, async (t) => {
    const example = await startExample(t, { allowed: half });
    const producer = produce(t, example, '5', { by });
    const readers = await Promise.all([1, 2].map(() => openReader(t, `${example.url}#5`)));
    await Promise.all(readers.map((reader) => reader.shows(first(half), 'streaming', { within: 60_000 })));

    await readers[0].page.click('#stop');

    await Promise.all(readers.map((reader) => reader.shows(first(half), 'cancelled')));
    const more = by === 'curl' ? 1 : 0; // it listens when it has something to send
    example.model.allow(half + more);
    assert.notEqual(await producer.exit(), 0, producer.output);
    assert.match(producer.output, by === 'java' ? /stopped by a reader/ : /409/);
    await until('the model to see that nobody listens', () => example.model.asked[0].gone);
    assert.equal(example.model.asked[0].tokens, half + more, 'tokens that were made');
    assert.equal(await readers[0].page.isVisible('#stop'), false);
  });

  // Behind a pipe nobody can tell a model that broke off from one that is done; the page can, by the model's own last word.
  const state = by === 'curl' ? 'incomplete' : 'aborted';
  test(`a model that breaks off is told to the readers of the producer in ${by}: ${state}`, async (t) => {
    const example = await startExample(t, { allowed: half });
    const producer = produce(t, example, '7', { by });
    const reader = await openReader(t, `${example.url}#7`);
    await reader.shows(first(half), 'streaming', { within: 60_000 });

    example.model.close();

    await reader.shows(first(half), state);
    await producer.exit();
  });
}

test('a producer that is killed in the middle leaves an answer that its readers see as broken off', async (t) => {
  const example = await startExample(t, { allowed: half });
  const producer = produce(t, example, '6');
  const reader = await openReader(t, `${example.url}#6`);
  await reader.shows(first(half), 'streaming');

  await producer.stop('SIGKILL');

  await reader.shows(first(half), 'aborted');
  const late = await openReader(t, `${example.url}#6`);
  await late.shows(first(half), 'aborted');
});

test('kill -9 of the node in the middle: the producer sends again, and the reader ends with the exact answer', async (t) => {
  const example = await startExample(t, { allowed: half });
  const producer = produce(t, example, '8', { shape: 'anthropic' });
  const reader = await openReader(t, `${example.url}#8`);
  await reader.shows(first(half), 'streaming');

  await example.node.kill();
  const node = await startNode(t, { port: example.node.port, data: example.data });
  assert.equal(await reader.text(), first(half));
  example.model.allow(Infinity);

  await reader.shows(whole, 'done', { within: 20_000 });
  assert.equal(await producer.exit(), 0, producer.output);
  assert.deepEqual(await stored(node, '8'), await modelAnswer(example.model, 'anthropic'));
  assert.equal(example.model.asked.length, 2, 'asked by the producer once, and once here');
});

test('docs/llm.md: its commands work in the order in which they stand, and its JavaScript shows the answer', async (t) => {
  const port = await freePort();
  const here = (text) => text.replace(/\b707([012])\b/g, (_, n) => String(port + Number(n)));
  const blocks = [...readFileSync(`${checkout}docs/llm.md`, 'utf8').matchAll(/^```(\w+)\n([^]*?)^```/gm)].map(([, language, text]) => ({ language, text }));
  const [run, ...shell] = blocks.filter(({ language }) => language === 'sh').map(({ text }) => here(text));
  const program = start(t, 'bash', ['-c', `exec ${run.trim()} --port ${port}`], { cwd: checkout });
  try {
    await until(() => `the example to be ready; it printed ${program.output}`, () => program.stdout.includes(`http://127.0.0.1:${port + 2}/`), { within: 30_000 });
    const node = { url: `http://127.0.0.1:${port}` };

    for (const text of shell) {
      const commands = start(t, 'bash', ['-euc', text], { cwd: checkout, env: { FANFARE_URL: node.url, LLM_URL: `http://127.0.0.1:${port + 1}` } });
      assert.equal(await commands.exit({ within: 90_000 }), 0, `${text}: ${commands.output}`);
      assert.doesNotMatch(commands.stdout, /"status":\s*[45]\d\d/, text);
      assert.notEqual(commands.stdout, '', `${text} printed nothing`);
    }

    const answer = answerTo('Why is the sky blue?').join('');
    const events = await Promise.all(['42', '43', '44', '45'].map((id) => stored(node, id)));
    assert.deepEqual(events.map((list) => list.at(-1).data), ['[DONE]', '{"type":"message_stop"}', '[DONE]', '{"type":"message_stop"}']);
    for (const id of ['42', '43']) {
      const page = await openPage(t, browser);
      const ends = [];
      page.on('console', (message) => ends.push(message.text()));
      for (const { text } of blocks.filter(({ language }) => language === 'js')) await page.addScriptTag({ content: here(text).replace('/42?', `/${id}?`) });
      await until(() => `answer ${id} in the page; its console: ${ends}`, () => ends.includes('done'));
      assert.ok((await page.evaluate(() => document.body.textContent)).endsWith(answer));
    }
  } finally {
    await program.stop('SIGTERM'); // it ends the node that it started
  }
});
