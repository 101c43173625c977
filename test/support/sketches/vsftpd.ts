import type { DaemonDriver, Role } from '../../../src/daemons/driver.ts';
import { noRecords } from '../../../src/daemons/no-records.ts';
import type { ProcessFiles, TcpSocket } from '../../../src/os/processes/process-table.ts';
import { localHost } from '../../../src/sessions/identity.ts';

/*
 * A SKETCH of vsftpd's driver (docs/adding-a-daemon.md): it compiles, and shows what the interface has
 * to carry. It is in no list.
 */

function roleOf(title: string): Role | null {
  if (title === 'vsftpd: LISTENER') return 'master';
  if (/^vsftpd: [\d.:a-f]+: connected$/.test(title)) return 'connection';
  if (/^vsftpd: [\d.:a-f]+: (?:not logged in|SSL handler)$/.test(title)) return 'helper';
  return /^vsftpd: [\d.:a-f]+\//.test(title) ? 'session' : null;
}

/** The session's own network namespace is empty: its peer shows at the process above it. */
function controlConnection(
  parent: Parameters<ProcessFiles['tcpSockets']>[0] | null,
  files: ProcessFiles | null,
): TcpSocket | null {
  const sockets = parent === null ? null : (files?.tcpSockets(parent) ?? null);
  return sockets?.find(({ listening }) => !listening) ?? null;
}

export const vsftpdSketch: DaemonDriver<null> = {
  description: {
    name: 'vsftpd',
    // Typed clients of get_ftp_daemon_info know no such name.
    info: { name: '', supports: { login_without_domain: 1, quota: 0 } },
    settings: [],
    gaps: { 'vsftpd-titles-off': (count) => `vsftpd sets no titles of ${count} sessions.` },
  },
  // SIGTERM to a session does nothing, and to the process above it leaves a transfer running.
  endSignal: 'SIGINT',
  masterIds: 'all-root',
  // A session is the child of what serves its connection, which is the master's.
  generations: 2,
  looksLike: ({ executablePath, name }) => /(?:^|\/)vsftpd$/.test(executablePath ?? name),
  roleOf,
  setsTitles: (masterTitle) => masterTitle === 'vsftpd: LISTENER',
  // Root or nobody, as the process above it, until somebody has logged in.
  mayPrecedeLogin: ({ process, parent }) => process.uid === 0 || process.uid === parent?.uid,
  loginOf: () => 'before',
  // It keeps none: nothing but a master proves a session.
  openRecords: () => noRecords,
  observe: ({ process, parent }, _record, files) => {
    const connection = controlConnection(parent, files);
    const user = /^vsftpd: [^/]+\/(.*): /.exec(process.title)?.[1] ?? null;
    return {
      isConsistent: true,
      session: {
        host: localHost,
        pid: process.pid,
        startTime: process.startTime,
        daemon: 'vsftpd',
        title: process.title,
        ownerUid: process.uid,
        user,
        // By a title of its own.
        isUserProven: false,
        remoteAddress: connection?.remoteAddress ?? null,
        remotePort: connection?.remotePort ?? null,
        localPort: connection?.localPort ?? null,
        state: 'idle',
        file: '',
        path: '',
        protocol: null,
        bytesMoved: null,
        bytesSkipped: null,
        bytesTotal: null,
        connectedAt: null,
        transferStartedAt: null,
        lastTransferStartedAt: null,
        idleSince: null,
      },
      gaps: connection === null ? ['address-unknown'] : [],
    };
  },
  follow: () => null,
};
