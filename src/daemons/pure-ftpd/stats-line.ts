import type { TransferLine } from '../transfer-line.ts';

/**
 * TIME SESSION USER PEER U|D BYTES SECONDS FILE, where a session is its time of connection and its pid. A file's name may
 * have in it what JavaScript takes for the end of a line, as CR and U+2028.
 */
const form =
  /^(\d{1,12}) ([0-9a-f]{1,16}\.[0-9a-f]{1,8}) (.*?) (\S+) ([UD]) (\d{1,16}) (\d{1,10}) (.+)$/s;

/**
 * Reads a line that pure-ftpd writes with `-O stats:FILE` (altlog.c); null for any other. It writes the name of
 * a file as it is, line breaks too, so whoever may make a folder may have it write any line.
 */
export function parseStatsLine(text: string): TransferLine | null {
  const [, time, session, user, peer, letter, bytes, seconds, file] = form.exec(text) ?? [];
  if (session === undefined || user === undefined || peer === undefined || file === undefined) {
    return null;
  }
  if (!Number.isSafeInteger(Number(bytes))) return null;
  return {
    session,
    user,
    peer,
    endedAt: [Number(time) * 1000],
    direction: letter === 'U' ? 'upload' : 'download',
    bytes: Number(bytes),
    seconds: Number(seconds),
    isWhole: true,
    file,
  };
}
