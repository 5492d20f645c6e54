// The code in a document, so that a test runs what a reader would copy.
import { readFileSync } from 'node:fs';
import { checkout } from './process.mjs';

/** A text's fenced blocks in order: `{ language, text, before }`, the last being the prose since the block before it. */
export function fencedBlocks(markdown) {
  let end = 0;
  return [...markdown.matchAll(/^```(\w+)\n([^]*?)^```/gm)].map((match) => {
    const before = markdown.slice(end, match.index);
    end = match.index + match[0].length;
    return { language: match[1], text: match[2], before };
  });
}

/** The commands of a shell block: comments and prompts off, continued lines joined. */
export function commands(text) {
  return text.replace(/\\\n\s*/g, ' ').split('\n').map((line) => line.replace(/^\$ /, '').trim()).filter((line) => line && !line.startsWith('#'));
}

/** A document of the checkout that is tested, in blocks. */
export function documentBlocks(path) {
  return fencedBlocks(readFileSync(checkout + path, 'utf8'));
}
