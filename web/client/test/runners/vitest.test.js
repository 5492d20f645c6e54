import { afterEach, expect, test, vi } from 'vitest';
import { FakeSource } from 'fanfare-client/testing';
import { follow } from './feed.js';

vi.mock('fanfare-client', async () => ({ FanfareSource: (await import('fanfare-client/testing')).FakeSource }));
afterEach(() => FakeSource.forget());

test('what comes is shown', () => {
  const show = vi.fn();
  follow('http://x/topics/a', show);
  FakeSource.last.emit('hello');
  expect(show.mock.calls).toEqual([['hello']]);
});
