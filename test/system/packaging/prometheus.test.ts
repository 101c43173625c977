import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { projectRoot } from '../../support/debian-packages.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { metricsTokenFile, startUapid } from '../../support/uapid.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import { parseScrape } from '../metrics/scrape.ts';
import { metricNames, panelExpressions, readDashboard } from './dashboard.ts';
import { prometheus } from './prometheus-programs.ts';
import { startPrometheus } from './prometheus-server.ts';

const { alice } = users;
const skip = needsSandbox();
const packaging = join(projectRoot(), 'packaging', 'prometheus');
const rulesFile = join(packaging, 'uapid.rules.yml');
const metricsAnywhere = ['--metrics', 'http://127.0.0.1:0', '--log-level', 'warn'];

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'prometheus-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A pure-ftpd with a login and a download, and a uapid beside it, until the test ends. */
async function busyHost(t: TestContext) {
  await makeHome(alice, [['big.bin', 50_000_000]]);
  const ftpd = await startPureFtpd({ throttle: 100 });
  t.after(() => ftpd.stop());
  const uapid = await startUapid(metricsAnywhere);
  t.after(() => uapid.stop());
  const client = await connectFtp(ftpd);
  t.after(() => client.destroy());
  await client.login(alice.name, alice.password);
  await client.startDownload('big.bin');
  const authorization = `Basic ${Buffer.from(`${uapid.user}:${uapid.password}`).toString('base64')}`;
  const call = () => fetch(`${uapid.url}/Ftp/list_sessions`, { headers: { authorization } });
  return {
    ftpd,
    call,
    target: new URL(await uapid.metricsUrl()).host,
    scrape: async () => (await uapid.metrics()).text(),
    credentialsFile: metricsTokenFile(uapid.stateDir),
  };
}

test('promtool finds no fault in a real scrape', { skip }, async (t) => {
  const { scrape } = await busyHost(t);
  const { promtool } = await prometheus();
  await scrape();
  const text = await scrape();
  assert.deepEqual(await promtool(['check', 'metrics'], text), { code: 0, output: '' });
  // The same with a fault in it, lest promtool look at something else.
  const faulty = text.replaceAll('uapid_looks_total', 'uapid_looks');
  assert.notEqual((await promtool(['check', 'metrics'], faulty)).code, 0);
});

test('the example of a scrape configuration and the rules it names are valid', async (t) => {
  const { promtool } = await prometheus();
  // promtool wants the file with the token to be there, which systemd puts there for Prometheus.
  const copy = folder(t);
  cpSync(packaging, copy, { recursive: true });
  const token = join(copy, 'token');
  writeFileSync(token, 'a-token');
  const example = readFileSync(join(packaging, 'prometheus.yml'), 'utf8');
  const config = example.replace(/(?<=^ +credentials_file: ).+$/m, token);
  assert.notEqual(config, example);
  writeFileSync(join(copy, 'prometheus.yml'), config);
  for (const args of [
    ['check', 'config', join(copy, 'prometheus.yml')],
    ['check', 'rules', rulesFile],
  ]) {
    const { code, output } = await promtool(args);
    assert.equal(code, 0, output);
  }
});

