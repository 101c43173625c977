import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { noDetails } from '../../../src/collector/details.ts';
import type { FtpSession, SessionDetails } from '../../../src/sessions/session.ts';
import { createTransferWatch } from '../../../src/sessions/transfer-watch.ts';
import { ftpSession, snapshot } from '../../support/app.ts';

const began = 1_000;
const download = (bytesMoved: number, facts: Partial<FtpSession> = {}) =>
  ftpSession({
    state: 'download',
    file: 'big.bin',
    bytesMoved,
    bytesSkipped: 0,
    bytesTotal: 10_000_000,
    transferStartedAt: began,
    lastTransferStartedAt: began,
    idleSince: null,
    ...facts,
  });
const idle = (facts: Partial<FtpSession> = {}) =>
  ftpSession({ lastTransferStartedAt: began, idleSince: null, ...facts });

/** Looks at these moments (milliseconds after the transfer began), one session each. */
function follow(looks: readonly (readonly [ms: number, session: FtpSession])[], watcher = 'null') {
  const watch = createTransferWatch();
  return looks.map(([ms, session]) =>
    watch(watcher, snapshot({ begunAt: began * 1000 + ms, sessions: [session] })).get(session),
  );
}
const rates = (...looks: (readonly [ms: number, session: FtpSession])[]) =>
  follow(looks).map((motion) => motion?.rateBytesPerSecond);

test('a rate is that since the last scan', () => {
  const looks = [
    [10_000, 1_000],
    [15_000, 21_000],
    [21_000, 21_000],
    [31_000, 26_000],
  ] as const;
  const found = rates(...looks.map(([ms, bytes]) => [ms, download(bytes)] as const));
  assert.deepEqual(found, [105, 4_000, 0, 500]);
});

test('scans that follow each other closely give a rate over five to ten seconds', () => {
  const looks = Array.from(
    { length: 40 },
    (_, i) => [10_000 + i * 500, download(i * 500)] as const,
  );
  const found = rates(...looks);
  assert.deepEqual(
    found.slice(10),
    found.slice(10).map(() => 1000),
  );
  // A burst counts for no more than its part of five seconds.
  assert.equal(rates(...looks.slice(0, 20), [20_000, download(19_000)])[20], 2800);
});

test('a rate is over the transfer where the last scan is a minute old, or the clock went back', () => {
  const first = [10_000, download(0)] as const;
  assert.deepEqual(rates(first, [70_001, download(69_501)]), [0, 1000]);
  assert.deepEqual(rates(first, [9_500, download(9_000)]), [0, 1000]);
});

test('another transfer, session or direction begins anew', () => {
  const first = [10_000, download(9_500)] as const;
  const later = (facts: Partial<FtpSession>, bytes = 105_000) =>
    rates(first, [15_000, download(bytes, facts)])[1];
  assert.equal(later({}), 19_100);
  assert.equal(later({ file: 'other.bin' }), 7_241);
  assert.equal(later({ transferStartedAt: began + 10 }), null);
  assert.equal(later({ state: 'upload' }), 7_241);
  assert.equal(later({ bytesSkipped: 90_500 }), 1000);
  assert.equal(later({ startTime: '2' }), 7_241);
  assert.equal(later({ pid: 2 }), 7_241);
  // The same file again within a second.
  assert.equal(later({}, 9_000), 621);
});

test('bytes that REST skipped make no rate', () => {
  const resumed = (bytes: number) => download(bytes, { bytesSkipped: 5_000_000 });
  assert.deepEqual(rates([10_500, resumed(5_010_000)], [15_500, resumed(5_020_000)]), [1000, 2000]);
});

test('an idle session has no rate, whatever it did before', () => {
  assert.deepEqual(rates([10_000, download(5)], [11_000, idle()]), [1, null]);
});

