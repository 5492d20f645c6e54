// Debian's nginx in front of a node, without anything that the test does not ask for.
import { startProgram } from './front.mjs';
import { freePort } from './node.mjs';

/** nginx on a port of its own, with a plain proxy_pass to a port of this machine, and further directives: `{ url, port }`. */
export async function startNginx(t, upstream, directives = '') {
  const port = await freePort();
  return startProgram(t, 'nginx', port, `
    server {
      listen 127.0.0.1:${port};
      location / {
        proxy_pass http://127.0.0.1:${upstream};
        ${directives}
      }
    }`);
}
