import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { createReadiness } from '../../../src/http/health.ts';
import { buildMetricsApp } from '../../../src/metrics/app.ts';
import { createCounters } from '../../../src/metrics/counters.ts';
import { createMetrics } from '../../../src/metrics/metrics.ts';
import { readProcessStats } from '../../../src/os/process-stats.ts';
import { createEndingCounts } from '../../../src/sessions/count-endings.ts';
import { everybody, ofUids, type Scope } from '../../../src/sessions/scope.ts';
import type { ServerState } from '../../../src/sessions/servers.ts';
import type { GapCause, SessionSource } from '../../../src/sessions/session.ts';
import { functions } from '../../../src/uapi/functions.ts';
import { buildApp } from '../../../src/worker/app.ts';
import { basic, ftpSession, snapshot, testServices } from '../../support/app.ts';
import { localPair } from '../../support/key-pairs.ts';
import { until } from '../../support/until.ts';
import { parseScrape, sampleOf } from '../../system/metrics/scrape.ts';

/** Metrics over a fake collector, because what it sees has to be forced. */
function measured(sessions: SessionSource, timeoutMs = 1_000) {
  const counters = createCounters(functions);
  const processStats = async () => ({
    monitor: readProcessStats(),
    scanner: readProcessStats(),
    endings: createEndingCounts(),
  });
  const metrics = createMetrics({ sessions, processStats, counters }, timeoutMs);
  return { counters, metrics };
}

const still: SessionSource = { snapshot: async () => snapshot() };

test('what a host of a fleet calls its daemons and gaps is in no label', async () => {
  let scrapes = 0;
  const sessions = {
    snapshot: async () => {
      scrapes += 1;
      const name = `x${scrapes}"} 1\n`;
      return snapshot({
        sessions: [ftpSession({ daemon: name })],
        daemons: [{ name, pid: 1, ports: null }],
        gaps: [{ cause: `x${scrapes}` as GapCause, ownerUid: null }],
      });
    },
  };
  const { metrics } = measured(sessions);
  for (let times = 0; times < 2; times += 1) {
    const text = await metrics.scrape();
    assert.doesNotMatch(text, /x\d/);
    const scrape = parseScrape(text);
    assert.deepEqual(
      [
        sampleOf(scrape, 'uapid_sessions', { daemon: 'other', state: 'idle' }),
        sampleOf(scrape, 'uapid_daemons', { daemon: 'other' }),
        sampleOf(scrape, 'uapid_gaps', { cause: 'other' }),
      ],
      [1, 1, 1],
    );
  }
});

test('sessions, daemons and gaps are those of one scan that began after the scrape did', async () => {
  let looks = 0;
  const idle = ftpSession({ pid: 1 });
  const upload = ftpSession({ pid: 2, state: 'upload', file: 'f', bytesMoved: 5 });
  const gaps = [
    { cause: 'file-unknown', ownerUid: 1001 },
    { cause: 'file-unknown', ownerUid: 1002 },
  ] as const;
  const sessions = {
    snapshot: async () => {
      looks += 1;
      return looks === 1 ? snapshot({ sessions: [idle, upload], gaps }) : snapshot({ daemons: [] });
    },
  };
  const { metrics } = measured(sessions);
  assert.equal(looks, 0);
  const first = parseScrape(await metrics.scrape());
  assert.equal(looks, 1);
  const seen = (scrape: typeof first) => [
    sampleOf(scrape, 'uapid_collector_up'),
    sampleOf(scrape, 'uapid_sessions', { daemon: 'pure-ftpd', state: 'idle' }),
    sampleOf(scrape, 'uapid_sessions', { daemon: 'pure-ftpd', state: 'upload' }),
    sampleOf(scrape, 'uapid_sessions', { daemon: 'pure-ftpd', state: 'download' }),
    sampleOf(scrape, 'uapid_daemons', { daemon: 'pure-ftpd' }),
    sampleOf(scrape, 'uapid_gaps', { cause: 'file-unknown' }),
    sampleOf(scrape, 'uapid_gaps', { cause: 'titles-off' }),
  ];
  assert.deepEqual(seen(first), [1, 1, 1, 0, 1, 2, 0]);
  assert.deepEqual(seen(parseScrape(await metrics.scrape())), [1, 0, 0, 0, 0, 0, 0]);
});

