// Publishing without pause while a reader's connection is cut again and again, and what is asked of it afterwards: nothing missing,
// nothing twice, in order.
import assert from 'node:assert/strict';
import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { publish, request } from './http.mjs';
import { startProxy } from './proxy.mjs';
import { newSeed, seeded } from './random.mjs';
import { until } from './until.mjs';

/** Compares what a reader received with what was published: lists of `{ id, data }`. */
export function assertAllOnceInOrder(received, published, hint = '') {
  const wrong = received.findIndex((event, i) => event.id !== published[i]?.id || event.data !== published[i].data);
  if (wrong < 0 && received.length === published.length) return;
  const ids = received.map((event) => event.id);
  const seen = new Set(ids);
  const missing = published.filter((event) => !seen.has(event.id)).map((event) => event.id);
  const twice = ids.filter((id, i) => ids.indexOf(id) !== i);
  const shown = (event) => event && `${event.id} ${JSON.stringify(event.data.slice(0, 60))} (${event.data.length} characters)`;
  assert.fail(`of ${published.length} published, ${received.length} received; missing ${missing.length}: ${missing.slice(0, 5)}; `
    + `twice ${twice.length}: ${twice.slice(0, 5)}; the first that is not as published: number ${wrong}, ${shown(received[wrong])}, `
    + `not ${shown(published[wrong])}; ${hint}`);
}

/** Events of many shapes, one after the other until it is stopped: `published` is what was answered 201. */
function startPublishing(url, topic, random) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const published = [];
  let stopped = false;
  const done = (async () => {
    for (let n = 0; !stopped; n++) {
      const data = `${n} ${random.pick(['x', 'é', '漢', '🎺', 'a\nb\n'])}`.repeat(random.between(1, 100));
      published.push({ id: await publish(url, topic, data, { agent }), data });
      await pause(10);
    }
    agent.destroy();
  })();
  return { published, stop: () => ((stopped = true), done) };
}

/**
 * Events one after the other until it is stopped, or the test is over, each sent under its key until it is answered 201, however often the node is away:
 * `published` is what was answered so, `refused` the statuses before that (0: no answer). With the URLs of several nodes, the next is asked then.
 */
export function startPersistentPublishing(t, urls, topic, { seed, every = 20 }) {
  const nodes = [urls].flat();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const random = seeded(seed);
  const [published, refused] = [[], []];
  let [stopped, abandoned] = [false, false];
  const send = async (data, key) => {
    while (!abandoned) {
      const headers = { 'Idempotency-Key': key };
      const answer = await request('POST', `${nodes[0]}/topics/${topic}`, { body: data, agent, headers }).catch(() => ({ status: 0 }));
      if (answer.status === 201) return answer.json.id;
      if (![0, 502, 503, 504].includes(answer.status)) throw new Error(`publish was answered ${answer.status}: ${answer.text}`);
      refused.push(answer.status);
      nodes.push(nodes.shift());
      await pause(100);
    }
  };
  const done = (async () => {
    for (let n = 0; !stopped; n++) {
      const data = `${n} ${random.pick(['x', 'é', '漢', '🎺'])}`.repeat(random.between(1, 40));
      published.push({ id: await send(data, `${seed}-${n}`), data });
      await pause(every);
    }
    agent.destroy();
  })();
  t.after(() => (stopped = abandoned = true));
  return { published, refused, stop: () => ((stopped = true), done) };
}

/**
 * Cuts a reader's connection so many times while events are published, most of the cuts inside an event. `connect(url)` opens the
 * reader: `{ received: [{ type, data, id }], close() }`.
 */
export async function survivesCuts(t, { node, cuts, connect, through = node.port, seed = newSeed() }) {
  const topic = `cuts/${seed}`;
  const proxy = await startProxy(t, through);
  const reader = await connect(`${proxy.url}/topics/${topic}?retry=500`);
  try {
    await cutAndAccount(t, { node, cuts, proxy, reader, topic, seed });
  } finally {
    await reader.close();
  }
}

async function cutAndAccount(t, { node, cuts, proxy, reader, topic, seed }) {
  const random = seeded(seed);
  // The stream's place is known to the reader once it has seen an event, so only what follows is accounted for.
  await until('an event to arrive', async () => {
    await publish(node.url, topic, 'first');
    return until('first', () => reader.received.some((event) => event.data === 'first'), { within: 500 }).catch(() => false);
  });
  const begin = reader.received.at(-1).id;
  const publisher = startPublishing(node.url, topic, random);
  for (let cut = 1; cut <= cuts; cut++) {
    const how = random.pick(['reset', 'end']);
    const [connections, seen] = [proxy.connections, reader.received.length];
    // Now and then the connection after it does not get beyond its head, either; reset, because an end there makes a shorter head.
    if (random.chance(0.2)) proxy.cutNextAfter(random.between(1, 150), 'reset');
    proxy.cutAfter(random.between(1, 1500), how);
    await until(
      () => `the reader to come back after cut ${cut} of ${cuts} (seed ${seed}); ${proxy.connections - connections} new connections, `
        + `${reader.received.length - seen} events; at last it saw ${JSON.stringify(reader.reports?.slice(-5))}`,
      () => proxy.connections > connections && [...proxy.pairs].some((pair) => pair.bytes > 600), { within: 30_000 });
  }
  await publisher.stop();
  const { published } = publisher;
  const isLast = () => reader.received.some((event) => event.id === published.at(-1).id);
  await until('the last event', isLast, { within: 20_000 }).catch(() => {}); // the account says more
  const events = reader.received.filter((event) => !event.type.startsWith('fanfare-'));
  const received = events.slice(events.findIndex((event) => event.id === begin) + 1);
  const gaps = reader.received.filter((event) => event.type === 'fanfare-gap');
  const summary = `${published.length} events, ${proxy.cuts} cuts, ${proxy.cutsInside} of them not at the end of an event, seed ${seed}`;
  assertAllOnceInOrder(received, published, summary);
  assert.deepEqual(gaps, [], 'a gap, though the log holds everything');
  assert.ok(proxy.cuts >= cuts && proxy.cutsInside > cuts / 4, summary);
  t.diagnostic(summary);
}
