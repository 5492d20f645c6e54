// The README's 60-second tour, as written: its commands, with another port, and its lines of JavaScript in Chromium.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { openPage, startBrowser } from './support/browser.mjs';
import { commands, fencedBlocks } from './support/document.mjs';
import { request, streams } from './support/http.mjs';
import { parseEventStream } from './support/event-stream.mjs';
import { startNode } from './support/node.mjs';
import { checkout, start } from './support/process.mjs';
import { until } from './support/until.mjs';

const readme = `${checkout}README.md`;

/** The tour's fenced blocks in order: `{ language, text, before }`, the last being the prose since the block before it. */
function tour() {
  assert.ok(existsSync(readme), 'there is no README.md');
  const section = readFileSync(readme, 'utf8').match(/^#+ 60-second tour\n([^]*?)(?=^## |(?![^]))/im)?.[1];
  assert.ok(section, 'README.md has no heading "60-second tour"');
  return fencedBlocks(section);
}

const subscribes = (command) => /\bfanfare tail\b|\bcurl\b.*\s(-\w*N|--no-buffer)/.test(command);
const publishes = (command) => /\bfanfare publish\b|\bcurl\b.*\s(-d|--data\S*|-X ?POST)\b/.test(command);

/** A node for the tour, and how its text reads with that node's port. */
async function startTour(t) {
  const node = await startNode(t);
  return { node, here: (text) => text.replaceAll('7070', String(node.port)) };
}

/** Runs a command of the tour as a reader would: in a shell, in the checkout. */
function shell(t, node, command) {
  return start(t, 'bash', ['-c', `exec ${command}`], { cwd: checkout, env: { FANFARE_URL: node.url } });
}

let browser;
before(async () => (browser = await startBrowser()));
after(() => browser?.close());

test('the README starts with ./fanfare serve and ./verify, and both are there', () => {
  assert.ok(existsSync(readme), 'there is no README.md');
  const intro = readFileSync(readme, 'utf8').split(/^## /m)[0];
  for (const command of ['./fanfare serve', './verify']) {
    assert.ok(intro.includes(command), `the README does not begin with ${command}`);
    assert.ok(existsSync(checkout + command.split(' ')[0]));
  }
});

test("the tour's commands work in the order in which they stand: who subscribes receives what is published after", async (t) => {
  const blocks = tour().filter(({ language }) => ['sh', 'bash', 'console'].includes(language));
  const lines = blocks.flatMap(({ text }) => commands(text)).filter((line) => !/^(git|cd) |fanfare serve/.test(line));
  assert.ok(lines.some(subscribes) && lines.some(publishes), `the tour has to subscribe and to publish: ${lines.join('\n')}`);
  const { node, here } = await startTour(t);
  const subscribers = [];
  const published = [];

  for (const line of lines) {
    const program = shell(t, node, here(line));
    if (subscribes(line)) {
      const open = subscribers.length;
      await until(() => `\`${line}\` to subscribe; it printed ${program.output}`, async () => (await streams(node.url)).length > open);
      subscribers.push({ line, program, from: line.includes('start') ? 0 : published.length });
    } else {
      assert.equal(await program.exit(), 0, `\`${line}\` failed: ${program.output}`);
      assert.doesNotMatch(program.stdout, /"status":\s*[45]\d\d/, `\`${line}\` was refused`);
      assert.notEqual(program.stdout, '', `\`${line}\` printed nothing`);
      if (publishes(line)) published.push({ line, id: program.stdout.match(/\d{10,}-\d+/)?.[0] });
    }
  }

  for (const { line, program, from } of subscribers) {
    const due = published.slice(from).map(({ id }) => id);
    await until(() => `\`${line}\` to receive ${due}; it printed ${program.output}`, () => due.every((id) => program.stdout.includes(id)));
    assert.ok(!program.ended, `\`${line}\` ended by itself`);
    if (line.includes('curl')) assert.equal(parseEventStream(program.stdout).filter(({ type }) => type === 'fanfare-gap').length, 0);
  }
});

test("the tour's JavaScript, pasted into Chromium, shows what is published", async (t) => {
  const blocks = tour();
  const scripts = blocks.filter(({ language }) => ['js', 'javascript', 'html'].includes(language));
  assert.ok(scripts.length > 0, 'the tour has no JavaScript');
  const lines = blocks.filter(({ language }) => language === 'sh').flatMap(({ text }) => commands(text)).filter(publishes);
  for (const { language, text, before } of scripts) {
    assert.ok(text.trimEnd().split('\n').length <= (language === 'html' ? 12 : 6), `more than six lines:\n${text}`);
    const { node, here } = await startTour(t);
    const page = await openPage(t, browser);
    const [shown, errors, sources] = [[], [], []];
    page.on('console', (message) => {
      if (message.type() !== 'error') shown.push(message.text());
      else if (!message.location().url.endsWith('/favicon.ico')) errors.push(`${message.text()} ${message.location().url}`);
    });
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('request', (sent) => sent.resourceType() === 'eventsource' && sources.push(sent.url()));

    // Where the text says to open a page, there; else on a page of the reader's own, on another port.
    const opened = here(before).match(/\bopen <(http\S+?)>/)?.[1];
    if (opened) {
      const response = await page.goto(opened);
      assert.equal(response.status(), 200, `the README says to open ${opened}, which is answered ${response.status()}`);
    }
    if (language === 'html') await page.setContent(here(text));
    else await page.addScriptTag({ content: here(text) });
    await until(() => `a stream; ${errors}`, async () => sources.length > 0 && (await streams(node.url)).length > 0);
    for (const line of lines) {
      const program = shell(t, node, here(line));
      assert.equal(await program.exit(), 0, `\`${line}\` failed: ${program.output}`);
    }

    const [source] = sources;
    const { events } = (await request('GET', `${source}${source.includes('from=') ? '' : '&from=start'}`, { headers: { Accept: 'application/json' } })).json;
    assert.ok(events.length > 0, `nothing that the README publishes is for ${source}`);
    await until(
      () => `the page to show ${events.map(({ data }) => data)}; its console: ${shown.join(' | ')}; errors: ${errors}`,
      async () => {
        const seen = `${shown.join('\n')}\n${await page.evaluate(() => document.body.innerText + document.title)}`;
        return events.every(({ data }) => seen.includes(data));
      });
    assert.deepEqual(errors, []);
  }
});
