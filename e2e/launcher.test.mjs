// ./fanfare from outside: how fast it is ready, what it says and how it exits, and its jar away from the checkout.
import assert from 'node:assert/strict';
import { copyFile, readdir } from 'node:fs/promises';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { emptyDirectory } from './support/folder.mjs';
import { history, publish, request, streams } from './support/http.mjs';
import { canListen, freePort, startNode } from './support/node.mjs';
import { checkout, fanfare, run, start } from './support/process.mjs';
import { startProxy } from './support/proxy.mjs';
import { openStream } from './support/stream.mjs';
import { until } from './support/until.mjs';

/** A tail that reads a topic by now. */
async function startTail(t, node, args) {
  const open = (await streams(node.url)).length;
  const tail = start(t, fanfare, ['tail', ...args, '--url', node.url]);
  await until(() => `tail to subscribe; it printed: ${tail.output}`, async () => (await streams(node.url)).length > open);
  return tail;
}

test('serve, once built, is ready in under 0.8 s: the median of 5 starts', async (t) => {
  const times = [];
  const data = await emptyDirectory(t);
  for (let i = 0; i < 5; i++) {
    const node = await startNode(t, { data });
    times.push(Math.round(node.readyAfter));
    await node.kill();
  }
  const median = times.sort((a, b) => a - b)[2];
  t.diagnostic(`ready after ${times.join(', ')} ms`);
  assert.ok(median < 800, `ready after ${times} ms`);
});

test('serve prints one line, with its URL, when it is ready, and becomes the Java process', async (t) => {
  const node = await startNode(t);

  assert.equal(node.program.lines.length, 1, node.program.output);
  assert.equal(node.url, `http://127.0.0.1:${node.port}`);
  assert.equal((await request('GET', `${node.url}/healthz`)).status, 200);
  assert.match(readFileSync(`/proc/${node.program.pid}/cmdline`, 'utf8'), /^[^\0]*java\0/, 'a shell stands between');
  assert.equal(await node.stop(), 0);
  assert.equal(node.program.lines.length, 1, node.program.output);
});

test('a launcher that is stopped while it builds leaves no Maven behind', async (t) => {
  const copy = await emptyDirectory(t);
  for (const file of ['fanfare', '.ci/tools.sh']) cpSync(join(checkout, file), join(copy, file));
  mkdirSync(join(copy, 'bin'));
  writeFileSync(join(copy, 'bin', 'mvn'), '#!/bin/sh\necho $$ >"$0.pid"\nexec sleep 300\n', { mode: 0o755 });
  const launcher = start(t, join(copy, 'fanfare'), ['serve'], { env: { PATH: `${join(copy, 'bin')}:${process.env.PATH}` } });
  const pid = await until(() => `Maven to run; it printed: ${launcher.output}`, () => existsSync(join(copy, 'bin', 'mvn.pid')) && Number(readFileSync(join(copy, 'bin', 'mvn.pid'), 'utf8')));

  assert.equal(await launcher.stop('SIGTERM'), 143);
  await until('Maven to be gone', () => !existsSync(`/proc/${pid}`));
});

