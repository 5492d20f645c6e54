// Debian's nginx in front of a node, without anything that the test does not ask for.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from './http.mjs';
import { freePort } from './node.mjs';
import { start } from './process.mjs';
import { until } from './until.mjs';

/** nginx on a port of its own, with a plain proxy_pass to a port of this machine, and further directives: `{ url, port }`. */
export async function startNginx(t, upstream, directives = '') {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'fanfare-nginx-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'nginx.conf'), `
    daemon off;
    master_process off;
    pid ${folder}/nginx.pid;
    error_log stderr;
    events {}
    http {
      access_log off;
      client_body_temp_path ${folder}/body;
      proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi;
      uwsgi_temp_path ${folder}/uwsgi;
      scgi_temp_path ${folder}/scgi;
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass http://127.0.0.1:${upstream};
          ${directives}
        }
      }
    }`);
  const env = { PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` };
  const nginx = start(t, 'nginx', ['-p', folder, '-e', 'stderr', '-c', `${folder}/nginx.conf`], { env });
  const url = `http://127.0.0.1:${port}`;
  await until(() => `nginx to answer; it printed: ${nginx.output}`, () => request('HEAD', `${url}/healthz`).catch(() => false));
  return { url, port };
}
