// The parsing rules of "Server-sent events", P1 to P14, each with the stream in one piece, in single bytes, and cut in two everywhere.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventStreamParser } from '../fanfare.js';

const BOM = '\uFEFF';
const bytesOf = (stream) => (typeof stream === 'string' ? new TextEncoder().encode(stream) : stream);

/** What a parser makes of these chunks: its calls in order, and where it ends. */
function hear(chunks, options) {
  const heard = { calls: [], events: [], retries: [] };
  const parser = new EventStreamParser({
    ...options,
    onEvent: (event) => (heard.calls.push(event), heard.events.push(event)),
    onRetry: (milliseconds) => (heard.calls.push(milliseconds), heard.retries.push(milliseconds)),
  });
  for (const chunk of chunks) parser.feed(chunk);
  return Object.assign(heard, { data: heard.events.map((event) => event.data), lastEventId: parser.lastEventId });
}

/** What a parser makes of a stream, which is the same however it is cut. */
function everyWay(stream, options) {
  const bytes = bytesOf(stream);
  const whole = hear([bytes], options);
  const cuts = [...bytes.keys()].map((at) => [bytes.subarray(0, at), bytes.subarray(at)]);
  for (const chunks of [Array.from(bytes, (byte) => Uint8Array.of(byte)), ...cuts]) {
    assert.deepEqual(hear(chunks, options), whole, `cut into ${chunks.map((chunk) => chunk.length)} bytes`);
  }
  return whole;
}

// the first four are tables 3-8 to 3-11 of the Unicode standard
for (const [hex, expected] of [
  ['C0 AF E0 80 BF F0 81 82 41', '????????A'],
  ['ED A0 80 ED BF BF ED AF 41', '????????A'],
  ['F4 91 92 93 FF 41 80 BF 42', '?????A??B'],
  ['E1 80 E2 F0 91 92 F1 BF 41', '????A'],
  ['ED A0 80', '???'], ['F0 90', '?'], ['E2 82', '?'], ['C2', '?'], ['C1 BF', '??'], ['F5 80 80 80', '????'],
  ['F8 88 80 80 80', '?????'], ['E0 9F 80', '???'], ['F4 90 80 80', '????'], ['FE FF', '??'], ['C2 C2 A9', '?©'], ['F0 9F 98 F0 9F 98 80', '?😀'],
]) {
  test(`P1 bad bytes become one replacement for each maximal subpart: ${hex}`, () => {
    const stream = Buffer.concat([Buffer.from('data: <'), Buffer.from(hex.replaceAll(' ', ''), 'hex'), Buffer.from('>\n\n')]);
    assert.deepEqual(everyWay(stream).data, [`<${expected.replaceAll('?', '\uFFFD')}>`]);
  });
}

test('P1 a cut sequence ends at the line end and does not swallow it', () => {
  assert.deepEqual(everyWay(Buffer.from('data: a\u00F0\u009F\r\ndata: b\u00E2\n\n', 'latin1')).data, ['a\uFFFD\nb\uFFFD']);
});

test('P1 sequences of every length are read across chunks', () => {
  const text = '\u007F\u0080\u07FF\u0800\uD7FF\uE000\uFFFF\u{10000}\u{10FFFF}';
  assert.deepEqual(everyWay(`event: ${text}\nid: ${text}\ntopic: ${text}\ndata: ${text}\n\n`).events,
    [{ type: text, data: text, lastEventId: text, topic: text, also: [] }]);
});

test('P2 one leading byte order mark is stripped', () => {
  assert.deepEqual(everyWay(`${BOM}data: a\n\n`).data, ['a']);
  assert.deepEqual(everyWay(`${BOM}\ndata: a\n\n`).data, ['a']);
});

test('P2 a second or later byte order mark is data', () => {
  assert.deepEqual(everyWay(`${BOM}${BOM}data: a\n\n`).data, []);
  assert.deepEqual(everyWay(`\n${BOM}data: a\n\n`).data, []);
  assert.deepEqual(everyWay(`data: ${BOM}a${BOM}\n\n`).data, [`${BOM}a${BOM}`]);
});

test('P2 part of a byte order mark is no mark', () => {
  assert.deepEqual(everyWay(Buffer.from('\u00EF\u00BBdata: a\n\n', 'latin1')).data, []);
});

for (const eol of ['\n', '\r', '\r\n']) {
  test(`P3 ${JSON.stringify(eol)} ends a line`, () => {
    assert.deepEqual(everyWay(['data: a', 'data: b', '', 'data: c', '', ''].join(eol)).data, ['a\nb', 'c']);
  });
}