test('a busy port: serve names a free one and exits 1', async (t) => {
  const node = await startNode(t);

  const { code, stdout, stderr } = await run(t, fanfare, ['serve', '--memory', '--port', String(node.port)]);

  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.ok(stderr.includes(String(node.port)), stderr);
  const named = [...stderr.matchAll(/\b\d{4,5}\b/g)].map(([port]) => Number(port)).filter((port) => port !== node.port);
  assert.ok(named.length > 0, `no free port is named: ${stderr}`);
  assert.ok(await canListen(named[0]), `port ${named[0]} is not free: ${stderr}`);
  assert.doesNotMatch(stderr, /^\s+at .*\(/m, 'a stack trace');
});

test('a mistyped setting exits 2 and names the nearest one', async (t) => {
  const { code, stderr } = await run(t, fanfare, ['serve', '--limits.stream', '5']);

  assert.equal(code, 2);
  assert.match(stderr, /limits\.streams/);
});

test('serve --check prints the effective settings and exits 0', async (t) => {
  const { code, stdout } = await run(t, fanfare, ['serve', '--check', '--limits.streams', '5']);

  assert.equal(code, 0);
  assert.match(stdout, /limits\.streams\W+5\b/);
});

test('it will not listen beyond this machine while everyone may publish, unless told --insecure', async (t) => {
  const { code, stderr } = await run(t, fanfare, ['serve', '--memory', '--host', '0.0.0.0', '--port', String(await freePort())]);

  assert.notEqual(code, 0);
  assert.match(stderr, /--insecure/);
});

describe('exit codes:', { concurrency: 2 }, () => {
  const cases = [
    ['a command that is not known', ['serv'], 2],
    ['publish without a topic', ['publish'], 2],
    ['tail with an option that is not known', ['tail', 'a', '--form', 'start'], 2],
    ['--help', ['--help'], 0],
    ['tail --help', ['tail', '--help'], 0],
    ['--version', ['--version'], 0],
  ];
  for (const [what, args, expected] of cases) {
    test(`${what}: ${expected}`, async (t) => {
      const { code, stdout, stderr } = await run(t, fanfare, args);
      assert.equal(code, expected, stdout + stderr);
      assert.ok((expected === 0 ? stdout : stderr) !== '', 'it said nothing');
    });
  }

  test('publish to a topic that the node refuses: 1, and the reason', async (t) => {
    const node = await startNode(t);
    const { code, stdout, stderr } = await run(t, fanfare, ['publish', 'a/*', 'x', '--url', node.url]);
    assert.equal(code, 1, stdout + stderr);
    assert.notEqual(stderr, '');
    assert.doesNotMatch(stderr, /^\s+at .*\(/m, 'a stack trace');
  });

  test('tail that the node refuses: 1, and the reason', async (t) => {
    const node = await startNode(t);
    const { code, stdout, stderr } = await run(t, fanfare, ['tail', 'a', '--from', '2999-01-01T00:00:00Z', '--url', node.url]);
    assert.equal(code, 1, stdout + stderr);
    assert.notEqual(stderr, '');
  });

  test('publish where nothing listens: 1, in the end', async (t) => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const { code, stdout, stderr } = await run(t, fanfare, ['publish', 'a', 'x', '--url', url], { within: 60_000 });
    assert.equal(code, 1, stdout + stderr);
    assert.ok(stderr.includes(url.slice(7)), `it does not say where: ${stderr}`);
  });
});

test('what publish sends, tail prints, and both name the same id', async (t) => {
  const node = await startNode(t);
  const tail = await startTail(t, node, ['orders/*']);
  const json = await startTail(t, node, ['orders/*', '--json']);

  const { code, stdout } = await run(t, fanfare, ['publish', 'orders/42', 'paid in full', '--event', 'status', '--url', node.url]);

  assert.equal(code, 0);
  const id = stdout.trim();
  assert.match(id, /^\d+-\d+$/);
  await until(() => `tail to print it; it printed ${tail.output}`, () => tail.lines.length === 1);
  await until(() => `tail --json to print it; it printed ${json.output}`, () => json.lines.length === 1);
  for (const part of [id, 'orders/42', 'status', 'paid in full']) assert.ok(tail.stdout.includes(part), tail.stdout);
  assert.deepEqual(JSON.parse(json.stdout), { id, topic: 'orders/42', event: 'status', data: 'paid in full' });
});

test('seq 1 100 | publish t - arrives in order', async (t) => {
  const node = await startNode(t);
  const stream = await openStream(t, `${node.url}/topics/t`);
  const numbers = Array.from({ length: 100 }, (_, i) => String(i + 1));

  const { code, stdout } = await run(t, 'bash', ['-c', 'seq 1 100 | "$0" publish t - --url "$1"', fanfare, node.url]);

  assert.equal(code, 0);
  await until(() => `100 events; ${stream.published.length} came`, () => stream.published.length >= 100);
  assert.deepEqual(stream.published.map((event) => event.data), numbers);
  assert.equal(stdout.trim(), stream.published.at(-1).id, 'it prints the id of the last one');
});

test('publish - publishes each line as it arrives, not when the input ends', async (t) => {
  const node = await startNode(t);
  const stream = await openStream(t, `${node.url}/topics/t`);
  const publisher = start(t, fanfare, ['publish', 't', '-', '--url', node.url], { input: null });

  publisher.child.stdin.write('one\n');
  await until('one', () => stream.published.length === 1);
  publisher.child.stdin.write('two\nthr');
  await until('two', () => stream.published.length === 2);
  publisher.child.stdin.end('ee');

  assert.equal(await publisher.exit(), 0);
  await until('three', () => stream.published.length === 3);
  assert.deepEqual(stream.published.map((event) => event.data), ['one', 'two', 'three']);
});

test('tail goes on by itself over cuts and over a restart of the node', async (t) => {
  const node = await startNode(t, { args: ['--retry', '500ms'] });
  const proxy = await startProxy(t, node.port);
  const tail = await startTail(t, { url: proxy.url }, ['t', '--json']);
  const data = () => tail.lines.map((line) => JSON.parse(line)).filter(({ event }) => event === 'message').map((event) => event.data);
  const seen = (what) => until(() => `${what}; tail printed ${tail.output}`, () => data().includes(what), { within: 20_000 });

  await publish(node.url, 't', 'one');
  await seen('one');
  proxy.hold();
  proxy.cut();
  await publish(node.url, 't', 'two, while it was away');
  proxy.release();
  await seen('two, while it was away');
  await node.kill();
  const successor = await startNode(t, { port: node.port });
  await publish(successor.url, 't', 'three, in a new log');
  await seen('three, in a new log');

  assert.deepEqual(data(), ['one', 'two, while it was away', 'three, in a new log']);
  assert.match(tail.output, /log-lost/, 'tail does not tell of the gap');
});

describe('the jar that ./fanfare package makes runs from an empty directory', () => {
  before(async () => {
    const { code, stderr } = await run({ after() {} }, fanfare, ['package'], { within: 300_000 });
    assert.equal(code, 0, stderr);
  });

  // One JDK of each version; Debian's names lead to the same ones by links.
  const homes = new Map();
  for (const name of existsSync('/usr/lib/jvm') ? readdirSync('/usr/lib/jvm') : []) {
    const release = `/usr/lib/jvm/${name}/release`;
    const version = existsSync(release) && readFileSync(release, 'utf8').match(/^JAVA_VERSION="(\d+)/m)?.[1];
    if (version && existsSync(`/usr/lib/jvm/${name}/bin/java`)) homes.set(Number(version), `/usr/lib/jvm/${name}`);
  }
  test('there is a JDK 17 or later to run it on', () => assert.ok([...homes.keys()].some((version) => version >= 17)));

  for (const [version, home] of homes) {
    if (version < 17) continue;
    test(`on JDK ${version}`, async (t) => {
      const folder = await emptyDirectory(t);
      await copyFile(join(checkout, 'fanfare.jar'), join(folder, 'fanfare.jar'));
      const command = [`${home}/bin/java`, '-jar', 'fanfare.jar'];
      const node = await startNode(t, { command, cwd: folder });
      const stream = await openStream(t, `${node.url}/topics/a`);

      const { code, stderr } = await run(t, command[0], [...command.slice(1), 'publish', 'a', 'from the jar', '--url', node.url], { cwd: folder });

      assert.equal(code, 0, stderr);
      await until('the event', () => stream.published[0]?.data === 'from the jar');
      assert.equal((await history(node.url, '**')).length, 1);
      assert.equal(await node.stop(), 0);
      const complaints = node.program.stderr.split('\n').filter((line) => line !== '' && !/^\S+Z INFO /.test(line));
      assert.deepEqual(complaints, [], 'it complains on standard error');
      assert.deepEqual(await readdir(folder), ['fanfare.jar'], 'it left files behind');
    });
  }
});
