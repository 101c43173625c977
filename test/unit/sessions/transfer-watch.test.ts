import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FtpSession } from '../../../src/sessions/session.ts';
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
    [11_000, 5_000],
    [12_000, 5_000],
    [14_000, 6_000],
  ] as const;
  const found = rates(...looks.map(([ms, bytes]) => [ms, download(bytes)] as const));
  assert.deepEqual(found, [105, 4_000, 0, 500]);
});

test('scans that follow each other closely give a rate over half a second to a second', () => {
  const looks = Array.from({ length: 40 }, (_, i) => [10_000 + i * 50, download(i * 50)] as const);
  const found = rates(...looks);
  assert.deepEqual(
    found.slice(10),
    found.slice(10).map(() => 1000),
  );
});

test('a rate is over the transfer where the last scan is a minute old, or the clock went back', () => {
  const first = [10_000, download(0)] as const;
  assert.deepEqual(rates(first, [70_001, download(69_501)]), [0, 1000]);
  assert.deepEqual(rates(first, [9_500, download(9_000)]), [0, 1000]);
});

test('another transfer, session or direction begins anew', () => {
  const first = [10_000, download(9_500)] as const;
  const later = (facts: Partial<FtpSession>, bytes = 105_000) =>
    rates(first, [11_000, download(bytes, facts)])[1];
  assert.equal(later({}), 95_500);
  assert.equal(later({ file: 'other.bin' }), 10_000);
  assert.equal(later({ transferStartedAt: began + 10 }), null);
  assert.equal(later({ state: 'upload' }), 10_000);
  assert.equal(later({ bytesSkipped: 94_500 }), 1000);
  assert.equal(later({ startTime: '2' }), 10_000);
  assert.equal(later({ pid: 2 }), 10_000);
  // The same file again within a second.
  assert.equal(later({}, 9_000), 857);
});

test('bytes that REST skipped make no rate', () => {
  const resumed = (bytes: number) => download(bytes, { bytesSkipped: 5_000_000 });
  assert.deepEqual(rates([10_500, resumed(5_010_000)], [11_500, resumed(5_012_000)]), [1000, 2000]);
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
  const times = [3_000, 4_000, 5_000, 5_200, 9_000];
  const withoutOthers = times.map((ms) => look(alone, '1001', ms));
  const withOthers = times.map((ms) => {
    look(beside, 'null', ms - 600);
    look(beside, '1002', ms - 300);
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
  for (let i = 0; i < 1001; i += 1) at(String(i), 3_000);
  assert.equal(at('0', 4_000), 1143);
  assert.equal(at('1000', 4_000), 1000);
});
