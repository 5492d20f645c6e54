// Runs the example: Redis, three nodes and HAProxy on this machine, streams through HAProxy, and a node killed with -9 again and again
// while events are published. A line counts what every stream was given: node run.mjs [--port 7070] [--streams 60] [--rate 20]
// [--kills 3] [--every 5] (seconds). HAProxy has the port, the nodes the three after it, Redis the one after those. Needs redis-server and haproxy.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Reader } from './reader.mjs';

const NAMES = ['one', 'two', 'three'];
const TOPIC = 'cluster/count';
const number = (text) => ({ type: 'string', default: text });
const { values } = parseArgs({ options: { port: number('7070'), streams: number('60'), rate: number('20'), kills: number('3'), every: number('5') } });
const [port, streams, rate, kills, every] = ['port', 'streams', 'rate', 'kills', 'every'].map((name) => Number(values[name]));
const front = `http://127.0.0.1:${port}`;
const redis = `redis://127.0.0.1:${port + 4}`;
const begin = performance.now();

const running = new Set();
const folder = mkdtempSync(join(tmpdir(), 'fanfare-cluster-'));
process.on('exit', () => {
  running.forEach((child) => child.kill('SIGKILL'));
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** A program that ends with this one. */
function run(command, args, env) {
  const path = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`;
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, PATH: path, ...env } });
  running.add(child);
  child.on('exit', () => running.delete(child));
  child.on('error', (error) => fail(error.code === 'ENOENT' ? `${command} is not there; apt-get install redis-server haproxy` : error.message));
  return child;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

async function until(what, condition) {
  for (const deadline = performance.now() + 60_000; !(await condition()); await pause(50)) {
    if (performance.now() > deadline) throw new Error(`waited a minute for ${what}`);
  }
}

async function listens(at) {
  const socket = net.connect(at, '127.0.0.1');
  const connected = await once(socket, 'connect').then(() => true, () => false);
  socket.destroy();
  return connected;
}

/** Starts a program that is to listen on a port; never takes another one that has the port for it. */
async function runOn(at, command, args, env) {
  if (await listens(at)) fail(`port ${at}, meant for ${command}, is taken by another program; end that (ss -ltnp shows it), or take other ports with --port`);
  const child = run(command, args, env);
  await until(command, () => {
    if (!running.has(child)) fail(`${command} ended and does not listen on port ${at}; if another program has that port (ss -ltnp), take other ports with --port`);
    return listens(at);
  });
  return child;
}

const startRedis = () => runOn(port + 4, 'redis-server', ['--port', String(port + 4), '--bind', '127.0.0.1', '--save', '', '--dir', folder, '--logfile', 'redis.log']);

async function startNode(n) {
  const args = ['serve', '--port', String(port + 1 + n), '--redis', redis, '--retry', '500ms'];
  const node = run(fileURLToPath(new URL('../../fanfare', import.meta.url)), args);
  for await (const line of createInterface(node.stdout)) {
    if (line.includes('is ready')) return node.stdout.resume(), node;
  }
  throw new Error(`node ${NAMES[n]} did not start`);
}

async function startProxy() {
  const ports = Object.fromEntries(NAMES.map((_, n) => [`NODE_PORT_${n + 1}`, String(port + 1 + n)]));
  const args = ['-db', '-f', fileURLToPath(new URL('haproxy.cfg', import.meta.url))];
  (await runOn(port, 'haproxy', args, { FRONT_PORT: String(port), ...ports })).stdout.resume();
}

/** Publishes a number until it is answered 201: the key makes a repetition harmless. */
async function publish(n, agent) {
  for (;;) {
    const sent = http.request(`${front}/topics/${TOPIC}`, { method: 'POST', agent, headers: { 'Idempotency-Key': String(n) } });
    sent.end(String(n));
    const answer = await once(sent, 'response').then(([response]) => (response.resume(), response.statusCode), () => 0);
    if (answer === 201) return;
    if (![0, 502, 503, 504].includes(answer)) throw new Error(`publish was answered ${answer}`);
    await pause(100);
  }
}

let published = 0;
let killed = 0;
let stopped = false;
async function publishAll() {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  while (!stopped) {
    await publish(published, agent);
    published++;
    await pause(1_000 / rate);
  }
  agent.destroy();
}

console.log(`starting Redis at ${redis}, nodes on ${NAMES.map((_, n) => port + 1 + n).join(', ')}, HAProxy at ${front}`);
await startRedis();
const nodes = [];
for (const n of NAMES.keys()) nodes.push(await startNode(n)); // one after the other: the first builds what is not built
await startProxy();
const readers = Array.from({ length: streams }, () => new Reader(`${front}/topics/${TOPIC}`));

const sum = (of) => readers.reduce((all, reader) => all + of(reader), 0);
const lost = () => sum((reader) => reader.missing) + sum((reader) => reader.twice) + sum((reader) => reader.gaps);
function counter() {
  const seconds = Math.round((performance.now() - begin) / 1_000);
  return `${String(seconds).padStart(4)} s  published ${published}  streams ${sum((reader) => Number(reader.open))} of ${streams}  `
    + `received ${sum((reader) => reader.received)}  missing ${sum((reader) => reader.missing)}  twice ${sum((reader) => reader.twice)}  `
    + `gaps ${sum((reader) => reader.gaps)}  reconnections ${sum((reader) => reader.reconnections)}  nodes killed ${killed}`;
}
const show = setInterval(() => (process.stdout.isTTY ? process.stdout.write(`\r\x1b[K${counter()}`) : console.log(counter())), process.stdout.isTTY ? 100 : 1_000);

await until('the streams', () => readers.every((reader) => reader.open));
const publishing = publishAll();
for (let n = 0; n < kills; n++) {
  await pause(every * 1_000);
  const victim = n % NAMES.length;
  nodes[victim].kill('SIGKILL');
  killed++;
  console.log(`${process.stdout.isTTY ? '\n' : ''}       kill -9 of node ${NAMES[victim]}`);
  await once(nodes[victim], 'exit');
  nodes[victim] = await startNode(victim);
}
await pause(every * 1_000);
stopped = true;
await publishing;
await until('all streams to have all', () => lost() > 0 || readers.every((reader) => reader.received === published)).catch(() => {});
clearInterval(show);
console.log(`${process.stdout.isTTY ? '\n' : ''}${counter()}`);
const whole = lost() === 0 && readers.every((reader) => reader.received === published);
console.log(whole ? `nothing lost: ${streams} streams were given each of ${published} events once, in order, over ${killed} kills` : 'SOMETHING WAS LOST');
readers.forEach((reader) => reader.close());
process.exit(whole ? 0 : 1);
