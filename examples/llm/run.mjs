// Runs the example: Fanfare with its log on disk, a fake language model, and the page. node run.mjs [--port 7070] [--fanfare URL] [--llm URL]
// The ports are Fanfare's and the two after it. What is named by its URL is not started.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startFakeLlm } from './fake-llm.mjs';
import { publishAnswer } from './produce.mjs';

const { values } = parseArgs({ options: { port: { type: 'string', default: '7070' }, fanfare: { type: 'string' }, llm: { type: 'string' } } });
const port = Number(values.port);
const fanfare = values.fanfare ?? await startFanfare();
const llm = values.llm ?? (await startFakeLlm({ port: port + 1 })).url;

/** A node that ends with this program, and its log with it. */
async function startFanfare() {
  const data = mkdtempSync(join(tmpdir(), 'fanfare-llm-'));
  const node = spawn(fileURLToPath(new URL('../../fanfare', import.meta.url)), ['serve', '--port', String(port), '--data', data],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  node.on('exit', (code) => process.exit(code ?? 1));
  process.on('exit', () => {
    node.kill('SIGKILL');
    rmSync(data, { recursive: true, force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit());
  for await (const line of createInterface(node.stdout)) {
    const url = line.match(/http:\/\/\S+/)?.[0];
    if (url) return node.stdout.resume(), url;
  }
}

const page = readFileSync(new URL('index.html', import.meta.url), 'utf8').replaceAll('http://127.0.0.1:7070', fanfare);

// The application: it serves the page, and for each question it starts a producer and answers where its answer will be.
const site = http.createServer(async (request, response) => {
  if (request.method === 'POST' && request.url === '/ask') {
    let body = '';
    for await (const part of request.setEncoding('utf8')) body += part;
    const { prompt, shape } = JSON.parse(body);
    const id = randomUUID();
    publishAnswer({ fanfare, llm, id, shape, prompt }).catch((error) => console.error(`${id}: ${error.message}`));
    return response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ id }));
  }
  if (request.url !== '/') return response.writeHead(404).end();
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(page);
}).listen(port + 2, '127.0.0.1');
await once(site, 'listening');
console.log(`ask on http://127.0.0.1:${site.address().port}/`);
