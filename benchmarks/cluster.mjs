// What a hub on Redis costs, and how it grows from one node to three; beside it, in the same run, one node with its log in memory.
//
//   node benchmarks/cluster.mjs [--rounds 3] [--seconds 10] [--rate 100] [--streams 50] [--bytes 200] [--warm 20] [--stored 100000] [--only latency,publishes,memory]
//
// Starts a redis-server without persistence, a node in memory, a hub of one node and a hub of three, all on this machine. Each setup first
// runs for so many seconds unmeasured, at twice the rate: a node compiles what it does often. Then, in each round and setup:
//   latency    publishes at a rate, in turn to each node; that many streams are open on every node, most of them read by a process of their
//              own. Times are from the sending of the request to the reading of the event on 4 streams a node; with three nodes, only on
//              the two that were not published to. Checks that those streams were given every event once.
//   publishes  publishes as fast as they are answered, over 8 connections a node with 16 requests under way on each, with one stream open.
//   memory     stores that many events of one topic, and of 1 topic in 10 of them, and divides what Redis' used_memory grew by.
// CPU is that of the process, of Redis as its INFO cpu says. Prints the median of the rounds, and all of them behind it.
import { execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const MARK = '\ndata: ';
const PROBES = 4;

/** Opens a stream and resolves when its first bytes are there; `onNumber` is called with the number that each event's data begins with. */
function openStream(port, topic, onNumber) {
  return new Promise((resolve, reject) => {
    let rest = '';
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', reject);
    socket.on('data', (bytes) => {
      resolve(socket);
      if (!onNumber) return;
      const text = rest + bytes.latin1Slice();
      let from = 0;
      for (let at; (at = text.indexOf(MARK, from)) >= 0 && at + MARK.length + 8 <= text.length; from = at + 1) {
        const number = Number(text.slice(at + MARK.length, at + MARK.length + 8));
        if (!Number.isNaN(number)) onNumber(number);
      }
      rest = text.slice(Math.max(from, text.length - MARK.length - 8));
    });
    socket.write(`GET /topics/${topic} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\n\r\n`);
  });
}

// The process that reads the streams nobody looks at.
if (process.argv[2] === '--drain') {
  const sockets = [];
  process.on('message', async ({ ports, topic, count }) => {
    while (sockets.length) sockets.pop().destroy();
    for (const port of ports) sockets.push(...(await Promise.all(Array.from({ length: count }, () => openStream(port, topic)))));
    process.send('open');
  });
} else {
  await main();
}

async function main() {
  const number = (text) => ({ type: 'string', default: text });
  const { values } = parseArgs({
    options: {
      rounds: number('3'), seconds: number('10'), rate: number('100'), streams: number('50'), bytes: number('200'), warm: number('20'),
      stored: number('100000'), only: { type: 'string', default: 'latency,publishes,memory' },
    },
  });
  const [rounds, seconds, rate, streams, bytes, warm, stored] = ['rounds', 'seconds', 'rate', 'streams', 'bytes', 'warm', 'stored'].map((name) => Number(values[name]));
  const parts = values.only.split(',');

  const running = [];
  const folder = mkdtempSync(join(tmpdir(), 'fanfare-cluster-'));
  const drain = fork(fileURLToPath(import.meta.url), ['--drain']);
  process.on('exit', () => {
    [...running, drain].forEach((child) => child.kill('SIGKILL'));
    rmSync(folder, { recursive: true, force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

  const redisPort = await freePort();
  const redis = spawn('redis-server', ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', '', '--dir', folder, '--logfile', 'redis.log']);
  running.push(redis);
  const cli = (...args) => execFileSync('redis-cli', ['-p', String(redisPort), ...args], { encoding: 'utf8' });
  while (!attempt(() => cli('ping').includes('PONG'))) await pause(50);
  const info = (section, field) => Number(cli('info', section).match(new RegExp(`^${field}:(\\S+)`, 'm'))[1]);
  const redisCpu = () => info('cpu', 'used_cpu_sys') + info('cpu', 'used_cpu_user');

  async function node(args) {
    const port = await freePort();
    const child = spawn(fileURLToPath(new URL('../fanfare', import.meta.url)), ['serve', '--port', String(port), ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
    running.push(child);
    for await (const line of createInterface(child.stdout)) if (line.includes('is ready')) break;
    child.stdout.resume();
    return { port, pid: child.pid };
  }
  const onRedis = (hub) => ['--redis', `redis://127.0.0.1:${redisPort}`, '--redis.hub', hub];
  const memory = [await node(['--memory'])];
  const one = [await node(onRedis('one'))];
  const three = [];
  for (let i = 0; i < 3; i++) three.push(await node(onRedis('three')));

  console.log(`${new Date().toISOString().slice(0, 10)}, ${cpus().length} CPUs (${cpus()[0].model.trim()}), Redis ${cli('info', 'server').match(/redis_version:(\S+)/)[1]}, `
    + `Node ${process.version}, events of ${bytes} bytes, ${rounds} rounds of ${seconds} s`);

  if (parts.includes('latency')) await latency();
  if (parts.includes('publishes')) await publishes();
  if (parts.includes('memory')) memoryOfEvents(await storeAll());
  process.exit();

  async function latency() {
    const setups = [ // published to, read of, streams on each
      ['one node, memory', memory, memory, streams], ['one node, memory, as many streams as on three', memory, memory, 3 * streams],
      ['one node, Redis', one, one, streams], ['three nodes, Redis', three, three, streams],
      ['three nodes, Redis, all streams on one', three, three.slice(0, 1), streams],
    ];
    for (const [, nodes, readers, count] of setups) {
      await read(readers, 'bench/warm', count);
      await publishAtRate(nodes, 'bench/warm', 2 * rate, 2 * rate * warm, () => {});
    }
    const results = new Map(setups.map(([name]) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [name, ...setup] of setups) results.get(name).push(await latencyOnce(...setup, `bench/latency-${round}`));
    }
    console.log(`\nlatency at ${rate} events/s, ${streams} streams a node (ms; CPU in us a publish)`);
    for (const [name, runs] of results) {
      console.log(`${name.padEnd(48)} p50 ${median(runs, 'p50', 2)}  p99 ${median(runs, 'p99', 2)}  nodes ${median(runs, 'nodes', 0)}  Redis ${median(runs, 'redis', 0)}`);
    }
  }

  /** One setup for one round. The streams are on one topic; each event is its number. */
  async function latencyOnce(nodes, readers, count, topic) {
    await read(readers, topic, count - PROBES);
    const sent = [];
    const times = [];
    const seen = [];
    const probes = [];
    for (const [at, { port }] of readers.entries()) {
      for (let i = 0; i < PROBES; i++) {
        const mine = new Set();
        seen.push(mine);
        probes.push(await openStream(port, topic, (n) => {
          if (mine.has(n)) throw new Error(`event ${n} came twice`);
          mine.add(n);
          if (nodes.length === 1 || n % nodes.length !== at) times.push(performance.now() - sent[n]);
        }));
      }
    }
    const before = [redisCpu(), cpuOf(nodes)];
    const total = rate * seconds;
    await publishAtRate(nodes, topic, rate, total, (n) => (sent[n] = performance.now()));
    const after = [redisCpu(), cpuOf(nodes)];
    for (const due = performance.now() + 5_000; performance.now() < due && seen.some((mine) => mine.size < total);) await pause(5);
    const missing = seen.reduce((all, mine) => all + total - mine.size, 0);
    if (missing) throw new Error(`${missing} events are missing`);
    probes.forEach((socket) => socket.destroy());
    await read([], topic, 0);
    times.sort((a, b) => a - b);
    return { p50: quantile(times, 0.5), p99: quantile(times, 0.99), redis: ((after[0] - before[0]) / total) * 1e6, nodes: ((after[1] - before[1]) / total) * 1e6 };
  }

  /** Has the other process read so many streams of each node, and no others. */
  async function read(nodes, topic, count) {
    drain.send({ ports: nodes.map(({ port }) => port), topic, count });
    await once(drain, 'message');
  }

  /** Event n to node n modulo their number, over a connection to each; resolves when all are answered. */
  function publishAtRate(nodes, topic, perSecond, total, onSend) {
    return new Promise((resolve, reject) => {
      let [next, answered] = [0, 0];
      const senders = nodes.map((to) => publisher(to, () => ++answered === total && done(), reject));
      const begin = performance.now();
      const timer = setInterval(() => {
        for (const due = Math.min(total, ((performance.now() - begin) / 1_000) * perSecond); next < due; next++) {
          onSend(next);
          senders[next % senders.length].write(request(senders[next % senders.length].to, topic, next));
        }
      }, 1);
      const done = () => (clearInterval(timer), senders.forEach((socket) => socket.destroy()), resolve());
    });
  }

  function request({ port }, topic, n) {
    const body = String(n).padStart(8, '0').padEnd(bytes, 'x');
    return `POST /topics/${topic} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  }

  /** A connection for publishing; `onAnswer` is called for each 201. */
  function publisher(to, onAnswer, onError) {
    let rest = '';
    const socket = Object.assign(net.connect(to.port, '127.0.0.1'), { to });
    socket.setNoDelay();
    socket.on('error', onError);
    socket.on('data', (data) => {
      const text = rest + data.latin1Slice();
      let from = 0;
      for (let at; (at = text.indexOf('HTTP/1.1 ', from)) >= 0 && at + 12 <= text.length; from = at + 12) {
        if (!text.startsWith('201', at + 9)) return void onError(new Error(`a publish was answered ${text.slice(at, at + 400)}`));
        onAnswer();
      }
      rest = text.slice(Math.max(from, text.length - 11));
    });
    return socket;
  }

  async function publishes() {
    const setups = [['one node, memory', memory], ['one node, Redis', one], ['three nodes, Redis', three]];
    for (const [, nodes] of setups) await publishFully(nodes, 3);
    const results = new Map(setups.map(([name]) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [name, nodes] of setups) results.get(name).push(await publishFully(nodes, seconds));
    }
    console.log('\npublishes as fast as they are answered (CPU in us a publish; of Redis also as a share of one CPU)');
    for (const [name, runs] of results) {
      console.log(`${name.padEnd(48)} ${median(runs, 'rate', 0)} /s  nodes ${median(runs, 'nodes', 1)}  Redis ${median(runs, 'redis', 1)}  ${median(runs, 'share', 2)}`);
    }
  }

  async function publishFully(nodes, time) {
    const topic = 'bench/publishes';
    const stream = await openStream(nodes.at(-1).port, topic);
    let [answered, stop] = [0, false];
    const [redisBefore, nodesBefore, begin] = [redisCpu(), cpuOf(nodes), performance.now()];
    const sockets = [];
    const failed = new Promise((_, reject) => {
      for (const to of nodes) {
        for (let i = 0; i < 8; i++) {
          const socket = publisher(to, () => {
            answered++;
            if (!stop) socket.write(request(to, topic, answered));
          }, reject);
          sockets.push(socket);
          socket.write(request(to, topic, 0).repeat(16));
        }
      }
    });
    await Promise.race([pause(time * 1_000), failed]);
    const [count, took] = [answered, (performance.now() - begin) / 1_000];
    const [redisAfter, nodesAfter] = [redisCpu(), cpuOf(nodes)];
    stop = true;
    await pause(200);
    sockets.forEach((socket) => socket.destroy());
    stream.destroy();
    const redisSeconds = redisAfter - redisBefore;
    return { rate: count / took, redis: (redisSeconds / count) * 1e6, share: redisSeconds / took, nodes: ((nodesAfter - nodesBefore) / count) * 1e6 };
  }

  /** Bytes of Redis for each stored event, by how many topics they are of. */
  async function storeAll() {
    const found = [];
    for (const topics of [1, stored / 10]) {
      const hub = `stored-${topics}`;
      const at = await node([...onRedis(hub), '--retention.bytes', '100GiB']);
      const before = info('memory', 'used_memory');
      for (let n = 0; n < stored; n += 1_000) {
        const events = Array.from({ length: 1_000 }, (_, i) => ({ topic: `t/${(n + i) % topics}`, data: 'x'.repeat(bytes) }));
        const answer = await fetch(`http://127.0.0.1:${at.port}/events`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(events) });
        if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
      }
      found.push([topics, (info('memory', 'used_memory') - before) / stored]);
      process.kill(at.pid, 'SIGKILL');
    }
    return found;
  }

  function memoryOfEvents(found) {
    console.log(`\nRedis' used_memory for each of ${stored} stored events of ${bytes} bytes`);
    for (const [topics, each] of found) console.log(`${`${topics} topics`.padEnd(48)} ${each.toFixed(0)} bytes`);
  }
}

function attempt(what) {
  try {
    return what();
  } catch {
    return false;
  }
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** CPU seconds of these processes so far. */
function cpuOf(nodes) {
  return nodes.reduce((all, { pid }) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return all + (Number(fields[11]) + Number(fields[12])) / 100;
  }, 0);
}

function quantile(sorted, q) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}

/** The median of one figure over the rounds, and all of them in the order they came. */
function median(runs, field, digits) {
  const all = runs.map((run) => run[field]);
  return `${quantile([...all].sort((a, b) => a - b), 0.5).toFixed(digits)} (${all.map((value) => value.toFixed(digits)).join(', ')})`;
}
