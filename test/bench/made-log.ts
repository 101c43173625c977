import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { asideName } from '../../src/session-log/log-files.ts';
import { type FileLine, formatLine, type SessionLine } from '../../src/session-log/log-line.ts';
import { pastSession } from '../support/history-lines.ts';

/** A session log as a busy host has it after two weeks: two files set aside, the older one compressed. */
export interface MadeLog {
  /** Empty but for the log. */
  readonly stateDir: string;
  readonly path: string;
  /** All files, oldest first. */
  readonly files: readonly string[];
  /** Of their lines, unpacked. */
  readonly bytes: number;
  readonly questions: readonly HistoryQuestion[];
  remove(): void;
}

export interface HistoryQuestion {
  readonly option: '--login' | '--from' | '--file' | '--at';
  readonly value: string;
  /** So many sessions are the answer. */
  readonly sessions: number;
}

const beginMs = Date.UTC(2026, 10, 14);
/** A hundred thousand sessions are two weeks so. */
const betweenMs = 12_000;
const parts = 3;
const [logins, addresses, pages] = [1_000, 997, 991];

/** Writes a log of so many sessions, each with one to three files, into a folder of its own. */
export function makeLog(sessions: number): MadeLog {
  const stateDir = mkdtempSync(join(tmpdir(), 'uapid-bench-log-'));
  const path = join(stateDir, 'sessions.log');
  const lines = Array.from({ length: sessions }, (_, index) => sessionNumber(index));
  // In the order in which they ended.
  lines.sort((a, b) => endOf(a) - endOf(b));
  let bytes = 0;
  const files = Array.from({ length: parts }, (_, part) => {
    const [from, to] = [part, part + 1].map((each) => Math.floor((each * sessions) / parts));
    const own = lines.slice(from, to);
    const text = Buffer.from(own.map(formatLine).join(''));
    const last = own.at(-1);
    const changedAt = new Date(last === undefined ? beginMs : endOf(last));
    const isCompressed = part === 0;
    const aside = `${asideName(path, changedAt)}${isCompressed ? '.gz' : ''}`;
    const file = part === parts - 1 ? path : aside;
    writeFileSync(file, isCompressed ? gzipSync(text) : text, { mode: 0o600 });
    utimesSync(file, changedAt, changedAt);
    bytes += text.length;
    return file;
  });
  const remove = () => rmSync(stateDir, { recursive: true, force: true });
  return { stateDir, path, files, bytes, questions: questionsFor(lines), remove };
}

function sessionNumber(index: number): SessionLine {
  const connected = beginMs + index * betweenMs;
  const ended = connected + ((index % 60) + 1) * 10_000;
  const pid = 1_000 + (index % 30_000);
  const customer = index % logins;
  const address = index % addresses;
  const files = Array.from(
    { length: (index % 3) + 1 },
    (_, number): FileLine => ({
      at: new Date(ended).toISOString(),
      direction: 'upload',
      bytes: 4_096 + index,
      seconds: 1,
      whole: true,
      file: number === 0 ? pagePath(index % pages) : `/www/images/${index}-${number}.jpg`,
    }),
  );
  return pastSession(pid, '00:00:00', {
    id: `${Math.floor(connected / 1_000).toString(16)}.${pid.toString(16)}`,
    user: loginName(customer),
    owner: 2_000 + customer,
    owner_name: `shop${customer}`,
    address: `198.18.${address >> 8}.${address & 255}`,
    port: 40_000 + (index % 20_000),
    connected_at: new Date(connected).toISOString(),
    ended_at: new Date(ended).toISOString(),
    transfers: files.length,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    transfers_by: 'session-id',
    files,
  });
}

const loginName = (customer: number) => `dev@shop${customer}.example`;
const pagePath = (page: number) => `/www/page-${page}.html`;

function endOf({ ended_at: end }: SessionLine): number {
  return Date.parse(end ?? '');
}

/** About a customer, an address and a page of the middle, and about a time for which no file may be left out. */
function questionsFor(lines: readonly SessionLine[]): HistoryQuestion[] {
  const middle = lines[Math.floor(lines.length / 2)];
  const at = beginMs + Math.floor(lines.length / parts / 2) * betweenMs;
  const file = middle?.files?.[0]?.file ?? '';
  const ask = (
    option: HistoryQuestion['option'],
    value: string,
    isMeant: (line: SessionLine) => boolean,
  ) => ({ option, value, sessions: lines.filter(isMeant).length });
  return [
    ask('--login', middle?.user ?? '', ({ user }) => user === middle?.user),
    ask('--from', middle?.address ?? '', ({ address }) => address === middle?.address),
    ask('--file', file, ({ files = [] }) => files.some((each) => each.file === file)),
    ask('--at', new Date(at).toISOString(), (line) => {
      return Date.parse(line.connected_at ?? '') <= at && endOf(line) >= at;
    }),
  ];
}
