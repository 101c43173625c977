import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStatsLine } from '../../../../src/daemons/pure-ftpd/stats-line.ts';
import { parseXferlogLine } from '../../../../src/daemons/xferlog-line.ts';

const stats = (bytes: string) => `1795861779 6b0aad13.1c dev x 192.0.2.7 D ${bytes} 3 /a b`;
const xferlog = (bytes: string) =>
  `Tue Apr  7 16:03:05 2026 3 192.0.2.7 ${bytes} /a b _ o r alice ftp 0 * c`;

test('a line of pure-ftpd’s stats log tells a transfer by the name of its session', () => {
  assert.deepEqual(parseStatsLine(stats('17')), {
    session: '6b0aad13.1c',
    user: 'dev x',
    peer: '192.0.2.7',
    endedAt: [1_795_861_779_000],
    direction: 'download',
    bytes: 17,
    seconds: 3,
    isWhole: true,
    file: '/a b',
  });
});

test('a line with more bytes than a number is exact to is none that a daemon wrote', () => {
  for (const [line, parse] of [
    [stats, parseStatsLine],
    [xferlog, parseXferlogLine],
  ] as const) {
    assert.equal(parse(line('9007199254740991'))?.bytes, Number.MAX_SAFE_INTEGER);
    assert.equal(parse(line('9007199254740992')), null);
    assert.equal(parse(line('9999999999999999')), null);
  }
});
