// The parser behind a pipe, for anyone's vectors; ./verify --parser-lines-js runs it. A JSON line a case on standard input,
// {"n":..,"lastEventId":"..","chunks":["<base64>",...]}, and one answer a line on standard output, {"n":..,"events":[{"type","data",
// "lastEventId"}],"retry":<ms or null>,"lastEventId":".."}. n comes back as it was written. What is no case ends the program.
import { createInterface } from 'node:readline';
import { EventStreamParser } from '../fanfare.js';

/** A JSON value's text with `n` in it, not read: 1.50 stays 1.50. */
function rawN(line) {
  let depth = 0;
  let name;
  for (const [token] of line.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g)) {
    if (token === '}' || token === ']') depth--;
    if (token === ',') name = undefined;
    if (depth === 1 && name === 'n' && token !== ':') return token[0] === '"' ? quoted(JSON.parse(token)) : token;
    if (depth === 1 && name === undefined && token[0] === '"') name = JSON.parse(token);
    if (token === '{' || token === '[') depth++;
  }
  return 'null';
}

/** A JSON string as the Java program writes it: with capitals in \u001F. */
const quoted = (text) => JSON.stringify(text).replace(/\\(?:u(00[01].)|.)/g, (escape, hex) => (hex ? `\\u${hex.toUpperCase()}` : escape));

function answer(line) {
  const { lastEventId, chunks } = JSON.parse(line);
  if (/[\0\r\n]/.test(lastEventId ?? '')) throw new Error(`no last event ID: ${line}`);
  let retry = null;
  const events = [];
  const parser = new EventStreamParser({
    lastEventId: lastEventId ?? '',
    maxBuffer: 2 ** 29,
    onEvent: ({ type, data, lastEventId: id }) => events.push(`{"type":${quoted(type)},"data":${quoted(data)},"lastEventId":${quoted(id)}}`),
    onRetry: (milliseconds) => (retry = milliseconds),
  });
  for (const chunk of chunks) parser.feed(Buffer.from(chunk, 'base64'));
  return `{"n":${rawN(line)},"events":[${events}],"retry":${retry},"lastEventId":${quoted(parser.lastEventId)}}\n`;
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  if (line.trim()) process.stdout.write(answer(line));
}