test('P3 line ends may be mixed', () => {
  assert.deepEqual(everyWay('data: a\rdata: b\ndata: c\r\ndata: d\r\rdata: e\n\r\ndata: f\r\n\rdata: g\n\n').data, ['a\nb\nc\nd', 'e', 'f', 'g']);
});

test('P3 LF before CR is two line ends', () => {
  assert.deepEqual(everyWay('data: a\n\rdata: b\n\n').data, ['a', 'b']);
});

test('P3 a lone CR acts at once, and the LF of the next chunk is swallowed', () => {
  const data = [];
  const parser = new EventStreamParser({ onEvent: (event) => data.push(event.data) });
  parser.feed(bytesOf('data: a\r\r'));
  assert.deepEqual(data, ['a'], 'before the next byte is there');
  parser.feed(bytesOf('\ndata: b\n\n'));
  assert.deepEqual(data, ['a', 'b']);
});

test('P3 only one LF is swallowed after a CR', () => {
  assert.deepEqual(everyWay('data: a\r\n\ndata: b\r\n\r\n').data, ['a', 'b']);
});

for (const other of ['\u2028', '\u2029', '\u0085', '\u000B', '\f', '\0', '\u001E']) {
  test(`P3 nothing else ends a line: ${JSON.stringify(other)}`, () => {
    assert.deepEqual(everyWay(`data: a${other}data: b\n\n`).data, [`a${other}data: b`]);
  });
}

test('P4 a blank line dispatches, and a line of spaces is not blank', () => {
  assert.deepEqual(everyWay('data: a\n\n\n\ndata: b\n\n').data, ['a', 'b']);
  assert.deepEqual(everyWay('data: a\n \ndata: b\n\n').data, ['a\nb']);
});

test('P5 a line that starts with a colon is a comment', () => {
  assert.deepEqual(everyWay(':\n: hb\n:  data: no\ndata: a\n:data: x\n\n').data, ['a']);
});

test('P6 the name ends at the first colon, and without one the line is a name', () => {
  assert.deepEqual(everyWay('data:a:b: c\n\n').data, ['a:b: c']);
  assert.deepEqual(everyWay('event: x\nid: 1\n\nevent\ndata\nid\n\n').events, [{ type: 'message', data: '', lastEventId: '', topic: null, also: [] }]);
});

for (const name of ['Data', 'DATA', ' data', 'data ', '\tdata', 'dat', 'datas', 'data\0', '\0data', 'däta', 'x', 'field', '__proto__']) {
  test(`P6 names are compared literally and others are ignored: ${JSON.stringify(name)}`, () => {
    assert.deepEqual(everyWay(`${name}: a\n\n`).data, []);
    assert.deepEqual(everyWay(`${name}: a\ndata: b\n\n`).data, ['b']);
  });
}

test('P7 only one space after the colon is removed, from every field', () => {
  assert.deepEqual(everyWay('data:a\ndata: b\ndata:  c\ndata:\td\ndata:\u00A0e\ndata: f \n\n').data, ['a\nb\n c\n\td\n\u00A0e\nf ']);
  assert.deepEqual(everyWay('event:  x\nid:  1\ntopic:  t\ndata: \ndata:  \n\n').events, [{ type: ' x', data: '\n ', lastEventId: ' 1', topic: ' t', also: [] }]);
});

test('P8 data lines are joined by LF, and only one trailing LF is removed', () => {
  assert.deepEqual(everyWay('data: a\ndata: b\n\ndata: c\ndata:\n\ndata:\ndata:\n\n').data, ['a\nb', 'c\n', '\n']);
});

test('P8 one empty data line is an event with empty data', () => {
  for (const line of ['data', 'data:', 'data: ']) assert.deepEqual(everyWay(`${line}\n\n`).data, ['']);
});

test('P8 a block without data dispatches nothing and clears the type', () => {
  assert.deepEqual(everyWay('event: x\nid: 1\nretry: 5\ntopic: t\n\ndata: a\n\n').calls, [5n, { type: 'message', data: 'a', lastEventId: '1', topic: null, also: [] }]);
});

test('P9 the last event field is the type; empty is message; it is not carried over', () => {
  const types = (stream) => everyWay(stream).events.map((event) => event.type);
  assert.deepEqual(types('event: x\nevent: y\ndata: a\n\n'), ['y']);
  assert.deepEqual(types('event: x\nevent:\ndata: a\n\nevent\ndata: b\n\n'), ['message', 'message']);
  assert.deepEqual(types('event: x\ndata: a\n\ndata: b\n\n'), ['x', 'message']);
});

