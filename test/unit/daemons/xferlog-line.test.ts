import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStatsLine } from '../../../src/daemons/pure-ftpd/stats-line.ts';
import { parseClfLine, parseW3cLine } from '../../../src/daemons/pure-ftpd/web-log-lines.ts';
import { parseXferlogLine } from '../../../src/daemons/xferlog-line.ts';

const line = (more: Partial<Record<'direction' | 'file' | 'status', string>> = {}) => {
  const { direction = 'i', file = '/home/a/b_c.php', status = 'c' } = more;
  return `Tue Apr  7 16:03:05 2026 3 192.0.2.7 1234 ${file} b _ ${direction} r alice ftp 0 * ${status}`;
};

test('a line of wu-ftpd’s form tells a transfer, by local time as the C library has it and by UTC', () => {
  const { TZ } = process.env;
  try {
    // A zone that Node.js itself does not know.
    process.env['TZ'] = 'XYZ-05:45';
    const utc = Date.UTC(2026, 3, 7, 16, 3, 5);
    assert.deepEqual(parseXferlogLine(line()), {
      session: null,
      user: 'alice',
      peer: '192.0.2.7',
      endedAt: [utc - (5 * 60 + 45) * 60_000, utc],
      direction: 'upload',
      bytes: 1234,
      seconds: 3,
      isWhole: true,
      file: '/home/a/b_c.php',
    });
  } finally {
    if (TZ === undefined) delete process.env['TZ'];
    else process.env['TZ'] = TZ;
  }
});

test('blanks in a user’s name, and what JavaScript takes for the end of a line, keep no transfer out of the list', () => {
  for (const text of ['a b', 'a\rb', 'a\u2028b', 'a\u2029b', 'a\u0085b', 'a\u00a0b']) {
    assert.equal(parseXferlogLine(line({ file: `/${text}` }))?.file, `/${text}`);
    const { user, file } = parseXferlogLine(line().replace('alice', text)) ?? {};
    assert.deepEqual([user, file], [text, '/home/a/b_c.php']);
    assert.equal(
      parseStatsLine(`1795861779 6b0aad13.1c ${text} ::1 D 1 3 /${text}`)?.file,
      `/${text}`,
    );
    const clf = `::1 - ${text} [07/Apr/2026:16:03:05 +0000] "PUT /a" 200 1`;
    assert.equal(parseClfLine(clf)?.user, text);
    const w3c = `2026-04-07 16:03:05 ::1 []created /a 226 ${text} 1`;
    assert.equal(parseW3cLine(w3c)?.user, text);
  }
});

test('a file’s name may hold what looks like fields, and a removal or anything else is no transfer', () => {
  const file = '/a b _ o r mallory ftp 0 * c';
  assert.equal(parseXferlogLine(line({ file }))?.file, file);
  assert.equal(parseXferlogLine(line({ file }))?.user, 'alice');
  assert.equal(parseXferlogLine(line({ direction: 'o', status: 'i' }))?.isWhole, false);
  for (const other of ['', 'x', line({ direction: 'd' }), line().replace('Apr', 'Abc')]) {
    assert.equal(parseXferlogLine(other), null, other);
  }
});
