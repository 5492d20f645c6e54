// The package as npm would publish it: its size, its types, what it holds.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { transformSync } from 'esbuild';
import { publint } from 'publint';

const client = fileURLToPath(new URL('..', import.meta.url));
const source = readFileSync(join(client, 'fanfare.js'), 'utf8');

test('the core is at most 4 kB, minified and gzipped, and imports nothing at first', (t) => {
  const { code } = transformSync(source, { minify: true, format: 'esm', target: 'es2022' });
  const size = gzipSync(code, { level: 9 }).length;

  t.diagnostic(`${size} bytes; ${code.length} before gzip; as it is ${gzipSync(source, { level: 9 }).length}`);
  assert.ok(size <= 4000, `${size} bytes`);
  assert.deepEqual(code.match(/\bimport\b[^;]{0,22}/g), ['import("./fanfare-shared.js"'], 'which is loaded when it is asked for');
});

test('publint and attw find nothing, and only what is meant to be published is in the package', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fanfare-client-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [pack] = JSON.parse(execFileSync('npm', ['pack', '--json', '--silent', '--pack-destination', folder], { cwd: client, encoding: 'utf8' }));

  const modules = ['fanfare', 'fanfare-react', 'fanfare-shared', 'fanfare-testing', 'fanfare-topics'];
  assert.deepEqual(pack.files.map((file) => file.path).sort(), [...modules.flatMap((name) => [`${name}.d.ts`, `${name}.js`]), 'package.json'].sort());
  execFileSync('tar', ['-xzf', pack.filename], { cwd: folder });
  const unpacked = join(folder, 'package');
  assert.deepEqual((await publint({ pkgDir: unpacked, pack: false, strict: true, level: 'suggestion' })).messages, []);
  const attw = fileURLToPath(new URL('../../node_modules/.bin/attw', import.meta.url));
  execFileSync(attw, [join(folder, pack.filename), '--profile', 'esm-only', '--no-color'], { encoding: 'utf8' });
  const types = readFileSync(join(unpacked, 'fanfare.d.ts'), 'utf8');
  for (const name of ['FanfareSource', 'EventStreamParser', 'FanfareSourceOptions', 'Gap']) assert.match(types, new RegExp(`export (declare )?(class|type) ${name}\\b`));
});
