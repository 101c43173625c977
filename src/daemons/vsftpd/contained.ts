import type { ContainedFiles, OpenFile, ProcessFacts } from '../../os/processes/process-table.ts';
import { localHost } from '../../sessions/identity.ts';
import type { FtpSession, GapCause } from '../../sessions/session.ts';
import type { ContainedProcess, Observation } from '../driver.ts';
import { vsftpd } from './description.ts';

const controlDescriptor = 0;

const none: Observation = { isConsistent: true, session: null, gaps: [] };

/**
 * A session of vsftpd in a container. It keeps no records, so ids tell: of what is below the process
 * that serves a connection, a session has another uid and the supplementary groups of its user. Its
 * user a title alone would tell, and how far a transfer is the position of the open file.
 */
export function observeContained(
  { process, parent }: ContainedProcess,
  files: ContainedFiles,
): Observation {
  if (parent === null || process.uid === parent.uid || process.hasGroups !== true) return none;
  const inherited = files.list(parent);
  const open = files.list(process);
  if (inherited === null || open === null) return { ...none, gaps: ['state-unknown'] };
  const serves = inherited.some(
    ({ fd, target }) => fd === controlDescriptor && target.startsWith('socket:'),
  );
  // The listener's own child may not have logged in (one_process_model).
  if (!serves) return { ...none, gaps: ['vsftpd-login-unknown'] };
  const transfer = transferAmong(open, inherited, process, files);
  if (transfer === 'unknown') return { ...none, gaps: ['state-unknown'] };
  const session = compose(process, parent, transfer, files);
  const gaps: GapCause[] = ['vsftpd-user-unknown'];
  if (session.remoteAddress === null) gaps.push('address-unknown');
  if (session.file === null) gaps.push('file-unknown');
  return { isConsistent: true, session, gaps };
}

interface ContainedTransfer {
  readonly file: OpenFile;
  readonly state: 'download' | 'upload';
  /** In bytes; that of an upload says nothing. */
  readonly sizeBytes: number | null;
}

/** The regular file that was opened last for reading or writing alone; none of the connection's own. */
function transferAmong(
  open: readonly OpenFile[],
  inherited: readonly OpenFile[],
  process: ProcessFacts,
  files: ContainedFiles,
): ContainedTransfer | null | 'unknown' {
  const isInherited = ({ fd, target }: OpenFile) =>
    inherited.some((each) => each.fd === fd && each.target === target);
  for (const file of open.toReversed()) {
    const { fd, target } = file;
    if (!target.startsWith('/') || target.startsWith('/dev/') || isInherited(file)) continue;
    const access = files.accessOf(process, fd);
    if (access === 'write') return { file, state: 'upload', sizeBytes: null };
    if (access !== 'read') continue;
    // A folder that is listed is open for reading too.
    const stat = files.statOf(process, fd);
    if (stat === null) return 'unknown';
    if (stat.isFile) return { file, state: 'download', sizeBytes: stat.sizeBytes };
  }
  return null;
}

function compose(
  process: ContainedProcess['process'],
  parent: ProcessFacts,
  transfer: ContainedTransfer | null,
  files: ContainedFiles,
): FtpSession {
  const connection = files.socketOf(parent, controlDescriptor);
  const name = transfer === null ? '' : nameOf(transfer.file, files.rootOf(process));
  return {
    host: localHost,
    pid: process.pid,
    startTime: process.startTime,
    daemon: vsftpd.name,
    title: process.title,
    ownerUid: process.uid,
    user: null,
    isUserProven: false,
    remoteAddress: connection?.remoteAddress ?? null,
    remotePort: connection?.remotePort ?? null,
    localPort: connection?.localPort ?? null,
    state: transfer?.state ?? 'idle',
    file: name,
    path: transfer === null ? '' : null,
    command: null,
    protocol: null,
    bytesMoved: null,
    bytesSkipped: null,
    bytesTotal: transfer?.sizeBytes ?? null,
    connectedAt: parent.startedAtMs === null ? null : Math.floor(parent.startedAtMs / 1000),
    transferStartedAt: null,
    lastTransferStartedAt: null,
    idleSince: null,
  };
}

function nameOf({ target }: OpenFile, root: string | null): string | null {
  // The kernel marks a removed file so, or the file has this in its name.
  if (target.endsWith(' (deleted)') || root === null) return null;
  return root !== '/' && target.startsWith(`${root}/`) ? target.slice(root.length) : target;
}
