// The accounting stress of stress.mjs against a node of its own: 8 seconds, with --long five minutes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode } from './support/node.mjs';
import { stress } from './stress.mjs';

const seconds = process.env.E2E_LONG ? 300 : 8;

test('500 streams over 20 topics and patterns, 8 publishers, random cuts, stalls and resumes: nothing missing, nothing twice, in order', async (t) => {
  // With a window this small, who stalls or resumes late reads from the log, and joins the window again.
  const node = await startNode(t, { args: ['--window.bytes', '256KiB'] });

  const { ok, summary, failures, published, cutsInside, stalls } = await stress({ url: node.url, seconds });

  t.diagnostic(summary);
  assert.ok(ok, [summary, ...failures.slice(0, 10)].join('\n'));
  assert.ok(published.length > 100 * seconds && cutsInside > 10 * seconds && stalls > 10 * seconds, `too little happened: ${summary}`);
});
