// A Redis server of a test's own.
import { emptyDirectory } from './folder.mjs';
import { freePort } from './node.mjs';
import { run, start } from './process.mjs';
import { until } from './until.mjs';

/**
 * A server on a free port: `{ url, port, command(...words), kill(), again() }`. `settings` are those of redis.conf:
 * `['--requirepass', 'secret']`. Without them it keeps nothing on disk.
 */
export async function startRedis(t, settings = []) {
  const port = await freePort();
  const directory = await emptyDirectory(t);
  const password = settings[settings.indexOf('--requirepass') + 1];
  const auth = settings.includes('--requirepass') ? ['--no-auth-warning', '-a', password] : [];
  const cli = (...words) => run(t, 'redis-cli', ['-p', String(port), ...auth, ...words]);
  let program;
  const begin = async () => {
    program = start(t, 'redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', directory, ...settings]);
    await until(() => `redis-server to answer; it printed ${program.output}`, async () => (await cli('PING')).stdout === 'PONG\n');
  };
  await begin();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    /** What the server answers, as redis-cli prints it. */
    async command(...words) {
      const { code, stdout, stderr } = await cli(...words);
      if (code !== 0 || /^[A-Z]*ERR /.test(stdout)) throw new Error(`redis-cli ${words[0]}: ${stdout}${stderr}`);
      return stdout.trim();
    },
    kill: () => program.stop('SIGKILL'),
    /** Starts it again, with what it kept on disk. */
    again: begin,
  };
}
