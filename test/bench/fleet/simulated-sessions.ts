import type { FtpSession, Snapshot } from '../../../src/sessions/session.ts';
import { ftpSession } from '../../support/app.ts';

/** So many sessions has the host of that number: 5 to 20, 12.5 on average. */
export function rowsOf(host: number): number {
  return 5 + (host % 16);
}

/** All sessions of so many hosts. */
export function rowsOfAll(hosts: number): number {
  return Array.from({ length: hosts }, (_, host) => rowsOf(host)).reduce((sum, of) => sum + of, 0);
}

/** What a host's collector gives at each scan: the same sessions, as long as nothing changes. */
export function simulatedSnapshot(rows: number): () => Snapshot {
  const sessions = Array.from({ length: rows }, (_, index) => sessionOf(index));
  const daemons = [{ name: 'pure-ftpd', pid: 812, ports: [21] }];
  let scanNumber = 0;
  return () => {
    scanNumber += 1;
    return { begunAt: Date.now(), durationMs: 1, scanNumber, sessions, gaps: [], daemons };
  };
}

/** Every fifth downloads. */
function sessionOf(index: number): FtpSession {
  const ownerUid = 2_000 + (index % 7);
  const facts = {
    pid: 10_000 + index * 13,
    startTime: String(123_456_789 + index * 977),
    ownerUid,
    user: `user${ownerUid}`,
    remoteAddress: `198.51.100.${1 + (index % 250)}`,
    remotePort: 30_000 + index,
  };
  if (index % 5 > 0) return ftpSession(facts);
  const name = `backup-${index}.tar.gz`;
  return ftpSession({
    ...facts,
    title: `pure-ftpd (DOWNLOAD)`,
    state: 'download',
    file: name,
    path: `/home/user${ownerUid}/public_html/${name}`,
    protocol: 'ftps',
    bytesMoved: 1_234_567 * (index + 1),
    bytesSkipped: 0,
    bytesTotal: 99_999_999,
    transferStartedAt: 1_587_651_900,
    lastTransferStartedAt: 1_587_651_900,
    idleSince: null,
  });
}
