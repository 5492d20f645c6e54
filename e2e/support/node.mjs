// A running Fanfare node, started as a user starts it.
import net from 'node:net';
import { once } from 'node:events';
import { fanfare, start } from './process.mjs';
import { until } from './until.mjs';

const WITHOUT_DRAIN = { FANFARE_DRAIN_DELAY: '0s', FANFARE_DRAIN_TIME: '0s' };

/** A port that nothing listens on, below those that the kernel gives to outgoing connections: it can be listened on again later. */
export async function freePort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await canListen(port)) return port;
  }
}

/** True when a listener can be opened on this port of loopback. */
export async function canListen(port) {
  const server = net.createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

/**
 * A node that is ready, with its log in the directory `data` or on the Redis server of the URL `redis`, else in memory: `{ url, port, program, readyAfter (ms), kill(), stop() }`.
 * `args` are further arguments of serve; `command` runs Fanfare otherwise than by the launcher. It stops without a drain unless `args` say so.
 */
export async function startNode(t, { port, data, redis, args = [], command = [fanfare], cwd, env } = {}) {
  port ??= await freePort();
  const begin = performance.now();
  const [file, ...first] = command;
  const log = redis ? ['--redis', redis] : data ? ['--data', data] : ['--memory'];
  const program = start(t, file, [...first, 'serve', ...log, '--port', String(port), ...args], { cwd, env: { ...WITHOUT_DRAIN, ...env } });
  const url = await until(
    () => `a node to print its URL; it printed: ${program.output}`,
    () => {
      if (program.ended) throw new Error(`the node ended before it was ready: ${program.output}`);
      return program.stdout.match(/http:\/\/\S+/)?.[0];
    },
    { within: 30_000, every: 1 });
  const readyAfter = performance.now() - begin;
  return {
    url, port, program, readyAfter,
    /** Ends it as a power cut would. */
    kill: () => program.stop('SIGKILL'),
    /** Ends it as a service manager would: its exit code. */
    stop: () => program.stop('SIGTERM'),
  };
}
