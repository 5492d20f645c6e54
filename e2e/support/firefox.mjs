// Real Firefox, spoken to as geckodriver does: by Marionette, its own protocol, which is lengths and JSON on a socket.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canListen, freePort } from './node.mjs';
import { start } from './process.mjs';
import { until } from './until.mjs';

const PREFERENCES = {
  'app.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'http://127.0.0.1:1/',
};

/** A Firefox with a profile and a page of its own: `goto(url)`, and `evaluate(expression)`, which answers a JSON value. */
export async function startFirefox(t) {
  const profile = await mkdtemp(join(tmpdir(), 'fanfare-firefox-'));
  const port = await freePort();
  const lines = Object.entries({ ...PREFERENCES, 'marionette.port': port }).map(([name, value]) => `user_pref('${name}', ${JSON.stringify(value)});`);
  await writeFile(join(profile, 'user.js'), lines.join('\n'));
  const file = process.env.FIREFOX ?? 'firefox-esr';
  const firefox = start(t, file, ['--headless', '--no-remote', '--marionette', '--profile', profile], { env: { HOME: profile, MOZ_CRASHREPORTER_DISABLE: '1' } });
  t.after(() => rm(profile, { recursive: true, force: true, maxRetries: 5 }));
  await until(() => `Firefox to listen; it printed ${firefox.output}`, async () => !(await canListen(port)), { within: 60_000, every: 100 });
  const send = await connect(t, port);
  await send('WebDriver:NewSession', { capabilities: { alwaysMatch: { timeouts: { script: 60_000 } } } });
  return {
    goto: (url) => send('WebDriver:Navigate', { url }),
    evaluate: async (expression) => JSON.parse((await send('WebDriver:ExecuteAsyncScript', {
      script: `const done = arguments[0];
        (async () => JSON.stringify(await (${expression})) ?? 'null')().then(done, (error) => done(JSON.stringify({ thrown: String(error) })));`,
      args: [],
    })).value),
  };
}

/** A function that sends a command and answers its result. */
async function connect(t, port) {
  const socket = net.connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  const waiting = new Map();
  let received = Buffer.alloc(0);
  let count = 0;
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    for (;;) {
      const colon = received.indexOf(':');
      const end = colon + 1 + Number(received.subarray(0, Math.max(colon, 0)));
      if (colon < 0 || received.length < end) return;
      const [, id, error, result] = [JSON.parse(received.subarray(colon + 1, end))].flat();
      received = received.subarray(end);
      waiting.get(id)?.(error, result); // none for its greeting
      waiting.delete(id);
    }
  });
  return (command, parameters) => new Promise((resolve, reject) => {
    const text = JSON.stringify([0, ++count, command, parameters]);
    waiting.set(count, (error, result) => (error ? reject(new Error(`${command}: ${error.message}`)) : resolve(result)));
    socket.write(`${Buffer.byteLength(text)}:${text}`);
  });
}
