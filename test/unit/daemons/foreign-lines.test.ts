import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileNameOf } from '../../../src/daemons/proftpd/file-name.ts';
import {
  loginTitle,
  parseSessionTitle,
  parseUnrecordedTitle,
} from '../../../src/daemons/proftpd/title.ts';
import { parseStatsLine } from '../../../src/daemons/pure-ftpd/stats-line.ts';
import { parseClfLine, parseW3cLine } from '../../../src/daemons/pure-ftpd/web-log-lines.ts';
import { parseXferlogLine } from '../../../src/daemons/xferlog-line.ts';

const anchor = { user: 'u', clientName: 'h', command: 'idle', argument: '' };

/** What reads a text that clients have a part in, and that text around their part. */
const readers: Record<string, (part: string) => unknown> = {
  'xferlog, user': (part) =>
    parseXferlogLine(`Tue Apr  7 16:03:05 2026 3 ::1 1 /a b _ i a u${part} ftp 0 * c`),
  'xferlog, file': (part) =>
    parseXferlogLine(`Tue Apr  7 16:03:05 2026 3 ::1 1 /a${part} b _ i r u ftp 0 * c`),
  'xferlog, cut': (part) => parseXferlogLine(`Tue Apr  7 16:03:05 2026 3 ::1 1 /a${part}`),
  'stats, user': (part) => parseStatsLine(`1795861779 6b0aad13.1c u${part} ::1 D 1 3 /a`),
  'stats, file': (part) => parseStatsLine(`1795861779 6b0aad13.1c u ::1 D 1 3 /a${part}`),
  'stats, cut': (part) => parseStatsLine(`1795861779 6b0aad13.1c u${part}`),
  'clf, user': (part) => parseClfLine(`::1 - u${part} [07/Apr/2026:16:03:05 +0000] "PUT /a" 200 1`),
  'clf, path': (part) => parseClfLine(`::1 - u [07/Apr/2026:16:03:05 +0000] "PUT /a${part}" 200 1`),
  'clf, cut': (part) => parseClfLine(`::1 - u${part}`),
  'w3c, user': (part) => parseW3cLine(`2026-04-07 16:03:05 ::1 []created /a 226 u${part} 1`),
  'w3c, path': (part) => parseW3cLine(`2026-04-07 16:03:05 ::1 []created /a${part} 226 u 1`),
  'w3c, cut': (part) => parseW3cLine(`2026-04-07 16:03:05 ::1 []created /a${part}`),
  'ProFTPD, before the login': (part) => loginTitle(`proftpd: connected: h${part}`),
  'ProFTPD, by its record': (part) => parseSessionTitle(`proftpd: u${part} - h: RETR a`, anchor),
  'ProFTPD, without a record': (part) => parseUnrecordedTitle(`proftpd: u${part}`, '::1'),
  'ProFTPD, file': (part) =>
    fileNameOf({ recorded: null, titled: `a${part}b`, path: '/a', isChosenByDaemon: false }),
};

/** What the forms of all of them have within: a search by one that begins anew at each is slow. */
const pieces = [
  ' ',
  ' 0',
  'x',
  ' b _ i a',
  ' ftp 0 * c',
  ' ::1 D 1 3 ',
  ' [07/Apr/2026:16:03:05 +0000] "PUT ',
  '" 200 1',
  ' 226 1',
  ' (',
  ' (h:1)',
  ' - h: ',
  ' - h',
  '\uFFFD',
  '/%41',
];

test('no text of a client takes longer to read than many short ones of the same length together', () => {
  const shortLength = 256;
  const count = 64;
  for (const [name, read] of Object.entries(readers)) {
    for (const piece of pieces) {
      const textOf = (length: number) => piece.repeat(Math.ceil(length / piece.length));
      const [short, long] = [textOf(shortLength), textOf(count * shortLength)];
      const ofShort = () => {
        for (let each = 0; each < count; each += 1) read(short);
      };
      const ratios: number[] = [];
      // It is 64 where the work is the length's square. Another process's turn may fall into a round, but not into each.
      while (ratios.length < 8 && !ratios.some((ratio) => ratio < 8)) {
        const apart = timeOf(ofShort);
        ratios.push(timeOf(() => read(long)) / apart);
      }
      const told = `${name}, ${JSON.stringify(piece)}: ${ratios.map((ratio) => ratio.toFixed(1))}`;
      assert.ok(
        ratios.some((ratio) => ratio < 8),
        told,
      );
    }
  }
});

function timeOf(work: () => void): number {
  const begun = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - begun);
}
