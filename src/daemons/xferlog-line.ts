import { momentAt } from '../lib/local-time/wall-clock.ts';
import { monthOf } from './log-months.ts';
import type { TransferLine } from './transfer-line.ts';

/**
 * TIME SECONDS PEER BYTES FILE TYPE FLAGS DIRECTION MODE USER SERVICE METHOD ID STATUS. The name of the
 * file is taken up to the last fields, in case a daemon leaves blanks in it, as in that of a user; and what JavaScript
 * takes for the end of a line, as CR and U+2028, is none: else a file of such a name would be in no list.
 */
const form =
  /^\w{3} (\w{3}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4}) (\d{1,10}) (\S+) (\d{1,16}) (.+) [ab] \S+ ([iod]) ([agr]) (.+?) \S+ [01] \S+ ([ci])$/s;

/**
 * Reads a line of wu-ftpd's form, xferlog(5), which ProFTPD, vsftpd and pure-ftpd write; null for any
 * other, and for one that tells of a removal.
 */
export function parseXferlogLine(text: string): TransferLine | null {
  const match = form.exec(text);
  if (match === null) return null;
  const [, month = '', ...fields] = match;
  const [day, hour, minute, second, year, seconds, peer, bytes, file, letter, mode, user, status] =
    fields;
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
