// Three nodes on one Redis server are one hub: what is counted, listed, limited, closed, revoked, deleted and ended on one of them is
// so on all.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { test } from 'node:test';
import { request } from './support/http.mjs';
import { startNode } from './support/node.mjs';
import { startRedis } from './support/redis.mjs';
import { openStream } from './support/stream.mjs';
import { makeToken } from './support/token.mjs';
import { until } from './support/until.mjs';

const secret = randomBytes(32).toString('base64');
const bearer = (grants, claims) => ({ Authorization: `Bearer ${makeToken(secret, 600, grants, claims)}` });
const admin = bearer({ admin: true, publish: ['**'], subscribe: ['**'] });
const reader = (sub) => bearer({ subscribe: ['feed/**'] }, { sub });
const PER_USER = 2;

async function startNodes(t, count) {
  const redis = await startRedis(t);
  const start = () => startNode(t, { redis: redis.url, args: ['--limits.streams-per-user', String(PER_USER)], env: { FANFARE_AUTH_KEY: secret } });
  const nodes = await Promise.all(Array.from({ length: count }, start));
  return { redis, nodes };
}

const get = async (node, path, headers = admin) => (await request('GET', `${node.url}${path}`, { headers })).json;
const remove = (node, path) => request('DELETE', `${node.url}${path}`, { headers: admin });
const stats = (node) => get(node, '/stats');

async function publish(node, target, body) {
  const answer = await request('POST', `${node.url}/topics/${target}`, { body, headers: admin });
  return { status: answer.status, ...answer.json };
}

/** A user's stream, and whether it was refused. */
async function listen(t, node, user, topic = 'feed/1') {
  const stream = await openStream(t, `${node.url}/events?topic=${topic}`, user ? reader(user) : admin);
  return Object.assign(stream, { refused: stream.headers['fanfare-refused'] });
}

const opened = async (t, node, user) => {
  const stream = await listen(t, node, user);
  assert.equal(stream.refused, undefined, `a stream of ${user}`);
  return stream;
};

