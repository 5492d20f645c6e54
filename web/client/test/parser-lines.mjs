// The parser behind a pipe, for anyone's vectors; ./verify --parser-lines-js runs it. A JSON line a case on standard input,
// {"n":..,"lastEventId":"..","chunks":["<base64>",...]}, and one answer a line on standard output, {"n":..,"events":[{"type","data",
// "lastEventId"}],"retry":<ms or null>,"lastEventId":".."}. n comes back as it was written. What is no case ends the program.
import { createInterface } from 'node:readline';
import { answer } from './answer.mjs';

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  if (line.trim()) process.stdout.write(`${answer(line)}\n`);
}
