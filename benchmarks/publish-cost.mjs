// What one publish to a topic with one stream costs the node, while many other streams and patterns are open.
//
//   node benchmarks/publish-cost.mjs --pid PID --port 7070 [--events 20000] [--rate 4000]
//
// Opens 100, then 10,000 streams on other topics, then 1,000 streams with patterns that do not match, and each time publishes to the one
// topic at a fixed rate over one connection. Prints the CPU time of the process per publish, and the ratio to the first.
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    pid: { type: 'string' },
    port: { type: 'string', default: '7070' },
    events: { type: 'string', default: '20000' },
    rate: { type: 'string', default: '4000' },
    warmup: { type: 'string', default: '3' },
  },
});
const port = Number(options.port);
const events = Number(options.events);
const rate = Number(options.rate);
const MARK = '\ndata: x';

function cpuSeconds() {
  const stat = readFileSync(`/proc/${options.pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Opens a stream and resolves when its first bytes are there; counts the events that come. */
function open(topic) {
  return new Promise((resolve, reject) => {
    const stream = { events: 0, rest: '', socket: net.connect(port, '127.0.0.1') };
    stream.socket.on('error', reject);
    stream.socket.on('data', (bytes) => {
      resolve(stream);
      const text = stream.rest + bytes.latin1Slice();
      stream.events += text.split(MARK).length - 1;
      stream.rest = text.slice(text.length - Math.min(text.length, MARK.length - 1));
    });
    stream.socket.write(`GET /events?topic=${topic} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\n\r\n`);
  });
}

async function openAll(count, topic) {
  const streams = [];
  for (let from = 0; from < count; from += 200) {
    const batch = Array.from({ length: Math.min(200, count - from) }, (_, i) => open(topic(from + i)));
    streams.push(...(await Promise.all(batch)));
  }
  return streams;
}

/** Publishes at the rate, over one connection, and resolves with the CPU seconds the node took per publish. */
function publish(count) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1');
    const body = 'x'.repeat(200);
    const request = `POST /topics/cost/one HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const begin = performance.now();
    const cpu = cpuSeconds();
    let sent = 0;
    let answered = 0;
    let rest = '';
    const timer = setInterval(() => {
      const due = Math.min(count, Math.floor(((performance.now() - begin) / 1000) * rate));
      if (due > sent) socket.write(request.repeat(due - sent));
      sent = Math.max(sent, due);
    }, 1);
    socket.on('error', reject);
    socket.on('data', (bytes) => {
      const text = rest + bytes.latin1Slice();
      answered += text.split('HTTP/1.1 201').length - 1;
      rest = text.slice(-11);
      if (answered >= count) {
        clearInterval(timer);
        socket.end();
        resolve((cpuSeconds() - cpu) / count);
      }
    });
  });
}

const [one] = await openAll(1, () => 'cost/one');
await publish(rate * Number(options.warmup));
let first;
async function measure(name) {
  const before = one.events;
  const runs = [];
  for (let i = 0; i < 3; i++) runs.push(await publish(events));
  const due = performance.now() + 2000; // the last answers overtake the last events
  while (one.events - before < 3 * events && performance.now() < due) await new Promise(setImmediate);
  const micros = runs.sort((a, b) => a - b)[1] * 1e6;
  first ??= micros;
  const whole = one.events - before === 3 * events ? 'nothing missing' : `${3 * events - (one.events - before)} MISSING`;
  console.log(`${name.padEnd(44)} ${micros.toFixed(1).padStart(6)} us/publish  x${(micros / first).toFixed(2)}  ${whole}`);
}

const streams = await openAll(100, (i) => `other/a${i}`);
await measure('100 other streams');
streams.push(...(await openAll(9900, (i) => `other/b${i}`)));
await measure('10,000 other streams');
streams.push(...(await openAll(1000, (i) => `other/c${i}/*`)));
await measure('10,000 other streams and 1,000 other patterns');
streams.forEach((stream) => stream.socket.destroy());
one.socket.destroy();
