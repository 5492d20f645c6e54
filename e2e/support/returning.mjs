// Many streams that come back, in a process of its own that gives way to the node: their readers are on other machines.
// node returning.mjs PORT STREAMS TOPICS BEHIND LAST-EVENT-ID: prints one line of JSON when all have got what they missed.
import net from 'node:net';

const [port, streams, topics, behind] = process.argv.slice(2, 6).map(Number);
const seen = process.argv[6];
const DATA = Buffer.from('\ndata:');
const GAP = Buffer.from('fanfare-gap');

let gaps = 0;
let missing = streams;
const begin = performance.now();

function count(buffer, what) {
  let found = 0;
  for (let at = buffer.indexOf(what); at >= 0; at = buffer.indexOf(what, at + what.length)) found++;
  return found;
}

function open(topic) {
  const socket = net.connect(port, '127.0.0.1');
  let events = 0;
  let rest = Buffer.alloc(0);
  socket.write(`GET /events?topic=feed/${topic}&open=none HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: ${seen}\r\n\r\n`);
  socket.on('error', (e) => { throw e; });
  socket.on('data', (chunk) => {
    const bytes = rest.length ? Buffer.concat([rest, chunk]) : chunk;
    rest = Buffer.from(bytes.subarray(Math.max(0, bytes.length - DATA.length + 1))); // what may be the beginning of a line
    const before = events;
    events += count(bytes, DATA);
    gaps += count(bytes, GAP);
    if (before < behind && events >= behind && --missing === 0) done();
  });
}

function done() {
  console.log(JSON.stringify({ milliseconds: performance.now() - begin, gaps }));
}

process.on('disconnect', () => process.exit());
for (let i = 0; i < streams; i++) setTimeout(open, Math.random() * 1_000, i % topics);
