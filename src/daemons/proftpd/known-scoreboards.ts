import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { formatDevice } from '../../os/processes/device.ts';
import { type HeldFile, isSameFile } from '../held-file.ts';
import { type ReadAt, readSlots, type Slot } from './scoreboard-file.ts';

/** A scoreboard that is root's alone, by a descriptor of this process. */
export interface KnownScoreboard {
  /** Where it was found; the file may have been removed there since. */
  readonly path: string;
  /** The number of the file's inode, in decimal. */
  readonly inode: string;
  /** The device of the file, "MAJOR:MINOR". */
  readonly device: string;
  readonly read: ReadAt;
  /** The entries by pid; read again only after the file has changed. Null for another layout. */
  slots(): ReadonlyMap<number, Slot> | null;
  close(): void;
}

/**
 * How coarse a file's time of change may be: a write within so many milliseconds of the last one need
 * not show in it. The kernel's clock for this ticks every 1 to 10 ms.
 */
const clockTickMs = 20;

// Neither a link nor a pipe is followed or waited for: the daemon makes regular files only.
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Opens a scoreboard; null where there is none, and for a file that others than root may write. */
function openScoreboard(path: string): KnownScoreboard | null {
  let fd: number | undefined;
  try {
    fd = openSync(path, flags);
    const file = fstatSync(fd, { bigint: true });
    if (!file.isFile() || file.uid !== 0n || (file.mode & 0o022n) !== 0n) return null;
    const opened = scoreboardOf(path, fd, String(file.ino), formatDevice(file.dev));
    fd = undefined;
    return opened;
  } catch {
    return null;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function scoreboardOf(path: string, fd: number, inode: string, device: string): KnownScoreboard {
  const read: ReadAt = (into, position, length) => readSync(fd, into, 0, length, position);
  let version = '';
  let slots: ReadonlyMap<number, Slot> | null = null;
  return {
    path,
    inode,
    device,
    read,
    slots: () => {
      const { size, mtimeMs } = fstatSync(fd);
      const now = `${size} ${mtimeMs}`;
      if (now === version) return slots;
      slots = readSlots(read);
      version = Date.now() - mtimeMs > clockTickMs ? now : '';
      return slots;
    },
    close: () => closeSync(fd),
  };
}

/** The scoreboards that are known by their paths. */
export interface KnownScoreboards {
  /** Those that are there, and those that were before. */
  all(): readonly KnownScoreboard[];
  /** Makes a path known where a session has its scoreboard, if that very file is to be found there. */
  learn(path: string, held: HeldFile): void;
}

/** Of those that another has taken the place of, as when a master was killed and begun again. */
const maxFormer = 4;
const maxLearned = 16;

/** Opens a scoreboard when another file is at its path; sessions of the former one may go on. */
export function createKnownScoreboards(paths: readonly string[]): KnownScoreboards {
  const current = new Map<string, KnownScoreboard | null>(paths.map((path) => [path, null]));
  const former: KnownScoreboard[] = [];
  const refresh = (path: string, before: KnownScoreboard | null): void => {
    const now = identityOf(path);
    if (now === null || now === (before && identityText(before))) return;
    const opened = openScoreboard(path);
    if (opened === null) return;
    if (before !== null) former.push(before);
    if (former.length > maxFormer) former.shift()?.close();
    current.set(path, opened);
  };
  return {
    all: () => {
      for (const [path, before] of current) refresh(path, before);
      return [...current.values(), ...former].filter((each) => each !== null);
    },
    learn: (path, held) => {
      if (current.has(path) || current.size >= paths.length + maxLearned) return;
      // At once: by the next scan another file may be there. In a mount namespace of the session's own
      // the path may be another file's here.
      const opened = openScoreboard(path);
      if (opened !== null && isSameFile(held, opened) === true) current.set(path, opened);
      else opened?.close();
    },
  };
}

function identityText({ device, inode }: KnownScoreboard): string {
  return `${device} ${inode}`;
}

function identityOf(path: string): string | null {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${formatDevice(dev)} ${ino}`;
  } catch {
    return null;
  }
}