test('P10 the id stays until another is set, an empty one clears it, and one with NUL is ignored', () => {
  const ids = (stream, options) => everyWay(stream, options).events.map((event) => event.lastEventId);
  assert.deepEqual(ids('id: 1\ndata: a\n\ndata: b\n\nid: 2\ndata: c\n\n'), ['1', '1', '2']);
  assert.deepEqual(ids('id: 1\ndata: a\n\nid\ndata: b\n\n'), ['1', '']);
  assert.deepEqual(ids('id: 1\nid: 2\0\ndata: a\n\nid: \0\ndata: b\n\nid: 3\0x\nid: 4\ndata: c\n\n'), ['1', '1', '4']);
  assert.deepEqual(ids('id: 1\ndata: a\nid: 2\n\n'), ['2']);
  assert.deepEqual(ids('data: a\n\nid: 8\ndata: b\n\n', { lastEventId: '7' }), ['7', '8']);
});

test('P10 every blank line commits the id, even without data', () => {
  const heard = everyWay('id: 1\n\n');
  assert.deepEqual([heard.lastEventId, heard.calls], ['1', []]);
  assert.equal(everyWay('id: 1\ndata: a\n\nid:\n\n').lastEventId, '');
});

test('P11 digits set the reconnection time at their line', () => {
  assert.deepEqual(everyWay('retry: 5\nretry:007\ndata: a\nretry: 9223372036854775807\nretry: 000000000000000000000000012\n').calls,
    [5n, 7n, 9223372036854775807n, 12n]);
});

for (const value of ['', '-1', '+1', '1.5', '1e3', ' 1', '1 ', '0x10', '1000ms', '\u0661', '\uFF11', '1\0', '9223372036854775808', '9'.repeat(26)]) {
  test(`P11 anything else is ignored: ${JSON.stringify(value)}`, () => assert.deepEqual(everyWay(`retry: ${value}\n`).retries, []));
}

for (const unfinished of ['data: b', 'data: b\n', 'event: x\ndata: b\n', 'id: 2', 'id: 2\n', 'id: 2\ndata: b\r\n', 'id: 2\nx']) {
  test(`P12 what is unfinished at the end is dropped: ${JSON.stringify(unfinished)}`, () => {
    const heard = everyWay(`id: 1\ndata: a\n\n${unfinished}`);
    assert.deepEqual([heard.data, heard.lastEventId], [['a'], '1']);
  });
}

test('P13 P14 an event has the last event ID at its dispatch; dispatch clears data, type and topic', () => {
  assert.deepEqual(everyWay('data: a\n\nid: 1\n\nid: 2\nid: 3\ndata: b\n\n').events.map((event) => event.lastEventId), ['', '3']);
  assert.deepEqual(everyWay('event: x\ntopic: t\ndata: a\n\n\ndata: b\n\n').events,
    [{ type: 'x', data: 'a', lastEventId: '', topic: 't', also: [] }, { type: 'message', data: 'b', lastEventId: '', topic: null, also: [] }]);
});

test('C15 what is held is bounded: by data, further topics and unfinished line together, and comments do not add up', () => {
  const feed = (...texts) => hear(texts.map(bytesOf), { maxBuffer: 20 });
  assert.throws(() => feed('x'.repeat(21)), RangeError);
  assert.throws(() => feed('data: 1234567890\n', 'data: 1234567890'), RangeError);
  assert.throws(() => feed(...Array(20).fill('also: a\n')), RangeError);
  assert.deepEqual(feed(...Array(20).fill('also: a\ndata: 1\n\n')).data.length, 20);
  assert.deepEqual(feed('data: 1234567890\ndata: 1\n\n', ':\n'.repeat(1000), 'data: 2\n\n').data, ['1234567890\n1', '2']);
});

test('C15 the time taken is linear, also when a large event comes in small pieces', () => {
  const milliseconds = (size) => {
    const bytes = bytesOf(`data: ${'x'.repeat(size)}\n\n`);
    const chunks = Array.from({ length: Math.ceil(bytes.length / 10) }, (_, i) => bytes.subarray(i * 10, i * 10 + 10));
    const begin = performance.now();
    assert.equal(hear(chunks).data[0].length, size);
    return performance.now() - begin;
  };
  milliseconds(100_000);
  const [small, large] = [milliseconds(200_000), milliseconds(1_600_000)];
  assert.ok(large < small * 8 * 6, `${small} ms, and ${large} ms for eight times as much`);
});