test('every alert fires when it should and only then', async (t) => {
  const { promtool } = await prometheus();
  const run = (at: string) => promtool(['test', 'rules', join(at, 'uapid.rules.test.yml')]);
  const { code, output } = await run(packaging);
  assert.equal(code, 0, output);
  const rules = readFileSync(rulesFile, 'utf8');
  const blocks = rules.split(/(?=^ +- alert: )/m).slice(1);
  assert.equal(blocks.length, 13);
  // No rule can be left out or fire always without a test that says so. No rule asks another, so all are
  // broken at once: promtool starts as slowly as it judges them, and tells of each by itself.
  const copy = folder(t);
  cpSync(packaging, copy, { recursive: true });
  const never = 'expr: vector(1) < 0';
  const always = 'expr: vector(1)';
  for (const [broken, what] of [
    [never, /alertname: (\w+), time: \w+, *\n +exp:\[\n/g],
    [always, /alertname: (\w+), time: \w+, *\n +exp:\[\], *\n/g],
  ] as const) {
    const changed = blocks.map((block) =>
      block.replace(/expr:[\s\S]*?(?=\n +(?:for|labels):)/, broken),
    );
    for (const [index, block] of changed.entries()) assert.notEqual(block, blocks[index]);
    const [head = ''] = rules.split(/(?=^ +- alert: )/m);
    writeFileSync(join(copy, 'uapid.rules.yml'), [head, ...changed].join(''));
    const { code, output } = await run(copy);
    assert.notEqual(code, 0);
    const complained = new Set(Array.from(output.matchAll(what), ([, name]) => name));
    for (const block of blocks) {
      const name = /- alert: (\w+)/.exec(block)?.[1] ?? '';
      assert.ok(complained.has(name), `${name} as: ${broken}`);
    }
  }
});

test('the rules name no metric that a real scrape has not', { skip }, async (t) => {
  const { scrape } = await busyHost(t);
  const text = await scrape();
  const known = new Set(parseScrape(text).map(({ name }) => name));
  const named = metricNames(readFileSync(rulesFile, 'utf8'));
  assert.ok(named.length >= 8);
  // A server without TLS has no certificate; unit/metrics/metrics shows that metric of one with it.
  const ofTls = 'uapid_certificate_expiry_timestamp_seconds';
  // Nor is it a gateway; the same file has those of one.
  const isElsewhere = (name: string) => name === ofTls || name.startsWith('uapid_fleet_');
  for (const name of named) assert.ok(known.has(name) || isElsewhere(name), name);
});

test('a real Prometheus raises the alarm when pure-ftpd is gone, and takes it back', {
  skip,
  timeout: 300_000,
}, async (t) => {
  const { ftpd, target, credentialsFile } = await busyHost(t);
  // As they are packaged, but for the patience.
  const rules = readFileSync(rulesFile, 'utf8').replaceAll(/^( +)for: \d+m$/gm, '$1for: 1s');
  assert.match(rules, /for: 1s/);
  const server = await startPrometheus(t, { target, credentialsFile, rules, folder: folder(t) });
  // Which a machine that is loaded enough raises with reason.
  const ofLoad = ['UapidDown', 'UapidLooksSlow'];
  const firing = async () =>
    (await server.alerts())
      .filter(
        ({ state, labels }) => state === 'firing' && !ofLoad.includes(labels['alertname'] ?? ''),
      )
      .map(({ labels }) => labels);
  const daemons = async (wanted: string) =>
    (await server.query('sum(uapid_daemons)'))[0]?.value[1] === wanted;
  await until(() => daemons('1'), { what: 'Prometheus has scraped', timeoutMs: 60_000 });
  assert.deepEqual(await firing(), []);
  await ftpd.stop();
  await until(async () => (await firing()).length > 0, { what: 'it fires', timeoutMs: 60_000 });
  assert.deepEqual(await firing(), [
    { alertname: 'FtpDaemonGone', severity: 'critical', job: 'uapid', instance: target },
  ]);
  const again = await startPureFtpd();
  t.after(() => again.stop());
  await until(async () => (await firing()).length === 0, { what: 'it is over', timeoutMs: 60_000 });
});

test('a real Prometheus answers every query of the dashboard from a busy host', {
  skip,
  timeout: 300_000,
}, async (t) => {
  const { target, call, credentialsFile } = await busyHost(t);
  const server = await startPrometheus(t, {
    target,
    credentialsFile,
    rules: '',
    folder: folder(t),
  });
  const expressions = panelExpressions(readDashboard()).map((expression) =>
    expression.replaceAll('$__rate_interval', '20s').replaceAll('$instance', '.+'),
  );
  assert.ok(expressions.length >= 20);
  for (const expression of expressions) {
    const hasAnswer = async () => {
      // Functions that nobody calls are not shown.
      if (expression.includes('uapid_requests_total')) await call();
      return (await server.query(expression)).length > 0;
    };
    await until(hasAnswer, { what: `there is an answer to ${expression}`, timeoutMs: 60_000 });
  }
  const throughput = expressions.find((each) => each.includes('transfer_bytes')) ?? '';
  const perSecond = async () => {
    const found = (await server.query(throughput)).find(
      ({ metric }) => metric['direction'] === 'download',
    );
    return Number(found?.value[1]);
  };
  // The daemon sends 100 kB a second.
  await until(async () => (await perSecond()) > 50_000, { what: 'it moves', timeoutMs: 60_000 });
  assert.ok((await perSecond()) < 400_000);
});