test('at the gateway of a fleet its servers are counted by how they are, without a name of any, and rounds as they were', async () => {
  const state = (server: string, is: ServerState['state']): ServerState => ({
    server,
    state: is,
    version: null,
    daemons: [],
    sessions: null,
    answeredAt: null,
    clockAheadMs: null,
  });
  let states = async () => [state('web1', 'answers'), state('web2', 'absent')];
  const counters = createCounters(functions);
  const processStats = async () => {
    throw new Error('not asked for here');
  };
  const count = () => assert.fail('nobody asks for each server');
  const fleet = { servers: () => [], states: () => states(), count };
  const metrics = createMetrics({ sessions: still, processStats, counters, fleet });
  counters.fleetAsks.add(120, ['answer', 'answer', 'absent']);
  const text = await metrics.scrape();
  const scrape = parseScrape(text);
  const servers = (is: string) => sampleOf(scrape, 'uapid_fleet_servers', { state: is });
  assert.deepEqual([servers('answers'), servers('absent'), servers('silent')], [1, 1, 0]);
  assert.equal(sampleOf(scrape, 'uapid_fleet_up'), 1);
  assert.equal(sampleOf(scrape, 'uapid_fleet_answers_total', { outcome: 'answer' }), 2);
  assert.equal(sampleOf(scrape, 'uapid_fleet_ask_seconds_bucket', { le: '0.25' }), 1);
  assert.equal(sampleOf(scrape, 'uapid_fleet_ask_seconds_bucket', { le: '0.1' }), 0);
  assert.doesNotMatch(text, /web1|web2/);
  states = () => Promise.reject(new Error('lost'));
  const lost = await metrics.scrape();
  assert.equal(sampleOf(parseScrape(lost), 'uapid_fleet_up'), 0);
  assert.doesNotMatch(lost, /^uapid_fleet_servers\{/m);
  assert.doesNotMatch(
    await measured(still).metrics.scrape(),
    /fleet/,
    'one host has none of these',
  );
});

test('a scan that fails or does not come back is told as such, in time, and no old number stands for it', async () => {
  let answer = async () => snapshot({ sessions: [ftpSession()] });
  const { metrics } = measured({ snapshot: () => answer() }, 50);
  assert.match(await metrics.scrape(), /^uapid_sessions\{/m);
  for (const broken of [
    () => Promise.reject(new Error('forced')),
    () => new Promise<never>(() => {}),
  ]) {
    answer = broken;
    const text = await metrics.scrape();
    assert.equal(sampleOf(parseScrape(text), 'uapid_collector_up'), 0);
    assert.doesNotMatch(text, /^uapid_(sessions|daemons|gaps)\{/m);
    assert.match(text, /^uapid_requests_total\{/m);
  }
});

test('a scan counts once, with the time that it took, however many it is shown to', async () => {
  const { counters, metrics } = measured(still);
  const look = (scanNumber: number, durationMs: number, scope: Scope) =>
    counters.addSnapshot(snapshot({ scanNumber, durationMs }), scope);
  look(3, 2, everybody);
  look(3, 2, ofUids([1001]));
  look(5, 200, ofUids([1001]));
  const scrape = parseScrape(await metrics.scrape());
  assert.equal(sampleOf(scrape, 'uapid_looks_total'), 5);
  assert.equal(sampleOf(scrape, 'uapid_look_duration_seconds_count'), 2);
  assert.equal(sampleOf(scrape, 'uapid_look_duration_seconds_sum'), 0.202);
  assert.equal(sampleOf(scrape, 'uapid_look_duration_seconds_bucket', { le: '0.0025' }), 1);
});

test('calls count by function and outcome, and no name that a client makes up is a label', async () => {
  const { counters, metrics } = measured(still);
  let isBroken = false;
  const sessions: SessionSource = {
    snapshot: async () => {
      if (isBroken) throw new Error('forced');
      return snapshot();
    },
  };
  const app = await buildApp(testServices({ sessions, calls: counters.calls }));
  const call = (url: string) => app.inject({ url, headers: basic('admin') });
  const before = parseScrape(await metrics.scrape()).length;
  await call('/Ftp/list_sessions');
  await call(
    '/json-api/cpanel?cpanel_jsonapi_module=Ftp&cpanel_jsonapi_func=listftpsessions&cpanel_jsonapi_user=admin',
  );
  for (const made of ['/Ftp/made_up', '/Evil/list_sessions', '/constructor/__proto__']) {
    await call(made);
    await call(`/execute${made}`);
  }
  isBroken = true;
  await call('/execute/Ftp/list_sessions');
  const text = await metrics.scrape();
  const scrape = parseScrape(text);
  const calls = (func: string, outcome: string, module = 'Ftp') =>
    sampleOf(scrape, 'uapid_requests_total', { module, function: func, outcome });
  assert.deepEqual([calls('list_sessions', 'succeeded'), calls('list_sessions', 'broken')], [2, 1]);
  assert.equal(calls('unknown', 'failed', 'unknown'), 6);
  assert.equal(scrape.length, before);
  assert.doesNotMatch(text, /made_up|Evil|proto/);
  await app.close();
});

test('the processes tell of themselves, the privileged ones only when they answer', async () => {
  const { metrics } = measured(still);
  const scrape = parseScrape(await metrics.scrape());
  for (const side of ['http', 'privileged', 'scanner']) {
    for (const name of [
      'process_resident_memory_bytes',
      'process_cpu_seconds_total',
      'process_open_fds',
    ]) {
      assert.ok((sampleOf(scrape, name, { side }) ?? 0) > 0, `${name} ${side}`);
    }
    const startedAt = sampleOf(scrape, 'process_start_time_seconds', { side }) ?? 0;
    assert.ok(Math.abs(startedAt + process.uptime() - Date.now() / 1000) < 2);
  }
  const processStats = () => Promise.reject(new Error('forced'));
  const alone = createMetrics({ sessions: still, processStats, counters: createCounters([]) });
  assert.doesNotMatch(await alone.scrape(), /side="(?:privileged|scanner)"/);
});

test('when the certificate ends is told where there is one, also of a renewed one', async () => {
  const [first, second] = [await localPair(), await localPair(5)];
  const cert: (string | null)[] = [null, first.cert, second.cert];
  const { counters } = measured(still);
  const processStats = () => Promise.reject(new Error('forced'));
  const certificate = () => cert.shift() ?? null;
  const metrics = createMetrics({ sessions: still, processStats, counters, certificate });
  assert.doesNotMatch(await metrics.scrape(), /^uapid_certificate/m);
  for (const pair of [first, second]) {
    const end = Date.parse(new X509Certificate(pair.cert).validTo) / 1_000;
    const samples = parseScrape(await metrics.scrape());
    assert.equal(sampleOf(samples, 'uapid_certificate_expiry_timestamp_seconds'), end);
  }
});

test('an event loop that is held up shows in the next scrape, and not in the one after it', async () => {
  const { metrics } = measured(still);
  const longest = async () =>
    sampleOf(parseScrape(await metrics.scrape()), 'nodejs_eventloop_lag_max_seconds') ?? -1;
  await until(async () => (await longest()) < 0.2, { what: 'the event loop is at rest' });
  const holdUp = () => {
    const end = performance.now() + 300;
    while (performance.now() < end);
  };
  // The measuring timer has to come round before and after it.
  const shows = async () => {
    holdUp();
    // The turn in which the measuring timer fires; a real scrape waits for other processes meanwhile.
    await delay(1);
    return (await longest()) > 0.2;
  };
  await until(shows, { what: 'the delay shows' });
  await until(async () => (await longest()) < 0.2, { what: 'the delay is past' });
});

test('the listener serves its three addresses and says why it is not ready', async () => {
  const { metrics } = measured(still);
  const failing: SessionSource = { snapshot: () => Promise.reject(new Error('forced')) };
  const readiness = createReadiness(failing);
  const app = buildMetricsApp({
    metrics,
    readiness,
    logger: pino({ level: 'silent' }),
    tokenHash: null,
  });
  const scrape = await app.inject('/metrics');
  assert.equal(scrape.statusCode, 200);
  assert.equal(scrape.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  assert.equal((await app.inject('/healthz')).body, 'ok\n');
  const { statusCode, body } = await app.inject('/readyz');
  assert.deepEqual([statusCode, body], [503, 'not ready: the last scan failed\n']);
  for (const elsewhere of ['/', '/metrics/x', '/Ftp/list_sessions', '/docs']) {
    assert.equal((await app.inject(elsewhere)).statusCode, 404);
  }
  await app.close();
});
