import { hasManyDevices, isLocalFileSystem } from '../os/processes/local-file-systems.ts';
import type { DescriptorInfo, ProcessFacts, ProcessFiles } from '../os/processes/process-table.ts';

/** A file that a process holds open, and what is known of it without a look. */
export interface HeldFile {
  readonly fd: number;
  readonly inode: string | null;
  /** Of the file system that it is on, "MAJOR:MINOR"; null where that cannot be told. */
  readonly device: string | null;
  /** False where stat(2) may tell another device of a file than the list of mounts does. */
  readonly isDeviceCertain: boolean;
  /** True when the file can be opened through the descriptor: it lies where nothing waits. */
  readonly isLocal: boolean;
}

/** Puts together what the kernel knows of a descriptor, by `info` and the list of mounts. */
export function heldFile(
  process: ProcessFacts,
  fd: number,
  { mountId, inode }: DescriptorInfo,
  files: ProcessFiles,
): HeldFile {
  const mount = mountId === null ? null : files.mountOf(process, mountId);
  return {
    fd,
    inode,
    device: mount?.device ?? null,
    isDeviceCertain: mount !== null && !hasManyDevices(mount.type),
    isLocal: mount !== null && isLocalFileSystem(mount.type),
  };
}

/**
 * True when a file that a process holds is the very one that stat(2) has told of; null when that
 * cannot be told. An inode's number says nothing without its device: on a file system of an own a
 * user chooses it, and on one in memory a user makes files until one has it.
 */
export function isSameFile(
  held: HeldFile,
  known: { readonly inode: string; readonly device: string },
): boolean | null {
  if (held.inode === null || held.device === null) return null;
  if (held.inode !== known.inode) return held.isDeviceCertain ? false : null;
  return held.device === known.device || (held.isDeviceCertain ? false : null);
}
