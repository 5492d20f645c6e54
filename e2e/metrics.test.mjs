// Debian's Prometheus reads a live node that has done something of everything, and is asked every query of the dashboard and the alerts.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { publish, request, streams } from './support/http.mjs';
import { freePort, startNode } from './support/node.mjs';
import { checkout, run, start } from './support/process.mjs';
import { openStream } from './support/stream.mjs';
import { until } from './support/until.mjs';

const alerts = join(checkout, 'deploy/prometheus/alerts.yml');

/** A Prometheus that reads the node twice a second and has the alerts: its URL. */
async function startPrometheus(t, node) {
  const folder = await mkdtemp(join(tmpdir(), 'fanfare-prometheus-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'prometheus.yml'), `
global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}
rule_files: ['${alerts}']
scrape_configs:
  - job_name: fanfare
    static_configs: [{targets: ['127.0.0.1:${node.port}']}]
`);
  const port = await freePort();
  const prometheus = start(t, 'prometheus', [
    `--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`]);
  const url = `http://127.0.0.1:${port}`;
  await until(() => `Prometheus to be ready; it printed: ${prometheus.output}`,
    () => request('GET', `${url}/-/ready`).then((answer) => answer.status === 200).catch(() => false));
  return url;
}

/** What a Prometheus answers to a query. */
async function ask(prometheus, query) {
  const answer = (await request('GET', `${prometheus}/api/v1/query?${new URLSearchParams({ query })}`)).json;
  assert.equal(answer.status, 'success', `${query}: ${answer.error}`);
  return answer.data.result;
}

/** Has a node do something of everything, so that all it may say it does say. */
async function use(t, node) {
  const live = await openStream(t, `${node.url}/events?topic=a`);
  const old = await openStream(t, `${node.url}/events?topic=a&last-event-id=nobody-knows`);
  await until('the gap', () => old.events.length >= 1);
  assert.equal((await request('GET', `${node.url}/events?topic=a`)).headers['fanfare-refused'], 'limit');
  const garbage = 'x'.repeat(1_000_000); // enough of it for a collection
  for (let i = 0; i < 100; i++) await publish(node.url, 'a', garbage);
  await until('the events', () => live.published.length === 100 && old.published.length === 100);
  assert.equal((await request('GET', `${node.url}/nowhere`)).status, 404);
  const [{ id }] = await streams(node.url);
  assert.equal((await request('DELETE', `${node.url}/streams/${id}`)).status, 200);
}

test('promtool finds nothing wrong with the alerts, and each says what to do', async (t) => {
  const { code, stdout, stderr } = await run(t, 'promtool', ['check', 'rules', alerts]);
  assert.equal(code, 0, stdout + stderr);

  const text = await readFile(alerts, 'utf8');
  const described = text.split('- alert: ').slice(1);
  assert.ok(described.length > 10, `${described.length} alerts`);
  for (const alert of described) {
    assert.match(alert, /summary: ".{20,}"\n\s+description: ".{15,}"/, alert);
  }
});

test('a live node answers every query of the dashboard and the alerts', async (t) => {
  const node = await startNode(t, { args: ['--limits.streams', '2'], env: { FANFARE_JAVA_OPTS: '-Xmx96m' } });
  const prometheus = await startPrometheus(t, node);
  const scraped = async (value) => (await ask(prometheus, 'fanfare_published_events_total')).some((it) => Number(it.value[1]) === value);
  await until('a first scrape', () => scraped(0));
  await use(t, node);
  await until('a scrape of all that', () => scraped(100));
  await until('two scrapes of garbage collections',
    async () => (await ask(prometheus, 'count_over_time(jvm_gc_pause_seconds_sum[1m])')).some((it) => Number(it.value[1]) >= 2));

  const dashboard = JSON.parse(await readFile(join(checkout, 'deploy/grafana/fanfare.json'), 'utf8'));
  const shown = dashboard.panels.flatMap((panel) => panel.targets.map((target) => target.expr))
    .map((expr) => expr.replaceAll('$__rate_interval', '1m').replaceAll('"$job"', '"fanfare"').replaceAll('"$instance"', '".+"'));
  const rules = (await request('GET', `${prometheus}/api/v1/rules`)).json.data.groups.flatMap((group) => group.rules);
  const watched = rules.map((rule) => rule.query.replace(/ (>|==) [\d.]+$/, ''));
  assert.ok(shown.length > 30 && watched.length > 10, `${shown.length} queries and ${watched.length} alerts`);

  const unanswered = [];
  for (const query of [...shown, ...watched]) {
    const result = await ask(prometheus, query);
    if (result.length === 0) unanswered.push(query);
  }
  assert.deepEqual(unanswered, [], 'queries that a live node does not answer');
  await until('every alert to have been evaluated', async () =>
    (await request('GET', `${prometheus}/api/v1/rules`)).json.data.groups.flatMap((group) => group.rules).every((rule) => rule.health === 'ok'));
});
