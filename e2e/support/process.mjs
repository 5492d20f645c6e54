// Programs started by a test: their output is kept, and none of them outlives the test process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { until } from './until.mjs';

/** The checkout that is tested. */
export const checkout = fileURLToPath(new URL('../..', import.meta.url));

/** The launcher of the checkout that is tested. */
export const fanfare = `${checkout}fanfare`;

const running = new Set();

process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    console.error(`the tests were ended by ${signal}`);
    process.exit(1);
  });
}

/** A running program. `stdout` and `stderr` are what it has printed so far. */
class Program {
  stdout = '';
  stderr = '';
  #closed;

  constructor(command, args, { cwd, env, input = '' } = {}) {
    this.name = [command, ...args].join(' ');
    this.child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: 'pipe' });
    running.add(this.child);
    this.child.stdout.setEncoding('utf8').on('data', (text) => (this.stdout += text));
    this.child.stderr.setEncoding('utf8').on('data', (text) => (this.stderr += text));
    this.child.stdin.on('error', () => {}); // it ended before it read all of its input
    if (input !== null) this.child.stdin.end(input);
    this.#closed = once(this.child, 'close').then(([code, signal]) => {
      running.delete(this.child);
      return code ?? signal;
    });
  }

  get pid() {
    return this.child.pid;
  }

  get ended() {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  get lines() {
    return this.stdout.split('\n').slice(0, -1);
  }

  /** Its exit code, or the signal that ended it, once all its output is here. */
  async exit({ within = 30_000 } = {}) {
    let code;
    this.#closed.then((value) => (code = value));
    await until(() => `${this.name} to exit; it printed: ${this.output}`, () => code !== undefined, { within });
    return code;
  }

  async stop(signal = 'SIGTERM') {
    this.child.kill(signal);
    return this.exit();
  }

  get output() {
    return JSON.stringify(this.stdout + this.stderr);
  }
}

/** Starts a program that ends with the test at the latest, though without its children. */
export function start(t, command, args = [], options) {
  const program = new Program(command, args, options);
  t.after(() => program.ended || program.stop('SIGKILL'));
  return program;
}

/** Runs a program to its end: `{ code, stdout, stderr }`. */
export async function run(t, command, args = [], options = {}) {
  const program = start(t, command, args, options);
  const code = await program.exit(options);
  return { code, stdout: program.stdout, stderr: program.stderr };
}
