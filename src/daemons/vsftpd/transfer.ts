import { isLocalFileSystem } from '../../os/processes/local-file-systems.ts';
import type {
  DescriptorInfo,
  OpenFile,
  ProcessFacts,
  ProcessFiles,
} from '../../os/processes/process-table.ts';
import type { SessionState } from '../../sessions/session.ts';

/** The file that a session has open for a transfer. */
export interface OpenTransfer {
  readonly fd: number;
  /** The text of the descriptor's link. */
  readonly target: string;
  readonly info: DescriptorInfo;
  readonly state: Exclude<SessionState, 'idle'>;
}

/** A file in transfer by name; both are null where the kernel's word for it can be read in two ways. */
export interface TransferNames {
  /** As the session sees it, below its root directory. */
  readonly file: string | null;
  /** As this host sees it. */
  readonly path: string | null;
}

/**
 * The transfer of a session by its open files, "none", or null where these may not be read. A session
 * opens a regular file for a transfer alone: to read it, or to write it without O_APPEND, which its
 * logs have; a folder during a listing. No file is touched.
 */
export function readTransfer(
  process: ProcessFacts,
  files: ProcessFiles | null,
  isInherited: (file: OpenFile) => boolean,
): OpenTransfer | 'none' | null {
  const open = files?.list(process) ?? null;
  if (files === null || open === null) return null;
  // What it has opened last has the highest descriptor but for sockets.
  for (const { fd, target } of open.toReversed()) {
    if (!isOnDisk(target) || isInherited({ fd, target })) continue;
    const info = files.describe(process, fd);
    if (info === null || info.isDirectory || info.appends || info.access === 'read-write') continue;
    return { fd, target, info, state: info.access === 'read' ? 'download' : 'upload' };
  }
  return 'none';
}

/** True when two readings found the same file under the same descriptor. */
export function isSameTransfer(
  one: OpenTransfer | 'none' | null,
  other: OpenTransfer | 'none' | null,
): boolean {
  if (typeof one !== 'object' || typeof other !== 'object') return one === other;
  return (
    one?.fd === other?.fd && one?.target === other?.target && one?.info.inode === other?.info.inode
  );
}

function isOnDisk(target: string): boolean {
  return target.startsWith('/') && !target.startsWith('/dev/');
}

/**
 * Tells what a session has got from what has begun it, and so has not opened for a transfer. That is
 * the same all its life, and asked for at most once.
 */
export function inheritedFrom(
  parent: ProcessFacts | null,
  files: ProcessFiles | null,
): (file: OpenFile) => boolean {
  let inherited: readonly OpenFile[] | null = null;
  return ({ fd, target }) => {
    if (parent === null) return false;
    inherited ??= files?.list(parent) ?? [];
    return inherited.some((each) => each.fd === fd && each.target === target);
  };
}

export function namesOf(
  { target }: OpenTransfer,
  process: ProcessFacts,
  files: ProcessFiles,
): TransferNames {
  // The kernel marks a removed file so, or the file has this in its name.
  if (target.endsWith(' (deleted)')) return { file: null, path: null };
  const root = files.rootOf(process);
  if (root === null) return { file: null, path: target };
  const isInside = root !== '/' && target.startsWith(`${root}/`);
  return { file: isInside ? target.slice(root.length) : target, path: target };
}

/** The size of a download's file in bytes; null where its file system may not answer. */
export function sizeOf(
  { fd, info, state }: OpenTransfer,
  process: ProcessFacts,
  files: ProcessFiles,
): number | null {
  if (state !== 'download' || info.mountId === null) return null;
  const mount = files.mountOf(process, info.mountId);
  return mount !== null && isLocalFileSystem(mount.type) ? files.sizeOf(process, fd) : null;
}
