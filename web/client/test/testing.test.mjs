// The fake source: the API of the real one, and everything happens when the test says so.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { FanfareSource } from '../fanfare.js';
import { FakeSource } from '../fanfare-testing.js';

afterEach(() => FakeSource.forget());

/** A page's code, which knows nothing of tests. */
function follow(Source, url, options) {
  const source = new Source(url, options);
  const seen = [];
  source.onopen = () => seen.push('open');
  source.onmessage = ({ data, lastEventId, topic }) => seen.push([data, lastEventId, topic]);
  source.onerror = ({ reason, retryIn, problem }) => seen.push([reason, retryIn, problem?.detail]);
  return { source, seen };
}

test('what the test says happens at once: it opens, an event comes, it is lost, it ends', () => {
  const { source, seen } = follow(FakeSource, 'http://x/topics/a');
  assert.equal(FakeSource.last, source);
  assert.ok(source instanceof FanfareSource);
  assert.equal(source.readyState, FanfareSource.CONNECTING);
  source.open();
  source.emit({ n: 1 });
  source.emit('text', { id: 'own', topic: 'b' });
  source.fail({ reason: 'status', status: 503, problem: { detail: 'later' } });
  assert.equal(source.readyState, FanfareSource.CONNECTING);
  source.emit('again');
  source.end();
  assert.deepEqual(seen, ['open', ['{"n":1}', '1-0', 'a'], ['text', 'own', 'b'], ['status', 3000, 'later'], 'open', ['again', '3-0', 'a'], ['ended', null, undefined]]);
  assert.equal(source.readyState, FanfareSource.CLOSED);
  assert.throws(() => source.emit('too late'), /closed/);
});

test('a gap reaches onGap and the event, and moves the place', () => {
  const gaps = [];
  const { source } = follow(FakeSource, 'http://x/events?topic=a', { onGap: (gap) => gaps.push(gap), lastEventId: '5-0' });
  source.addEventListener('fanfare-gap', ({ data }) => gaps.push(JSON.parse(data)));
  source.gap({ reason: 'deleted', resumedAt: '9-0' });
  assert.deepEqual(gaps, Array(2).fill({ after: '5-0', resumedAt: '9-0', topics: ['a'], reason: 'deleted' }));
  assert.equal(source.lastEventId, '9-0');
});

test('it keeps the topics as the real one does, and asks nobody for anything', async (t) => {
  const fetch = t.mock.method(globalThis, 'fetch');
  const { source } = follow(FakeSource, 'http://x/events', { topics: ['a'], token: () => assert.fail('asked'), shared: true, cursor: true });
  source.add('b', 'c/*');
  source.drop('a');
  await new Promise(setImmediate);
  assert.deepEqual([source.topics, source.url], [['b', 'c/*'], 'http://x/events?topic=b&topic=c%2F*']);
  assert.equal(fetch.mock.callCount(), 0);
});

test('other topics cost it the connection, as they do the real one, and the next is open when the test says so', () => {
  const { source, seen } = follow(FakeSource, 'http://x/topics/a');
  const states = [() => source.open(), () => source.add('a'), () => source.drop('b'), () => source.add('b'), () => source.emit('x', { topic: 'b' }), () => source.drop('a')]
    .map((happen) => (happen(), source.readyState));
  const { CONNECTING, OPEN, CLOSED } = FanfareSource;
  assert.deepEqual(states, [OPEN, OPEN, OPEN, CONNECTING, OPEN, CONNECTING]);
  assert.deepEqual(seen, ['open', 'open', ['x', '1-0', 'b']]);
  source.close();
  source.add('c');
  assert.equal(source.readyState, CLOSED);
});

test('all that were made are known until they are forgotten, and a closed one stays closed', () => {
  const [first, second] = [follow(FakeSource, 'http://x/1').source, follow(FakeSource, 'http://x/2').source];
  assert.deepEqual(FakeSource.all, [first, second]);
  FakeSource.forget();
  assert.deepEqual([FakeSource.all, first.readyState, second.readyState], [[], FanfareSource.CLOSED, FanfareSource.CLOSED]);
  assert.throws(() => FakeSource.last, /no source/);
});
