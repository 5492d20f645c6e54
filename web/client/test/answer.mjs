// What a parser makes of a case for --parser-lines, in Node or in a browser: see parser-lines.mjs.
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

const bytes = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/** The line that answers this one. */
export function answer(line) {
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
  for (const chunk of chunks) parser.feed(bytes(chunk));
  return `{"n":${rawN(line)},"events":[${events}],"retry":${retry},"lastEventId":${quoted(parser.lastEventId)}}`;
}
