import { monthOf } from '../log-months.ts';
import type { TransferLine } from '../transfer-line.ts';

/** PEER - USER [DD/Mon/YYYY:HH:MM:SS ±HHMM] "GET|PUT PATH" 200 BYTES, the common log format of web servers. */
const clf =
  /^(\S+) - (.*) \[(\d\d)\/(\w{3})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)\] "(GET|PUT) (\S+)" 200 (\d{1,16})$/s;

/** DATE TIME PEER []created|sent PATH 226 USER BYTES in UTC, the extended format of the W3C, by the fields that it names. */
const w3c =
  /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d) (\S+) \[\](created|sent) (\S+) 226 (.*) (\d{1,16})$/s;

/**
 * Reads a line that pure-ftpd writes with `-O clf:FILE`; null for any other. The path is written as in a URL, so
 * no name of a file makes a line of its own. How long it took is not told, nor a session's name.
 */
export function parseClfLine(text: string): TransferLine | null {
  const [
    ,
    peer,
    user,
    day,
    name = '',
    year,
    hour,
    minute,
    second,
    sign,
    zoneHours,
    zoneMinutes,
    ...rest
  ] = clf.exec(text) ?? [];
  const [verb, path, bytes] = rest;
  const month = monthOf(name);
  if (peer === undefined || month === null) return null;
  const aheadMs = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60_000;
  const wall = Date.UTC(
    ...([year, month, day, hour, minute, second].map(Number) as [number, number]),
  );
  const at = sign === '-' ? wall + aheadMs : wall - aheadMs;
  return lineOf({ peer, user, at, isUpload: verb === 'PUT', path, bytes });
}

/** The same of `-O w3c:FILE`. */
export function parseW3cLine(text: string): TransferLine | null {
  const [, ...fields] = w3c.exec(text) ?? [];
  const [year, month, day, hour, minute, second, peer, verb, path, user, bytes] = fields;
  if (peer === undefined) return null;
  const parts = [year, Number(month) - 1, day, hour, minute, second].map(Number);
  const at = Date.UTC(...(parts as [number, number]));
  return lineOf({ peer, user, at, isUpload: verb === 'created', path, bytes });
}

interface Fields {
  readonly peer: string;
  readonly user: string | undefined;
  readonly at: number;
  readonly isUpload: boolean;
  readonly path: string | undefined;
  readonly bytes: string | undefined;
}

function lineOf({ peer, user = '', at, isUpload, path = '', bytes }: Fields): TransferLine | null {
  if (!Number.isSafeInteger(Number(bytes)) || Number.isNaN(at)) return null;
  return {
    session: null,
    user,
    peer,
    endedAt: [at],
    direction: isUpload ? 'upload' : 'download',
    bytes: Number(bytes),
    seconds: null,
    // pure-ftpd tells of whole ones alone.
    isWhole: true,
    file: decode(path),
  };
}

/** Bytes that are no UTF-8 become U+FFFD, as elsewhere. */
function decode(path: string): string {
  const text = path.replace(/%([0-9A-Fa-f]{2})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  return /^[\0-\xff]*$/.test(text) ? Buffer.from(text, 'latin1').toString('utf8') : text;
}
