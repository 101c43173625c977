import { momentAt } from '../lib/local-time/wall-clock.ts';
import { monthOf } from './log-months.ts';
import type { TransferLine } from './transfer-line.ts';

/**
 * TIME SECONDS PEER BYTES FILE TYPE FLAGS DIRECTION MODE USER SERVICE METHOD ID STATUS. The name of the
 * file is taken up to the last fields, in case a daemon leaves blanks in it, as in that of a user; and what JavaScript
 * takes for the end of a line, as CR and U+2028, is none: else a file of such a name would be in no list.
 *
 * A line is read in three parts, each in time that grows as its length does: both names are what clients choose, and
 * one form for all of it would try each end of the one with each of the other.
 */
const head =
  /^\w{3} (\w{3}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4}) (\d{1,10}) (\S+) (\d{1,16}) /;
const middle = /^(.+) [ab] \S+ ([iod]) ([agr]) (.+)$/s;
const tail = /^ \S+ [01] \S+ ([ci])$/;

/**
 * Reads a line of wu-ftpd's form, xferlog(5), which ProFTPD, vsftpd and pure-ftpd write; null for any
 * other, and for one that tells of a removal.
 */
export function parseXferlogLine(text: string): TransferLine | null {
  const begin = head.exec(text);
  if (begin === null) return null;
  const at = tailOf(text);
  // Of a short line head and tail overlap, so that nothing is between them.
  const names = middle.exec(text.slice(begin[0].length, at));
  const [, status] = tail.exec(text.slice(at)) ?? [];
  if (names === null || status === undefined) return null;
  const [, month = '', ...fields] = begin;
  const [day, hour, minute, second, year, seconds, peer, bytes] = fields;
  const [, file, letter, mode, user] = names;
  const index = monthOf(month);
  if (index === null || letter === 'd') return null;
  if (!Number.isSafeInteger(Number(bytes))) return null;
  const parts = [year, index, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const wall = Date.UTC(...parts);
  const times = new Set([momentAt(new Date(wall)).getTime(), wall]);
  return {
    session: null,
    // Of an anonymous one it has what was given as a password.
    user: mode === 'a' ? '' : (user ?? ''),
    peer: peer ?? '',
    endedAt: [...times],
    direction: letter === 'i' ? 'upload' : 'download',
    bytes: Number(bytes),
    seconds: Number(seconds),
    isWhole: status === 'c',
    file: file ?? '',
  };
}

/** Where SERVICE METHOD ID STATUS begin, with the blank in front of them; 0 where there are fewer. */
function tailOf(text: string): number {
  let at = text.length;
  for (let field = 0; field < 4 && at > 0; field += 1) at = text.lastIndexOf(' ', at - 1);
  return Math.max(0, at);
}
