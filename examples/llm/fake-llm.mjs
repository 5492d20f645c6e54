// Not a language model: a server that streams canned words in the two shapes that language models answer in, OpenAI's
// (POST /v1/chat/completions) and Anthropic's (POST /v1/messages). node fake-llm.mjs [PORT]
import http from 'node:http';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

/** The canned answer, token by token: with line breaks, quotes and what is not ASCII, as real ones have. */
export const answerTo = (prompt) => (`You asked: "${prompt}"\n\nI am a fake, so here is what I always say. `
  + 'An answer is a stream of tokens 🎺, and each token is an event in a log. Whoever reads keeps a place in that log: '
  + 'a reload, a tunnel or a second screen only moves the place, never the answer.\n\n'
  + 'So close this page, and open it again. Nothing is asked twice, nothing is lost — ça marche, 本当に.').match(/\s*\S{1,6}/gu);

const event = (data, type) => `${type ? `event: ${type}\n` : ''}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;

/** What a shape sends before the tokens, for each of them, and after them. */
const shapes = {
  '/v1/chat/completions': () => {
    const chunk = (delta, finish_reason = null) => event({ id: 'chatcmpl-fake', object: 'chat.completion.chunk', created: 1_700_000_000,
      model: 'fake', choices: [{ index: 0, delta, finish_reason }] });
    return { begin: chunk({ role: 'assistant', content: '' }), token: (content) => chunk({ content }), end: chunk({}, 'stop') + event('[DONE]') };
  },
  '/v1/messages': () => {
    const typed = (type, more) => event({ type, ...more }, type);
    const message = { id: 'msg_fake', type: 'message', role: 'assistant', model: 'fake', content: [], stop_reason: null, stop_sequence: null,
      usage: { input_tokens: 1, output_tokens: 1 } };
    return {
      begin: typed('message_start', { message }) + typed('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }) + typed('ping'),
      token: (text) => typed('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
      end: typed('content_block_stop', { index: 0 })
        + typed('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 99 } }) + typed('message_stop'),
    };
  },
};

/** Starts it; `pace(n, prompt)` is awaited before the n-th token goes out. `asked` lists the requests, each with how many tokens it got. */
export async function startFakeLlm({ port = 0, pace = () => pause(40) } = {}) {
  const asked = [];
  const server = http.createServer(async (request, response) => {
    const shape = shapes[request.url]?.();
    if (request.method !== 'POST' || !shape) return response.writeHead(404).end('POST /v1/chat/completions or /v1/messages\n');
    let body = '';
    for await (const part of request.setEncoding('utf8')) body += part;
    const prompt = JSON.parse(body).messages.at(-1).content;
    const call = { prompt, tokens: 0, gone: false };
    asked.push(call);
    response.on('close', () => (call.gone = !response.writableFinished));
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(shape.begin);
    for (const token of answerTo(prompt)) {
      await pace(call.tokens, prompt);
      if (call.gone) return; // whoever asked has hung up: a real one stops computing
      response.write(shape.token(token));
      call.tokens++;
    }
    response.end(shape.end);
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${server.address().port}`, asked, close: () => (server.closeAllConnections(), server.close()) };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(`a fake language model on ${(await startFakeLlm({ port: Number(process.argv[2] ?? 7071) })).url}`);
}