test('one watcher’s scans do not show in another’s rates', () => {
  const alone = createTransferWatch();
  const beside = createTransferWatch();
  const look = (watch: typeof alone, watcher: string, ms: number) => {
    const session = download(ms * ms);
    return watch(watcher, snapshot({ begunAt: began * 1000 + ms, sessions: [session] })).get(
      session,
    );
  };
  const times = [6_000, 11_000, 16_000, 16_200, 30_000];
  const withoutOthers = times.map((ms) => look(alone, '1001', ms));
  const withOthers = times.map((ms) => {
    look(beside, 'null', ms - 5_100);
    look(beside, '1002', ms - 2_000);
    return look(beside, '1001', ms);
  });
  assert.deepEqual(withOthers, withoutOthers);
});

test('no sequence of scans gives a negative rate, or one to an idle session', () => {
  const session = fc.oneof(
    fc.nat({ max: 1_000_000 }).map((bytes) => download(bytes)),
    fc.constant(idle()),
  );
  const looks = fc.array(fc.tuple(fc.integer({ min: -1000, max: 200_000 }), session));
  fc.assert(
    fc.property(looks, (sequence) => {
      for (const [index, motion] of follow(sequence).entries()) {
        const rate = motion?.rateBytesPerSecond ?? null;
        assert.ok(rate === null || rate >= 0);
        if (sequence[index]?.[1].state === 'idle') assert.equal(rate, null);
      }
    }),
  );
});

test('idle since: the record’s word, else the scan that saw it end, else nothing', () => {
  const since = (...looks: (readonly [ms: number, session: FtpSession])[]) =>
    follow(looks).map((motion) => motion?.idleSince);
  assert.deepEqual(since([5_000, idle({ idleSince: 900 })]), [900]);
  assert.deepEqual(since([5_000, idle()], [6_000, idle()]), [null, null]);
  assert.deepEqual(since([5_000, download(1)], [6_000, idle()], [9_000, idle()]), [
    null,
    began + 6,
    began + 6,
  ]);
  // Too long ago to say when it ended.
  assert.deepEqual(since([5_000, download(1)], [10_001, idle()]), [null, null]);
  // A transfer that no scan saw.
  const after = idle({ lastTransferStartedAt: began + 7 });
  assert.deepEqual(since([5_000, idle({ idleSince: 900 })], [8_000, after]), [900, began + 8]);
  // Or one that began in the very second of the one before, after the first scan.
  assert.deepEqual(since([100, download(1)], [200, idle()], [31_000, idle()]), [
    null,
    began + 0.2,
    null,
  ]);
  // Another session under the same pid.
  assert.deepEqual(since([5_000, download(1)], [6_000, idle({ startTime: '2' })]), [null, null]);
});

test('a thousand watchers are remembered, and the one that asked longest ago is forgotten', () => {
  const watch = createTransferWatch();
  const at = (watcher: string, ms: number) => {
    const session = download(ms);
    const seen = snapshot({ begunAt: began * 1000 + ms, sessions: [session] });
    return watch(watcher, seen).get(session)?.rateBytesPerSecond;
  };
  // Over the transfer it is more than a thousand bytes a second, over a scan exactly so many.
  for (let i = 0; i < 1001; i += 1) at(String(i), 6_000);
  assert.equal(at('0', 11_000), 1048);
  assert.equal(at('1000', 11_000), 1000);
});

const over = { localPort: 20, remoteAddress: '192.0.2.7', remotePort: 40_001, unsentBytes: 600 };

/** Looks at one session with its details. */
function followSending(
  ...looks: (readonly [ms: number, session: FtpSession, details: Partial<SessionDetails>])[]
) {
  const watch = createTransferWatch();
  return looks.map(([ms, session, details]) => {
    const all = [{ ...noDetails, ...details }];
    const seen = snapshot({ begunAt: began * 1000 + ms, sessions: [session], details: all });
    const motion = watch('null', seen).get(session);
    return [motion?.bytesMoved, motion?.unsentBytes, motion?.sending?.file ?? null];
  });
}

test('of a download what the system has not sent is not moved, and what is moved never goes back', () => {
  const looks = followSending(
    [10_000, download(1_000), { sendingOver: over }],
    [11_000, download(1_100), { sendingOver: { ...over, unsentBytes: 900 } }],
    [12_000, download(1_600, { bytesSkipped: 1_500 }), { sendingOver: over }],
    [13_000, download(9_000, { state: 'upload' }), {}],
    [14_000, download(9_000), {}],
  );
  assert.deepEqual(looks, [
    [400, 600, null],
    [400, 900, null],
    [1_500, 600, null],
    [9_000, null, null],
    [9_000, null, null],
  ]);
});

