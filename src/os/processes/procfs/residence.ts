import { readlinkSync, statSync } from 'node:fs';
import type { ProcessFacts, Residence } from '../process-table.ts';
import { orNull, readProcFile } from './read-file.ts';
import { parseNamespacePids } from './status.ts';

/** What residents have in common; root directories as device and inode. */
interface Place {
  readonly userNamespace: string;
  readonly pidNamespace: string;
  readonly roots: readonly string[];
}

/**
 * Tells of processes in the /proc below `root` whether they live where this server looks. Where that
 * is: in the namespaces of this server itself, so that one that runs in a container sees the
 * container's processes, with its root directory or that of the PID namespace's first process; or,
 * where `root` is the /proc of another PID namespace, in those of that namespace's first process.
 */
export function createResidence(root: string): (process: ProcessFacts) => Residence {
  let place: Place | null = null;
  return (process) => {
    place ??= orNull(() => readPlace(root));
    const known = place;
    if (known === null) return withoutLinks(root, process);
    return orNull(() => compare(root, process, known)) ?? withoutLinks(root, process);
  };
}

function readPlace(root: string): Place {
  const isOwn = showsOwnPids(root);
  const from = isOwn ? `${root}/self` : `${root}/1`;
  const userNamespace = readlinkSync(`${from}/ns/user`);
  const pidNamespace = readlinkSync(`${from}/ns/pid`);
  const roots = [identityOf(`${from}/root`)];
  const first = isOwn ? orNull(() => rootOfFirst(root, userNamespace, pidNamespace)) : null;
  return { userNamespace, pidNamespace, roots: first === null ? roots : [...roots, first] };
}

function rootOfFirst(root: string, userNamespace: string, pidNamespace: string): string | null {
  if (readlinkSync(`${root}/1/ns/user`) !== userNamespace) return null;
  if (readlinkSync(`${root}/1/ns/pid`) !== pidNamespace) return null;
  return identityOf(`${root}/1/root`);
}

/**
 * The texts of the links come first: root of a user namespace can have any root directory, one of
 * an own file system too, and what is asked of a directory its file system answers.
 */
function compare(root: string, { pid, realUid }: ProcessFacts, place: Place): Residence {
  if (readlinkSync(`${root}/${pid}/ns/user`) !== place.userNamespace) return 'other-user-namespace';
  if (readlinkSync(`${root}/${pid}/ns/pid`) !== place.pidNamespace) return 'other-container';
  // Others than root's are no masters, and may have been given a directory on storage that is dead.
  if (realUid !== 0) return 'here';
  return place.roots.includes(identityOf(`${root}/${pid}/root`)) ? 'here' : 'other-container';
}

function identityOf(directory: string): string {
  const { dev, ino } = statSync(directory, { bigint: true });
  return `${dev}:${ino}`;
}

/** Without the right to read the links, whether a process is in a PID namespace below that of /proc. */
function withoutLinks(root: string, { pid }: ProcessFacts): Residence {
  const pids = orNull(() => readNamespacePids(root, pid));
  return pids !== null && pids.length > 1 ? 'other-container' : 'unknown';
}

/**
 * True when the pids in this /proc are those that kill(2) knows. In a container that looks at its
 * host through another /proc they are not: there the same number is another process.
 */
export function showsOwnPids(root: string): boolean {
  const pids = orNull(() => readNamespacePids(root, 'self'));
  return pids?.length === 1 && pids[0] === process.pid;
}

function readNamespacePids(root: string, pid: number | 'self'): number[] | null {
  const status = readProcFile(`${root}/${pid}/status`);
  return status === null ? null : parseNamespacePids(status.toString('latin1'));
}
