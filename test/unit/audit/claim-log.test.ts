import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { claim, claimOf } from '../../../src/audit/claim.ts';
import { createClaimLog } from '../../../src/audit/claim-log.ts';
import { localHost } from '../../../src/sessions/identity.ts';
import { everybody } from '../../../src/sessions/scope.ts';
import type { EndedSession, SessionEnder } from '../../../src/sessions/session-ender.ts';
import { ftpSession } from '../../support/app.ts';

const at = new Date('2026-11-23T21:00:00.000Z');
const stamp = 'uapid-audit: 2026-11-23T21:00:00.000Z';
const who = { address: '192.0.2.7', account: 'bob' };
const refusal = {
  event: 'access-refused',
  ...who,
  door: 'execute',
  scheme: 'basic',
  reason: 'credentials',
} as const;
const endOf = (pid: number, outcome: string) =>
  ({
    event: 'session-ended',
    host: localHost,
    ...who,
    by: 'bob',
    pid,
    start: '7',
    login: 'made-up',
    outcome,
  }) as const;

/** A log whose timers the test turns. */
function open(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const lines: string[] = [];
  const log = createClaimLog({ write: (line) => lines.push(line), now: () => at });
  return { log, lines, texts: () => lines.map((line) => line.slice(stamp.length + 1, -1)) };
}

/** Ends sessions with this outcome, by their pids. */
function enderTo(outcome: EndedSession['outcome']): SessionEnder {
  return {
    end: async (identities) =>
      identities.map((identity) => ({
        identity,
        session: outcome === 'gone' ? null : ftpSession({ ...identity, user: 'carol' }),
        outcome,
      })),
  };
}

const identities = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    host: localHost,
    pid: index + 1,
    startTime: '7',
  }));

test('what the worker says is marked as its word, with the time of the monitor', (t) => {
  const { log, lines } = open(t);
  log.record(refusal);
  log.record(endOf(1, 'ended'));
  assert.deepEqual(lines, [
    `${stamp} access-refused address=192.0.2.7 account="bob" door=execute scheme=basic reason=credentials claimed=line\n`,
    `${stamp} session-ended address=192.0.2.7 account="bob" by="bob" pid=1 start=7 login="made-up" outcome=ended claimed=line\n`,
  ]);
});

test('an end that the monitor has seen is told with what it saw, once', async (t) => {
  const { log, texts } = open(t);
  await log.witness(enderTo('ended')).end(identities(1), everybody);
  log.record(endOf(1, 'remains'));
  log.record(endOf(1, 'ended'));
  log.record(endOf(1, 'ended'));
  assert.deepEqual(
    texts().map((text) => /login=.*$/.exec(text)?.[0]),
    [
      'login="made-up" outcome=remains claimed=line',
      'login="carol" outcome=ended claimed=caller',
      'login="made-up" outcome=ended claimed=line',
    ],
  );
});

test('an end that the worker keeps silent about is written down all the same', async (t) => {
  const { log, texts } = open(t);
  const twice = [...identities(2), ...identities(2)];
  await log.witness(enderTo('ended')).end(twice, everybody);
  await log.witness(enderTo('gone')).end([{ host: localHost, pid: 9, startTime: '7' }], everybody);
  log.record(endOf(2, 'ended'));
  assert.equal(texts().length, 1);
  log.close();
  assert.equal(
    texts()[1],
    'session-ended address=- account=- by=- pid=1 start=7 login="carol" outcome=ended claimed=nothing',
  );
  assert.equal(texts().length, 2);
});

