// The fake source in the two test runners that pages are tested with most, as docs/browser.md says how; installed as from npm.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const client = fileURLToPath(new URL('..', import.meta.url));
const folder = fileURLToPath(new URL('../../target/runners', import.meta.url));

before(() => {
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(client, 'test', 'runners'), folder, { recursive: true });
  cpSync(client, join(folder, 'node_modules', 'fanfare-client'), { recursive: true, filter: (path) => !path.startsWith(join(client, 'test')) });
});
after(() => rmSync(folder, { recursive: true }));

function run(command, args, env) {
  const { NODE_TEST_CONTEXT, ...rest } = process.env; // else what runs here takes itself for a part of this test
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8', env: { ...rest, ...env, NO_COLOR: '1', CI: '1' } });
  assert.equal(status, 0, `${error ?? ''}${stdout}${stderr}`);
  return stdout + stderr;
}

test('Vitest', () => {
  assert.match(run('vitest', ['run', '--root', '.', 'vitest.test']), /1 passed/);
});

test('Jest', () => {
  assert.match(run('jest', ['--rootDir', '.', 'jest.test'], { NODE_OPTIONS: '--experimental-vm-modules' }), /1 passed/);
});