test('three nodes on one Redis server', async (t) => {
  const { nodes: [one, two, three] } = await startNodes(t, 3);

  await t.test('each counts the streams of all', async (t) => {
    for (const [node, count] of [[one, 2], [two, 3]]) for (let i = 0; i < count; i++) await listen(t, node);
    for (const node of [one, two, three]) {
      await until(async () => `5 streams; ${JSON.stringify(await stats(node))}`, async () => (await stats(node)).streams === 5);
      assert.equal((await stats(node)).nodes, 3);
    }
    assert.equal((await stats(two)).node.streams, 3);
    assert.match((await request('GET', `${one.url}/metrics`, { headers: admin })).text, /^fanfare_nodes 3/m);
    assert.match((await request('GET', `${one.url}/metrics`, { headers: admin })).text, /^fanfare_streams_open 2/m);
  });

  await t.test('streams are listed in pages over all of them, and ended from any', async (t) => {
    const streams = [];
    for (let i = 0; i < 9; i++) streams.push(await listen(t, [one, two, three][i % 3], undefined, 'pages'));
    const ids = streams.map((stream) => JSON.parse(stream.events[0].data).stream).sort();

    const listed = [];
    for (let next = ''; next !== null;) {
      const page = await get(three, `/streams?topic=pages&limit=4&after=${next}`);
      assert.equal(page.missing, 0);
      assert.ok(page.streams.length <= 4);
      listed.push(...page.streams.map((stream) => stream.id));
      next = page.next;
    }
    assert.deepEqual(listed, ids);

    const onTwo = JSON.parse(streams[1].events[0].data).stream;
    assert.equal((await remove(one, `/streams/${onTwo}`)).status, 200);
    await until('its end', () => streams[1].ended === 'complete');
    assert.equal((await remove(one, `/streams/${onTwo}`)).status, 404);
    assert.equal(streams.filter((stream) => stream.ended).length, 1);
  });

  await t.test("a user's streams are ended from any node, and with ?revoke none is opened again", async (t) => {
    const first = [await opened(t, one, 'carol'), await opened(t, two, 'carol')];
    const other = await opened(t, two, 'dave');
    assert.deepEqual((await remove(three, '/users/carol/streams')).json, { closed: 2, missing: 0 });
    await until('their ends', () => first.every((stream) => stream.ended === 'complete'));

    const credential = reader('carol');
    const again = await until('a place', async () => {
      const stream = await openStream(t, `${two.url}/events?topic=feed/1`, credential);
      return !stream.headers['fanfare-refused'] && stream;
    });
    assert.equal((await remove(one, '/users/carol/streams?revoke')).status, 200);
    for (const node of [three, two, one]) {
      assert.equal((await request('GET', `${node.url}/events?topic=feed/1`, { headers: credential })).status, 401);
    }
    await until('its end', () => again.ended === 'complete');
    assert.equal(other.ended, undefined);
  });

  await t.test('a user has so many streams on all nodes together, however they are asked for', async (t) => {
    const asked = await Promise.all(Array.from({ length: 24 }, (_, i) => listen(t, [one, two, three][i % 3], 'alice')));
    const admitted = asked.filter((stream) => !stream.refused);
    assert.equal(admitted.length, PER_USER);
    assert.ok(asked.every((stream) => [undefined, 'limit'].includes(stream.refused)));
    await opened(t, three, 'bob');

    admitted[0].close();
    await until('the place of the one that was closed', async () => !(await listen(t, three, 'alice')).refused);
    assert.equal((await listen(t, one, 'alice')).refused, 'limit');
  });

  await t.test('a topic that is deleted on one is read on none', async (t) => {
    const live = await listen(t, three, undefined, 'gone/*');
    for (let i = 0; i < 30; i++) {
      await publish(one, `gone/${i}`, 'x');
      await until('the event on another node', () => live.published.length === i + 1, { every: 1 });
      assert.equal((await remove(one, `/topics/gone/${i}`)).status, 204);
      const read = (node) => get(node, `/events?topic=gone/${i}&from=start`, { ...admin, Accept: 'application/json' });
      const pages = await Promise.all([three, two, one].map(read));
      assert.deepEqual(pages.map((page) => page.events), [[], [], []], `topic ${i}`);
    }
  });

  await t.test('a topic that is ended on one has ended on all', async (t) => {
    const stream = await listen(t, two, undefined, 'answers/1');
    await publish(one, 'answers/1?end', 'the end');
    await until('the end', () => stream.ended === 'complete');
    assert.deepEqual(stream.events.map((event) => event.type).slice(1), ['message', 'fanfare-end']);
    assert.equal((await publish(three, 'answers/1', 'more')).status, 409);
  });

  await t.test('a streaming publish is cancelled by a reader on another node', async (t) => {
    const stream = await listen(t, two, undefined, 'answers/2');
    const answered = new Promise((resolve, reject) => {
      const producer = http.request(`${one.url}/topics/answers/2?end`, { method: 'POST', agent: false, headers: { ...admin, 'Content-Type': 'application/x-ndjson' } });
      producer.on('response', (response) => resolve(response.statusCode)).on('error', reject);
      producer.write('{"data":"token"}\n');
      t.after(() => producer.destroy());
    });
    await until('a token', () => stream.published.length === 1);
    assert.equal((await request('POST', `${three.url}/topics/answers/2?cancel`, { headers: admin })).status, 200);
    assert.equal(await answered, 409);
    await until('the end', () => stream.ended === 'complete');
  });

  await t.test('a ticket is good on every node, for one stream at a time', async (t) => {
    const { ticket } = (await request('POST', `${one.url}/tickets`, { headers: reader('erin') })).json;
    const open = async (node) => openStream(t, `${node.url}/events?topic=feed/1&ticket=${ticket}`);
    let last = await open(two);
    for (const node of [three, one, two]) {
      const before = last;
      last = await open(node);
      await until('the end of the one before', () => before.ended === 'complete');
      assert.equal(last.status, 200);
    }
    await publish(one, 'feed/1', 'still there');
    await until('an event', () => last.published.at(-1)?.data === 'still there');
  });

  await t.test('a node that stands still is missed, not passed over', async (t) => {
    const mine = await listen(t, one, undefined, 'still');
    three.program.child.kill('SIGSTOP');
    try {
      const page = await get(one, '/streams?topic=still');
      assert.deepEqual([page.streams.length, page.missing], [1, 1]);
      const refused = await remove(one, '/topics/still');
      assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '1']);
      assert.match(refused.json.detail, /1 of the hub's nodes did not confirm/);
      assert.equal((await remove(one, '/streams/none')).status, 503);
    } finally {
      three.program.child.kill('SIGCONT');
    }
    await until('it to be there again', async () => (await remove(one, '/topics/still')).status === 204);
    assert.equal(mine.ended, undefined);
  });

  await t.test('a node that is killed is forgotten, and its places are free', async (t) => {
    await opened(t, one, 'frank');
    await opened(t, two, 'frank');
    assert.equal((await listen(t, three, 'frank')).refused, 'limit');
    await until('both to be listed', async () => (await get(three, '/streams?user=frank')).streams.length === 2);
    await until('all to be counted', async () => (await stats(three)).streams === (await get(three, '/streams')).streams.length);
    await two.kill();

    await until('a place', async () => !(await listen(t, three, 'frank')).refused, { every: 100 });
    await until('its streams not to be counted', async () => {
      const [{ streams, missing }, counted] = [await get(one, '/streams'), await stats(one)];
      return counted.nodes === 2 && counted.streams === streams.length && missing === 0;
    });
  });
});

test('a hub whose Redis server comes back empty counts its streams again, and meanwhile each node by itself', async (t) => {
  const { redis, nodes: [one, two] } = await startNodes(t, 2);
  const streams = [await opened(t, one, 'alice'), await opened(t, one, 'bob')];
  await redis.kill();
  await until('the log to be away', async () => (await stats(two)).log.available === false);
  await opened(t, two, 'alice');
  await opened(t, two, 'alice');
  assert.equal((await listen(t, two, 'alice')).refused, 'limit');

  await redis.again();
  await until('all streams to be counted', async () => (await stats(two)).streams === 4);
  await until('a fourth on two nodes to be refused', async () => {
    const stream = await listen(t, one, 'alice');
    stream.close();
    return stream.refused === 'limit';
  });
  await opened(t, two, 'bob');
  assert.equal((await listen(t, two, 'bob')).refused, 'limit');
  assert.ok(streams.every((stream) => !stream.ended));
});