test('a flood of refusals is cut off, counted, and pushes out nothing else', async (t) => {
  const { log, lines, texts } = open(t);
  const from = performance.now();
  for (let count = 0; count < 100_000; count += 1) log.record(refusal);
  const seconds = (performance.now() - from) / 1000;
  const written = lines.length;
  assert.ok(written > 2_000, `${written} lines: fewer than guessers make at their limits`);
  // The burst, what a machine that takes its time for the flood is allowed meanwhile, and one line.
  const bytes = lines.join('').length;
  assert.ok(bytes < (512 + 16 * seconds) * 1024 + 1000, `${bytes} bytes in ${seconds} s`);
  log.record({ event: 'login', ...who, door: 'login' });
  assert.match(texts().at(-1) ?? '', /^login /);
  t.mock.timers.tick(10_000);
  const report = `lines-dropped address=- kind=refusals dropped=${100_000 - written}`;
  assert.equal(texts().at(-1), report);
  log.close();
  assert.equal(texts().at(-1), report);
});

test('1,000 sessions that will not end, and 10,000 that do, have a line each', async (t) => {
  const { log, lines } = open(t);
  await log.witness(enderTo('remains')).end(identities(1_000), everybody);
  for (const { pid } of identities(1_000)) log.record(endOf(pid, 'remains'));
  assert.equal(lines.length, 1_000);
  await log.witness(enderTo('ended')).end(identities(10_000), everybody);
  for (const { pid } of identities(10_000)) log.record(endOf(pid, 'ended'));
  assert.equal(lines.length, 11_000);
});

for (const outcome of ['ended', 'killed'] as const) {
  test(`a flood of claims pushes out no session that was ${outcome}, claimed or not`, async (t) => {
    const { log, lines, texts } = open(t);
    for (let count = 0; count < 10_000; count += 1)
      log.record({ event: 'login', ...who, door: 'x' });
    const flood = lines.length;
    assert.ok(flood < 10_000, 'the room is full');
    await log.witness(enderTo(outcome)).end(identities(5_000), everybody);
    for (const { pid } of identities(4_000)) log.record(endOf(pid, outcome));
    assert.equal(lines.length - flood, 4_000);
    log.close();
    const ends = texts().filter((text) => text.includes(`outcome=${outcome} `));
    assert.equal(ends.length, 5_000);
    assert.match(ends.at(-1) ?? '', /pid=5000 .* claimed=nothing$/);
  });
}

test('ends that break off have a line each at once, which no claims push out', async (t) => {
  const { log, lines, texts } = open(t);
  for (let count = 0; count < 10_000; count += 1) log.record({ event: 'login', ...who, door: 'x' });
  const flood = lines.length;
  const broken = { end: () => Promise.reject(new Error('the scanner hung meanwhile')) };
  const twice = [...identities(2), ...identities(2)];
  await assert.rejects(log.witness(broken).end(twice, everybody), /the scanner hung meanwhile/);
  assert.deepEqual(
    texts().slice(flood),
    [1, 2].map(
      (pid) =>
        `session-ended address=- account=- by=- pid=${pid} start=7 login=- outcome=failed claimed=nothing`,
    ),
  );
});

test('the worker can make no flood of ends that break off either', async (t) => {
  const { log, lines } = open(t);
  const broken = { end: () => Promise.reject(new Error('no')) };
  await assert.rejects(log.witness(broken).end(identities(20_000), everybody));
  assert.ok(lines.length >= 1_000, `${lines.length} lines`);
  assert.ok(lines.join('').length < 600_000, `${lines.join('').length} bytes`);
});

test('the worker can say nothing of what commands change, and nothing too long', () => {
  const foreign = [
    { event: 'account-added', address: null, account: 'mallory', by: 'root', role: 'admin' },
    { event: 'token-revoked', address: null, account: 'bob', by: 'root', token: 'ci' },
    { event: 'lines-dropped', address: null, kind: 'refusals', dropped: 0 },
    { ...refusal, claimed: 'caller' },
    { ...refusal, reason: 'credentials\n' },
    { ...refusal, account: 'x'.repeat(130) },
    { ...refusal, at: '2026-01-01' },
  ];
  for (const each of foreign) assert.equal(claim.safeParse(each).success, false, each.event);
  const long = claimOf({ ...refusal, account: 'x'.repeat(16_000) });
  assert.equal(long?.account?.length, 129);
  assert.deepEqual(claimOf(refusal), refusal);
});
