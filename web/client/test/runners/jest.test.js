import { afterEach, expect, jest, test } from '@jest/globals';
import { FakeSource } from 'fanfare-client/testing';

jest.unstable_mockModule('fanfare-client', () => ({ FanfareSource: FakeSource }));
const { follow } = await import('./feed.js');
afterEach(() => FakeSource.forget());

test('what comes is shown', () => {
  const show = jest.fn();
  follow('http://x/topics/a', show);
  FakeSource.last.emit('hello');
  expect(show.mock.calls).toEqual([['hello']]);
});
