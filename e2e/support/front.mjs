// nginx, HAProxy and Caddy in front of a node, each with the configuration that docs/operations.md shows, to the letter but for ports.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { documentBlocks } from './document.mjs';
import { emptyDirectory } from './folder.mjs';
import { request } from './http.mjs';
import { freePort } from './node.mjs';
import { start } from './process.mjs';
import { until } from './until.mjs';

/** What is around the document's text in a file of its own, where it comes from a package otherwise, and how it is started. */
const PROGRAMS = {
  nginx: {
    listens: (port) => ['listen 80;', `listen 127.0.0.1:${port};`],
    file: (text, folder) => `
      daemon off;
      master_process off;
      pid ${folder}/pid;
      events { worker_connections 8192; }
      http {
        access_log off;
        client_body_temp_path ${folder}/body;
        proxy_temp_path ${folder}/proxy;
        fastcgi_temp_path ${folder}/fastcgi;
        uwsgi_temp_path ${folder}/uwsgi;
        scgi_temp_path ${folder}/scgi;
        ${text}
      }`,
    args: (file, folder) => ['-p', folder, '-e', 'stderr', '-c', file],
  },
  haproxy: {
    listens: (port) => ['bind :80\n', `bind 127.0.0.1:${port}\n`],
    file: (text) => text,
    args: (file) => ['-db', '-f', file],
  },
  caddy: {
    listens: (port) => [':80 {\n', `:${port} {\n\tbind 127.0.0.1\n`],
    file: (text) => `{\n\tadmin off\n\tauto_https off\n}\n${text}`,
    args: (file) => ['run', '--adapter', 'caddyfile', '--config', file],
  },
};

/** Their names. */
export const FRONTS = Object.keys(PROGRAMS);

function replaceOnce(text, [from, to]) {
  if (text.split(from).length !== 2) throw new Error(`${JSON.stringify(from)} is not once in the configuration`);
  return text.replace(from, to);
}

/** The configuration of a program as the document shows it. */
function documentedConfiguration(name) {
  const blocks = documentBlocks('docs/operations.md').filter((block) => block.language === name);
  if (blocks.length !== 1) throw new Error(`docs/operations.md has ${blocks.length} blocks for ${name}`);
  return blocks[0].text;
}

/** A program on a port of its own, in front of a node on another port of this machine: `{ url, port, program }`. */
export async function startFront(t, name, node) {
  const port = await freePort();
  const text = replaceOnce(documentedConfiguration(name), PROGRAMS[name].listens(port)).replaceAll('127.0.0.1:7070', `127.0.0.1:${node}`);
  return startProgram(t, name, port, text);
}

/** A program whose configuration has it listen on a port, once it passes requests on: `{ url, port, program }`. */
export async function startProgram(t, name, port, text) {
  const { file, args } = PROGRAMS[name];
  const folder = await emptyDirectory(t);
  const path = join(folder, `${name}.conf`);
  await writeFile(path, file(text, folder));
  const env = { PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin`, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const program = start(t, name, args(path, folder), { env });
  const url = `http://127.0.0.1:${port}`;
  await until(() => `${name} to pass requests on; it printed: ${program.output}`, async () => {
    if (program.ended) throw new Error(`${name} ended: ${program.output}`);
    return (await request('GET', `${url}/healthz`).catch(() => ({}))).status === 200;
  });
  return { url, port, program };
}
