// docs/auth.md, as written: from a secret to a protected feed, and a backend with an API key.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { documentBlocks } from './support/document.mjs';
import { startNode } from './support/node.mjs';
import { checkout, start } from './support/process.mjs';
import { until } from './support/until.mjs';

const blocks = documentBlocks('docs/auth.md');

test('docs/auth.md: a reader with a token hears what a backend with a token publishes, and nobody else may', async (t) => {
  const env = { FANFARE_AUTH_KEY: randomBytes(32).toString('base64') };
  const node = await startNode(t, { env });
  const feed = blocks.find(({ language, text }) => language === 'sh' && text.includes('fanfare token')).text;

  const shell = start(t, 'bash', ['-c', `${feed.replaceAll('7070', String(node.port))}\nwait`], { cwd: checkout, env });

  await until(() => `the event; printed was: ${shell.output}`, () => shell.stdout.includes('data: {"state":"shipped"}'), { within: 30_000 });
  const topic = `${node.url}/topics/orders/42`;
  const unknown = await fetch(topic, { method: 'POST', body: 'x' });
  assert.equal(unknown.status, 401);
  assert.match(unknown.headers.get('www-authenticate'), /^Bearer/);
  const token = start(t, `${checkout}fanfare`, ['token', '--subscribe', 'orders/*', '--sub', 'alice'], { env });
  assert.equal(await token.exit(), 0, token.output);
  const alice = await fetch(topic, { method: 'POST', body: 'x', headers: { authorization: `Bearer ${token.stdout.trim()}` } });
  assert.equal(alice.status, 403);
});

test('docs/auth.md: a backend publishes with an API key that the settings hold the hash of', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'fanfare-'));
  t.after(() => rm(directory, { recursive: true }));
  const key = randomBytes(32).toString('base64');
  const yaml = blocks.find(({ language, text }) => language === 'yaml' && text.includes('sha256')).text;
  const config = join(directory, 'fanfare.yaml');
  await writeFile(config, yaml.replace(/[0-9a-f]{64}/, createHash('sha256').update(key).digest('hex')));
  const node = await startNode(t, { args: ['--config', config] });

  const publish = (path, bearer) => fetch(`${node.url}/topics/${path}`, { method: 'POST', body: 'x', headers: { authorization: `Bearer ${bearer}` } });

  assert.equal((await publish('orders/42', key)).status, 201);
  assert.equal((await publish('@all', key)).status, 201);
  assert.equal((await publish('news', key)).status, 403);
  assert.equal((await publish('orders/42', `${key}x`)).status, 401);
});
