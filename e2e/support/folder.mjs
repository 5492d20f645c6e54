// Directories for what a test writes.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory of its own, gone with the test. */
export async function emptyDirectory(t) {
  const folder = await mkdtemp(join(tmpdir(), 'fanfare-e2e-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
