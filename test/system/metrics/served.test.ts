import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, type TestContext, test } from 'node:test';
import { runUapid } from '../../support/cli-run.ts';
import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import { startPatience } from '../../support/patience.ts';
import { type PureFtpd, startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { type RunningUapid, startUapid } from '../../support/uapid.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import { parseScrape, type Sample, sampleOf } from './scrape.ts';

const { alice, bob } = users;
const skip = needsSandbox();
const anywhere = ['--metrics', 'http://127.0.0.1:0'];
const file = 'a-quite-telling-name.bin';

describe('the metrics of a real uapid beside a real pure-ftpd', { skip }, () => {
  let ftpd: PureFtpd;
  let uapid: RunningUapid;
  let metricsUrl: string;
  before(async () => {
    await makeHome(alice, [[file, 50_000_000]]);
    await makeHome(bob, []);
    ftpd = await startPureFtpd({ throttle: 100 });
    uapid = await startUapid([...anywhere, '--log-level', 'warn']);
    metricsUrl = await uapid.metricsUrl();
  });
  after(async () => {
    await uapid?.stop();
    await ftpd?.stop();
  });

  const get = (path: string) => uapid.metrics(path);
  const scrapeText = async () => (await get('/metrics')).text();
  const scrape = async () => parseScrape(await scrapeText());

  async function logIn(t: TestContext, user: typeof alice): Promise<FtpClient> {
    const client = await connectFtp(ftpd);
    t.after(() => client.destroy());
    await client.login(user.name, user.password);
    return client;
  }

  const sessions = (samples: readonly Sample[]) =>
    ['idle', 'download', 'upload'].map((state) =>
      sampleOf(samples, 'uapid_sessions', { daemon: 'pure-ftpd', state }),
    );
  const logins = (samples: readonly Sample[]) =>
    sampleOf(samples, 'uapid_logins_seen_total', { daemon: 'pure-ftpd' }) ?? -1;
  const bytes = (samples: readonly Sample[], direction: 'download' | 'upload') => {
    const labels = { daemon: 'pure-ftpd', direction };
    return sampleOf(samples, 'uapid_transfer_bytes_seen_total', labels) ?? -1;
  };

  const call = (path: string, headers: Readonly<Record<string, string>>) =>
    fetch(`${uapid.url}${path}`, { headers });
  const basic = (name: string, password: string) => ({
    authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
  });

  test('show sessions as they come, transfer and go', async (t) => {
    const nobody = await scrape();
    assert.equal(sampleOf(nobody, 'uapid_collector_up'), 1);
    assert.equal(sampleOf(nobody, 'uapid_daemons', { daemon: 'pure-ftpd' }), 1);
    assert.deepEqual(sessions(nobody), [0, 0, 0]);
    const [idle, loading, storing] = await Promise.all([
      logIn(t, bob),
      logIn(t, alice),
      logIn(t, bob),
    ]);
    assert.deepEqual(sessions(await scrape()), [3, 0, 0]);
    assert.equal(logins(await scrape()) - logins(nobody), 3);
    const download = await loading.startDownload(file);
    await storing.startUpload('up.bin');
    const begun = await scrape();
    assert.deepEqual(sessions(begun), [1, 1, 1]);
    const hasMoved = (samples: Sample[], direction: 'download' | 'upload') =>
      bytes(samples, direction) > bytes(begun, direction);
    const moved = await until(
      async () => {
        const now = await scrape();
        return hasMoved(now, 'download') && hasMoved(now, 'upload') && now;
      },
      { what: 'both transfers move', timeoutMs: 20_000 },
    );
    // The daemon counts what it has sent, the client what it has got.
    const inAll = bytes(moved, 'download') - bytes(nobody, 'download');
    assert.ok(inAll <= download.bytes + 2_000_000, `${inAll} of ${download.bytes}`);
    for (const client of [idle, loading, storing]) client.destroy();
    await until(async () => sessions(await scrape()).join() === '0,0,0', { what: 'all are gone' });
    assert.equal(logins(await scrape()) - logins(nobody), 3);
  });

  test('count calls, whatever their URL form', async () => {
    const requests = async (outcome: string) =>
      sampleOf(await scrape(), 'uapid_requests_total', {
        module: 'Ftp',
        function: 'list_sessions',
        outcome,
      }) ?? -1;
    const before = await requests('succeeded');
    const admin = basic(uapid.user, uapid.password);
    await call('/execute/Ftp/list_sessions', admin);
    await call('/Ftp/list_sessions', admin);
    assert.equal(await requests('succeeded'), before + 2);
  });

  test('count what is refused', async () => {
    const refused = async (reason: string) =>
      sampleOf(await scrape(), 'uapid_refused_logins_total', { reason }) ?? -1;
    const [wrong, throttled] = [await refused('credentials'), await refused('throttled')];
    const guess = () => call('/Ftp/list_sessions', basic('nobody-here', 'wrong'));
    for (let i = 0; i < 5; i += 1) assert.equal((await guess()).status, 401);
    assert.equal((await guess()).status, 429);
    assert.equal(await refused('credentials'), wrong + 5);
    assert.equal(await refused('throttled'), throttled + 1);
  });

  test('count sessions that are ended, by the API as by a command', async (t) => {
    const client = await logIn(t, alice);
    const pid = await client.sessionPid();
    assert.deepEqual(sessions(await scrape()), [1, 0, 0]);
    const admin = basic(uapid.user, uapid.password);
    const answer = await (await call('/execute/Ftp/kill_session?login=all', admin)).json();
    assert.equal((answer as { status: number }).status, 1, JSON.stringify(answer));
    const samples = await scrape();
    assert.equal(sampleOf(samples, 'uapid_ended_sessions_total', { outcome: 'ended' }), 1);
    assert.deepEqual(sessions(samples), [0, 0, 0], `of ${pid}`);
    await logIn(t, alice);
    const { code, stderr } = await runUapid(['kill', 'alice', '--state-dir', uapid.stateDir]);
    assert.equal(code, 0, stderr);
    const after = await scrape();
    assert.equal(sampleOf(after, 'uapid_ended_sessions_total', { outcome: 'ended' }), 2);
  });

  test('cost one scan a scrape, told with its time', async () => {
    const [first, second] = [await scrape(), await scrape()];
    for (const name of ['uapid_looks_total', 'uapid_look_duration_seconds_count']) {
      assert.equal((sampleOf(second, name) ?? 0) - (sampleOf(first, name) ?? 0), 1, name);
    }
    const took = (samples: readonly Sample[]) =>
      sampleOf(samples, 'uapid_look_duration_seconds_sum') ?? 0;
    assert.ok(took(second) > took(first));
  });

  test('hold no user, file, address or name of a client’s making', async (t) => {
    const client = await logIn(t, alice);
    await client.startDownload(file);
    const series = (await scrape()).length;
    const admin = basic(uapid.user, uapid.password);
    for (let i = 0; i < 20; i += 1) await call(`/Made_up_${i}/up_${i}`, admin);
    await call('/Ftp/list_sessions', basic('mallory', 'wrong'));
    const text = await scrapeText();
    assert.match(text, /state="download"\} 1$/m);
    assert.equal(parseScrape(text).length, series);
    const secrets = [alice.name, bob.name, uapid.user, 'mallory', file, '127.0.0.1', 'localhost'];
    const labels = parseScrape(text).map((sample) => JSON.stringify(sample.labels));
    for (const telling of [
      ...secrets,
      `${alice.uid}`,
      `${client.localPort}`,
      'Made_up_1',
      'up_1',
    ]) {
      const word = new RegExp(`\\b${telling}\\b`);
      assert.ok(!labels.some((each) => word.test(each)), telling);
    }
  });

  test('are to be had on loopback alone', () => {
    const port = Number(new URL(metricsUrl).port);
    const hex = port.toString(16).toUpperCase().padStart(4, '0');
    // proc(5), net/tcp: local address in hexadecimal, state 0A is LISTEN.
    const listening = ['tcp', 'tcp6']
      .flatMap((table) => readFileSync(`/proc/net/${table}`, 'latin1').split('\n'))
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => local?.endsWith(`:${hex}`) && state === '0A')
      .map(([, local]) => local);
    assert.deepEqual(listening, [`0100007F:${hex}`]);
  });

  test('and the API are apart: neither serves what is the other’s', async () => {
    assert.equal((await get('/Ftp/list_sessions')).status, 404);
    const admin = basic(uapid.user, uapid.password);
    assert.equal((await call('/metrics', admin)).status, 404);
  });

  test('say when the monitor does not answer, and again when it does', {
    timeout: 240_000,
  }, async (t) => {
    const ready = async (base: string) => {
      const answer = await fetch(`${base}/readyz`);
      return [answer.status, await answer.text()];
    };
    assert.deepEqual(await ready(metricsUrl), [200, 'ready\n']);
    process.kill(uapid.pid, 'SIGSTOP');
    t.after(() => process.kill(uapid.pid, 'SIGCONT'));
    const patience = startPatience(30_000);
    await until(async () => (await ready(metricsUrl))[0] === 503, {
      what: 'it is not ready',
      timeoutMs: 20_000,
    });
    const why = 'not ready: the collector has not answered for 5 s\n';
    assert.deepEqual(await ready(metricsUrl), [503, why]);
    assert.deepEqual(await ready(uapid.url), [503, 'not ready\n']);
    for (const base of [metricsUrl, uapid.url]) {
      assert.equal((await fetch(`${base}/healthz`)).status, 200);
    }
    const blind = await scrape();
    assert.equal(sampleOf(blind, 'uapid_collector_up'), 0);
    assert.deepEqual(sessions(blind), [null, null, null]);
    assert.equal(patience.isOver(), false);
    process.kill(uapid.pid, 'SIGCONT');
    await until(async () => (await ready(metricsUrl))[0] === 200, { what: 'it is ready again' });
    assert.equal(sampleOf(await scrape(), 'uapid_collector_up'), 1);
  });
});
