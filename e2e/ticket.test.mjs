// EventSource can send no header: with a ticket in its URL it lives through cuts, a drain and restarts, until its token ends.
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { assertAllOnceInOrder } from './support/accounting.mjs';
import { openPage, startBrowser } from './support/browser.mjs';
import { documentBlocks } from './support/document.mjs';
import { startNode } from './support/node.mjs';
import { startProxy } from './support/proxy.mjs';
import { newSeed, seeded } from './support/random.mjs';
import { until } from './support/until.mjs';

const secret = randomBytes(32).toString('base64');
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token as any library makes it. */
function token(claims) {
  const now = Math.floor(Date.now() / 1000);
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ iat: now, exp: now + 600, ...claims })}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

const publisher = { authorization: `Bearer ${token({ sub: 'backend', fanfare: { publish: ['**'] } })}` };
const admin = { authorization: `Bearer ${token({ fanfare: { admin: true } })}` };

/** A node that asks for credentials, on a data directory; `again` starts it on the same port and directory. */
async function startGuarded(t, port, data) {
  const args = ['--cors.origins', 'http://localhost:*', '--drain.delay', '200ms', '--drain.time', '500ms'];
  const node = await startNode(t, { port, data, args, env: { FANFARE_AUTH_KEY: secret } });
  return Object.assign(node, { again: () => startGuarded(t, node.port, data) });
}

async function newGuarded(t) {
  const data = await mkdtemp(join(tmpdir(), 'fanfare-ticket-'));
  t.after(() => rm(data, { recursive: true, force: true }));
  return startGuarded(t, undefined, data);
}

async function ticket(node, claims) {
  const answer = await fetch(`${node.url}/tickets`, { method: 'POST', headers: { authorization: `Bearer ${token(claims)}` } });
  assert.equal(answer.status, 200);
  return (await answer.json()).ticket;
}

/** Publishes until it is stopped, each event once though the node goes and comes. */
function startPublishing(node, topic) {
  const published = [];
  let stopped = false;
  const done = (async () => {
    for (let n = 0; !stopped; n++) {
      const headers = { ...publisher, 'Idempotency-Key': `event-${n}` };
      for (let id; !id; ) {
        try {
          const answer = await fetch(`${node.url}/topics/${topic}`, { method: 'POST', body: `event ${n}`, headers });
          if (answer.status === 201) id = (await answer.json()).id;
        } catch {
          await pause(20); // it is away
        }
        if (id) published.push({ id, data: `event ${n}` });
      }
      await pause(10);
    }
  })();
  return { published, stop: () => ((stopped = true), done) };
}

let browser;
before(async () => (browser = await startBrowser()));
after(() => browser?.close());

test("Chromium's EventSource on a ticket, cut 5 times, drained, and killed with its node, misses nothing", async (t) => {
  const seed = newSeed();
  const random = seeded(seed);
  let node = await newGuarded(t);
  const proxy = await startProxy(t, node.port);
  const opened = await ticket(node, { sub: 'alice', fanfare: { subscribe: ['feed/*'] } });
  const page = await openPage(t, browser);
  const source = await page.listen(`${proxy.url}/topics/feed/1?retry=500&ticket=${opened}`, ['message', 'fanfare-gap']);
  await source.untilOpen();
  const publishing = startPublishing(node, 'feed/1');
  const progress = async () => {
    const seen = source.received.length;
    await until('more events', () => source.received.length > seen + 3, { within: 30_000 });
  };

  await progress();
  for (let cut = 0; cut < 5; cut++) {
    proxy.cut(random.pick(['end', 'reset']));
    await progress();
  }
  assert.equal(await node.stop(), 0, 'drained');
  node = await node.again();
  await progress();
  await node.kill();
  node = await node.again();
  await progress();
  await publishing.stop();
  await source.until(publishing.published.at(-1).data, { within: 30_000 });

  assertAllOnceInOrder(source.received, publishing.published, `seed ${seed}`);
  t.diagnostic(`${publishing.published.length} events, ${source.count('open')} openings, seed ${seed}`);
});

test("docs/auth.md: a page changes its token for a ticket and hears what is published", async (t) => {
  const node = await newGuarded(t);
  const page = await openPage(t, browser);
  const snippet = documentBlocks('docs/auth.md').find(({ language, text }) => language === 'js' && text.includes('/tickets')).text;
  const reader = token({ sub: 'alice', fanfare: { subscribe: ['orders/*'] } });

  await page.evaluate(`(async (token) => {
    ${snippet.replaceAll('7070', String(node.port))}
    source.onmessage = (event) => (document.title = event.data);
    await new Promise((open) => (source.onopen = open));
  })(${JSON.stringify(reader)})`);
  await fetch(`${node.url}/topics/orders/42`, { method: 'POST', body: 'shipped', headers: publisher });

  await until('the event in the title', async () => (await page.title()) === 'shipped');
});

test('when its token ends, EventSource stops and is told so once: a 401 is final', async (t) => {
  const node = await newGuarded(t);
  const exp = Math.floor(Date.now() / 1000) + 3;
  const short = await ticket(node, { sub: 'alice', exp, fanfare: { subscribe: ['feed/*'] } });
  const page = await openPage(t, browser);
  const source = await page.listen(`${node.url}/topics/feed/1?retry=500&ticket=${short}`);
  await source.untilOpen();
  await until('the browser to give up', async () => (await source.readyState()) === 2, { within: 15_000 });
  assert.ok(Date.now() / 1000 >= exp, 'not before the token ended');
});

test('a revoked user is gone at once, stays out over a restart, and is let in with a new token', async (t) => {
  let node = await newGuarded(t);
  const claims = { sub: 'mallory', fanfare: { subscribe: ['feed/*'] } };
  const old = await ticket(node, claims);
  const page = await openPage(t, browser);
  const source = await page.listen(`${node.url}/topics/feed/1?retry=500&ticket=${old}`);
  await source.untilOpen();
  const answer = await fetch(`${node.url}/users/mallory/streams?revoke`, { method: 'DELETE', headers: admin });
  assert.equal(answer.status, 200);
  await until('the browser to give up', async () => (await source.readyState()) === 2, { within: 15_000 });

  await node.kill();
  node = await node.again();
  assert.equal((await fetch(`${node.url}/topics/feed/1?ticket=${old}`)).status, 401);
  await until('a token of the next second', async () => {
    const again = await fetch(`${node.url}/tickets`, { method: 'POST', headers: { authorization: `Bearer ${token(claims)}` } });
    return again.status === 200;
  });
});

test('neither tokens nor tickets are in what the node prints', async (t) => {
  const node = await newGuarded(t);
  const bearer = token({ sub: 'alice', fanfare: { subscribe: ['feed/*'] } });
  const good = await ticket(node, { sub: 'alice', fanfare: { subscribe: ['feed/*'] } });
  const answers = [];
  for (const path of [`/events?topic=secret&ticket=${good}`, `/events?topic=a&ticket=${good}x`, `/events?topick=a&ticket=${good}`]) {
    answers.push(await (await fetch(node.url + path)).text());
  }
  for (const authorization of [`Bearer ${bearer}x`, `Bearer ${bearer}`, `Basic ${bearer}`]) {
    answers.push(await (await fetch(`${node.url}/stats`, { headers: { authorization } })).text());
  }
  await node.stop();
  const said = node.program.stdout + node.program.stderr + answers.join('\n');
  for (const part of [bearer.split('.')[1], bearer.split('.')[2], good.split('.')[1], good.split('.')[2], secret]) {
    assert.ok(!said.includes(part), `a part of a credential is in ${said}`);
  }
});
