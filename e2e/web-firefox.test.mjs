// FanfareSource in real Firefox (ESR), in a page from another port than the node's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { assertAllOnceInOrder } from './support/accounting.mjs';
import { servePage } from './support/browser.mjs';
import { startFirefox } from './support/firefox.mjs';
import { publish, streams } from './support/http.mjs';
import { startNginx } from './support/nginx.mjs';
import { startNode } from './support/node.mjs';
import { startProxy } from './support/proxy.mjs';
import { until } from './support/until.mjs';

test('FanfareSource in Firefox', async (t) => {
  const node = await startNode(t);
  const proxy = await startProxy(t, node.port);
  const firefox = await startFirefox(t);
  await firefox.goto((await servePage(t)).origin);
  await until('the module', () => firefox.evaluate(`'FanfareSource' in window`));

  /** Opens a source in the page under this name, whose events are kept in `seen[name]`. */
  const listen = (name, url, options = {}) => firefox.evaluate(`(() => {
    window.seen ??= {}; window.sources ??= {};
    const kept = seen[${JSON.stringify(name)}] = [];
    const source = sources[${JSON.stringify(name)}] = new FanfareSource(${JSON.stringify(url)}, ${JSON.stringify(options)});
    for (const type of ['open', 'error', 'message', 'status', 'fanfare-open', 'fanfare-gap', 'fanfare-end', 'fanfare-transport'])
      source.addEventListener(type, ({ type, data, lastEventId: id, topic, reason }) => kept.push({ type, data, id, topic, reason }));
  })()`);
  const seen = (name) => firefox.evaluate(`seen[${JSON.stringify(name)}]`);
  const untilSeen = async (name, data, options) => {
    let events;
    await until(() => `${data} in ${name}; it saw ${JSON.stringify(events?.slice(-5))}`, async () => (events = await seen(name)).some((event) => event.data === data || event.type === data), { within: 20_000, ...options });
    return events;
  };

  await t.test('an event has its type, data, id and topic (C1, C2, P8, P9, P13)', async () => {
    await listen('plain', `${node.url}/events?topic=orders/*`);
    await untilSeen('plain', 'fanfare-open');
    const id = await publish(node.url, 'orders/42', 'two\nlines, é 漢 🎺, : colon and  spaces ', { event: 'status' });
    await untilSeen('plain', 'two\nlines, é 漢 🎺, : colon and  spaces ');
    assert.deepEqual((await seen('plain')).at(-1), { type: 'status', data: 'two\nlines, é 漢 🎺, : colon and  spaces ', id, topic: 'orders/42' });
    await firefox.evaluate('sources.plain.close()');
  });

  await t.test('over cuts, resets and refused connections nothing is lost and nothing comes twice (C5, C6, C7, C9, P12)', async () => {
    await listen('cut', `${proxy.url}/topics/cut?retry=500`, { reconnectionTime: 500 });
    await untilSeen('cut', 'fanfare-open');
    const published = [];
    for (let n = 0; n < 200; n++) {
      if (n % 50 === 20) proxy.cutAfter(n * 3, n % 100 === 20 ? 'reset' : 'end');
      published.push({ id: await publish(node.url, 'cut', `${n}`, n % 2 ? { id: `own-${n}` } : {}), data: `${n}` });
      await pause(15);
    }
    proxy.refuse();
    proxy.cut();
    published.push({ id: await publish(node.url, 'cut', 'last'), data: 'last' });
    await until('an error', async () => (await seen('cut')).at(-1).type === 'error');
    await proxy.accept();
    const events = await untilSeen('cut', 'last');
    assertAllOnceInOrder(events.filter(({ type }) => type === 'message'), published);
    assert.ok(proxy.cuts >= 4, `${proxy.cuts} cuts`);
    await firefox.evaluate('sources.cut.close()');
  });

  await t.test('where a proxy holds streams back it falls back to JSON pages by itself, and says so', async () => {
    const nginx = await startNginx(t, node.port, 'proxy_ignore_headers X-Accel-Buffering; proxy_buffering on;');
    await listen('held', `${nginx.url}/topics/held`, { openTimeout: 1000 });
    await untilSeen('held', 'fanfare-transport');
    await untilSeen('held', 'open');
    await publish(node.url, 'held', 'by page');
    await untilSeen('held', 'by page');
    assert.equal(await firefox.evaluate('sources.held.transport'), 'poll');
    await firefox.evaluate('sources.held.close()');
  });

  await t.test('a shared stream', async () => {
    for (const n of [0, 1, 2]) await listen(`shared${n}`, `${node.url}/events?topic=s/${n}`, { shared: true });
    for (const n of [0, 1, 2]) await untilSeen(`shared${n}`, 'fanfare-open');
    for (const n of [0, 1, 2]) await publish(node.url, `s/${n}`, `${n}`);
    for (const n of [0, 1, 2]) await untilSeen(`shared${n}`, `${n}`);
    let open;
    await until(() => `one stream; there are ${JSON.stringify(open)}`, async () => (open = await streams(node.url)).length === 1);
    for (const n of [0, 1, 2]) assert.deepEqual((await seen(`shared${n}`)).filter(({ type }) => type === 'message').map(({ data }) => data), [`${n}`]);
  });
});
