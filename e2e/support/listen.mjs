// What a FanfareSource dispatches, in Node or in a page: no import, so that either can load it.

/**
 * Opens a source, and answers what it dispatched until `count` events of `type` had come and `linger` ms had passed: `{ seen, readyState }`. It is
 * closed in a listener of `closeOn`, else at the end.
 */
export async function listenTo(FanfareSource, url, { options = { reconnectionTime: 20 }, type, count = 1, closeOn, linger = 0 }) {
  const source = new FanfareSource(url, { fallback: false, ...options });
  const seen = [];
  await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`waited for ${count} ${type}: ${JSON.stringify(seen)}`)), 10_000);
    for (const name of ['open', 'error', 'message']) {
      source.addEventListener(name, ({ data, lastEventId: id, origin, reason, status, retryIn, problem }) => {
        seen.push({ type: name, readyState: source.readyState, data, id, origin, reason, status, retryIn, problem });
        if (name === closeOn) source.close();
        if (name === type && seen.filter((event) => event.type === type).length === count) {
          clearTimeout(late);
          setTimeout(resolve, linger);
        }
      });
    }
  });
  const { readyState } = source;
  source.close();
  return { seen: JSON.parse(JSON.stringify(seen)), readyState };
}