test('a rate is of what the client has, not of what was put into buffers', () => {
  const watch = createTransferWatch();
  const found = [10_000, 15_000, 20_000].map((ms, index) => {
    const session = download(5_000_000);
    const details = [
      { ...noDetails, sendingOver: { ...over, unsentBytes: 4_000_000 - index * 50_000 } },
    ];
    const seen = snapshot({ begunAt: began * 1000 + ms, sessions: [session], details });
    return watch('null', seen).get(session)?.rateBytesPerSecond;
  });
  assert.deepEqual(found.slice(1), [10_000, 10_000]);
});

test('an idle session still sends what is left on the very connection of its download, as long as it is there', () => {
  const left = { ...over, unsentBytes: 250 };
  const others = { ...over, remotePort: 40_002 };
  assert.deepEqual(
    followSending(
      [10_000, download(1_000), { sendingOver: over }],
      [11_000, idle(), { leftBehind: [others, left] }],
      [12_000, idle(), { leftBehind: [left] }],
      [13_000, idle(), { leftBehind: [others] }],
      [14_000, idle(), { leftBehind: [left] }],
    ).slice(1),
    [
      [null, 250, 'big.bin'],
      [null, 250, 'big.bin'],
      [null, null, null],
      [null, null, null],
    ],
  );
  // A daemon that waits for its connection is in the download still.
  assert.deepEqual(
    followSending(
      [10_000, download(1_000), { sendingOver: over }],
      [11_000, download(1_000), { leftBehind: [others, left] }],
      [12_000, download(1_000, { file: 'other.bin' }), { leftBehind: [left] }],
    ).slice(1),
    [
      [750, 250, null],
      [1_000, null, null],
    ],
  );
  // Nobody has seen the download.
  assert.deepEqual(followSending([11_000, idle(), { leftBehind: [left] }]), [[null, null, null]]);
});

test('in a fleet rates and idle times are by the clock of the session’s own host', () => {
  for (const clockAheadMs of [-600_000, 0, 600_000]) {
    const watch = createTransferWatch();
    const at = (ms: number, one: FtpSession) => {
      const scannedAt = began * 1000 + ms;
      const begunAt = new Map([['web1', scannedAt]]);
      const servers = { asked: 1, answered: 1, missing: [], waitedMs: 2_000, begunAt };
      const scan = { begunAt: scannedAt - clockAheadMs, sessions: [one], servers };
      return watch('null', snapshot(scan)).get(one);
    };
    const host = 'web1';
    const rate = (ms: number, bytes: number) =>
      at(ms, download(bytes, { host }))?.rateBytesPerSecond;
    assert.equal(rate(10_500, 100_000), 10_000);
    assert.equal(rate(20_500, 300_000), 20_000);
    const ended = at(22_500, idle({ host }));
    assert.equal(ended?.idleSince, began + 22.5, `${clockAheadMs} ms ahead`);
  }
});

test('no more sessions are remembered than there is room for, of those who asked longest ago first', () => {
  const watch = createTransferWatch(5);
  const look = (watcher: string, ms: number, bytesMoved: number, count: number) => {
    const sessions = Array.from({ length: count }, (_, pid) => download(bytesMoved, { pid }));
    const motions = watch(watcher, snapshot({ begunAt: began * 1000 + ms, sessions }));
    return sessions.map((each) => motions.get(each)?.rateBytesPerSecond)[0];
  };
  const rateSinceBefore = 4_000;
  look('alice', 10_000, 1_000, 2);
  look('bob', 10_000, 1_000, 2);
  assert.equal(look('alice', 15_000, 21_000, 2), rateSinceBefore);
  // Bob is the one who asked longest ago, and the last one stays whatever it has.
  look('carol', 15_000, 1_000, 3);
  assert.notEqual(look('bob', 15_000, 21_000, 2), rateSinceBefore);
  look('dave', 10_000, 1_000, 9);
  assert.equal(look('dave', 15_000, 21_000, 9), rateSinceBefore);
});
