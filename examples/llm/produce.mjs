// Asks a language model and publishes its answer while it comes, with nothing but fetch. node produce.mjs ID openai|anthropic PROMPT
// FANFARE_URL and LLM_URL say where both are.
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const paths = { openai: '/v1/chat/completions', anthropic: '/v1/messages' };

/** The model's answer as it comes, kept so that it can be sent again from its beginning. */
class Answer {
  #parts = [];
  #changed;
  #wake;

  constructor(body) {
    this.#next();
    this.#read(body);
  }

  async #read(body) {
    try {
      for await (const part of body) {
        this.#parts.push(part);
        this.#next();
      }
      this.ended = true;
    } catch (error) {
      this.error = error;
    }
    this.#next();
  }

  #next() {
    this.#wake?.();
    this.#changed = new Promise((resolve) => (this.#wake = resolve));
  }

  /** All of it, from the start, to its end. When the model breaks off, so does this, and the topic ends as `aborted`. */
  stream() {
    let n = 0;
    return new ReadableStream({
      pull: async (to) => {
        while (n === this.#parts.length && !this.ended && !this.error) await this.#changed;
        if (n < this.#parts.length) to.enqueue(this.#parts[n++]);
        else if (this.error) to.error(this.error);
        else to.close();
      },
    });
  }
}

/**
 * Publishes the answer to a prompt as the topic `answers/<id>`, and answers Fanfare's `{ published, last }`. When the node goes away,
 * the answer is sent again under the same key, and the node takes what it does not have. When a reader stops it, so does the model.
 */
export async function publishAnswer({ fanfare, llm, id, shape = 'openai', prompt, attempts = 60 }) {
  const asking = new AbortController();
  const asked = await fetch(llm + paths[shape], {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ model: 'fake', stream: true, max_tokens: 1024, messages: [{ role: 'user', content: prompt }] }),
    signal: asking.signal,
  });
  if (!asked.ok) throw new Error(`the model answered ${asked.status}: ${await asked.text()}`);
  const answer = new Answer(asked.body);
  try {
    for (let attempt = 1; ; attempt++) {
      const published = await fetch(`${fanfare}/topics/answers/${id}?end`, {
        method: 'POST',
        headers: { 'Content-Type': 'text/event-stream', 'Idempotency-Key': id },
        body: answer.stream(),
        duplex: 'half',
      }).catch((error) => ({ error }));
      if (answer.error) throw answer.error;
      if (published.ok) return await published.json();
      if (published.status && published.status !== 503) throw new Error(`${published.status}: ${(await published.json()).detail}`);
      if (attempt === attempts) throw published.error ?? new Error('503: the node has no room');
      await pause(500);
    }
  } finally {
    asking.abort();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [id, shape, prompt] = process.argv.slice(2);
  const { FANFARE_URL: fanfare = 'http://127.0.0.1:7070', LLM_URL: llm = 'http://127.0.0.1:7071' } = process.env;
  try {
    console.log(JSON.stringify(await publishAnswer({ fanfare, llm, id, shape, prompt })));
  } catch (error) {
    console.error(error.cause ?? error.message);
    process.exitCode = 1;
  }
}
