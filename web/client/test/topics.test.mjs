// Selectors in the browser mean what they mean in a node: docs/http.md, Topics, selectors, rights.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { covers, receives } from '../fanfare-topics.js';

const TABLE = {
  'orders/42': { yes: ['orders/42', '@all'], no: ['orders', 'orders/4', 'orders/42/x', 'orders/420'] },
  'orders/*': { yes: ['orders/42', 'orders/x'], no: ['orders', 'orders/42/x', 'order/42'] },
  'orders/**': { yes: ['orders', 'orders/1', 'orders/1/x'], no: ['orders2', 'x/orders'] },
  '*/paid': { yes: ['a/paid', 'b/paid'], no: ['paid', 'a/b/paid', 'a/unpaid'] },
  '*/x/**': { yes: ['a/x', 'a/x/y/z'], no: ['x', 'a/y/x'] },
  '*': { yes: ['a'], no: ['a/b'] },
  '**': { yes: ['a', 'a/b/c'], no: [] },
  '@me': { yes: ['users/alice'], no: ['users', 'users/alice/x', 'me'] },
  '@me/**': { yes: ['users/alice', 'users/alice/x/y'], no: ['users', 'orders/1'] },
};

for (const [selector, { yes, no }] of Object.entries(TABLE)) {
  test(selector, () => {
    assert.deepEqual(yes.filter((topic) => !covers(selector, topic)), []);
    assert.deepEqual(no.filter((topic) => covers(selector, topic)), []);
  });
}

test('an event of several topics is received for any of them', () => {
  assert.ok(receives(['b/*'], { topic: 'a', also: ['c', 'b/1'] }));
  assert.ok(!receives(['b/*'], { topic: 'a', also: ['c'] }));
  assert.ok(!receives(['**'], { topic: null }));
});
