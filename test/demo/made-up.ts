import type { HistoryAnswer } from '../../src/session-log/history-answer.ts';
import type { FtpSession } from '../../src/sessions/session.ts';
import { warn } from '../../src/sessions/warning.ts';
import { ftpSession } from '../support/app.ts';
import { pastSession } from '../support/history-lines.ts';

/* Sessions that nobody has: for pictures of the page, and tests of how it looks. */

const files = [
  'backup-2030-11-23.tar.gz',
  'holiday.mp4',
  'index.html',
  'Ein sehr langer Name einer Datei, der nirgends hineinpasst (Kopie 3).zip',
  'größe 1.jpg',
];
const users: readonly [name: string, uid: number][] = [
  ['alice', 1001],
  ['bob', 1002],
  ['deploy@a-rather-long-domain-name.example', 1003],
  ['dev@alice.example', 1001],
];

/** Sessions that are made up: of every kind, each with another progress. */
export function madeUp(count: number, now: number): FtpSession[] {
  return Array.from({ length: count }, (_, index): FtpSession => {
    const kind = (['download', 'upload', 'idle'] as const)[index % 3] ?? 'idle';
    const [user, ownerUid] = users[index % users.length] ?? ['alice', 1001];
    const seconds = Math.floor(now / 1000);
    const file = kind === 'idle' ? '' : (files[index % files.length] ?? '');
    const began = seconds - 40 - index * 7;
    const rate = 180_000 + ((index * 7919) % 17) * 91_000;
    const isMoving = kind !== 'idle';
    return ftpSession({
      pid: 6735 + index,
      startTime: String(190_000 + index),
      ownerUid,
      user,
      remoteAddress: index % 5 === 4 ? `2001:db8:85a3::8a2e:370:${index}` : `198.51.100.${index}`,
      remotePort: 40_000 + index,
      state: kind,
      file,
      path: file === '' ? '' : `/home/${user.split('@')[0]}/public_html/${file}`,
      protocol: index % 2 === 0 ? 'ftps' : null,
      bytesMoved: isMoving ? (seconds - began) * rate : null,
      bytesSkipped: isMoving ? 0 : null,
      bytesTotal: kind === 'download' ? (seconds - began) * rate + 40_000_000 + index * 1e6 : null,
      connectedAt: began - 60 - index * 431,
      transferStartedAt: isMoving ? began : null,
      lastTransferStartedAt: isMoving ? began : null,
      idleSince: isMoving ? null : began,
    });
  });
}

/** Sessions that were, of every end, and something that may be missing. */
export function pastSessions(count: number): HistoryAnswer {
  const ends = ['left', 'left', 'cut', 'ended', 'daemon-gone', 'unknown'] as const;
  const sessions = Array.from({ length: count }, (_, index) => {
    const [user, owner] = users[index % users.length] ?? ['alice', 1001];
    const end = ends[index % ends.length] ?? 'left';
    return pastSession(5100 + index, `1${index}:2${index}:00`, {
      user,
      owner,
      owner_name: user.split('@')[0] ?? null,
      end,
      ended_by: end === 'ended' ? 'rita' : null,
      address: `198.51.100.${index}`,
      transfers: index,
      bytes: index * 7_919_000,
    });
  });
  const missed = warn('history-gap', 'The session log was not written for two minutes.');
  return { kind: 'sessions', sessions, warnings: count === 0 ? [] : [missed] };
}
