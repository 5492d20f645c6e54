// Plain HTTP requests, each on a connection of its own unless an agent says otherwise.
import http from 'node:http';

/** A whole exchange: `{ status, headers, text, json }`. */
export function request(method, url, { headers = {}, body, agent = false } = {}) {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
    const sent = http.request(url, { method, agent, headers: { ...length, ...headers } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, text, get json() { return JSON.parse(text); } }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Publishes and answers the event's id. Anything but 201 throws. */
export async function publish(url, topic, data, { agent, ...parameters } = {}) {
  const answer = await request('POST', `${url}/topics/${topic}?${new URLSearchParams(parameters)}`, { body: data, agent });
  if (answer.status !== 201) throw new Error(`publish to ${topic} was answered ${answer.status}: ${answer.text}`);
  return answer.json.id;
}

/** The streams that a node has open now. */
export async function streams(url) {
  return (await request('GET', `${url}/streams`)).json.streams;
}

/** The stored events of a topic or pattern, oldest first. */
export async function history(url, selector) {
  const events = [];
  for (let begin = { from: 'start' };;) {
    const query = new URLSearchParams({ topic: selector, limit: 1000, ...begin });
    const { json } = await request('GET', `${url}/events?${query}`, { headers: { Accept: 'application/json' } });
    events.push(...json.events);
    if (!json.more) return events;
    begin = { lastEventId: json.last };
  }
}
