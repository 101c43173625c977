import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync } from 'node:fs';
import { parseCgroup } from '../../containers/cgroup.ts';
import type { LeftAlone } from '../left-alone.ts';
import { isLocalFileSystem } from '../local-file-systems.ts';
import type {
  ContainedFiles,
  ContainedTable,
  DescriptorInfo,
  Mount,
  OpenFile,
  ProcessFacts,
  ReadBudget,
  TcpSocket,
} from '../process-table.ts';
import { createBootTime } from './boot-time.ts';
import { readFacts } from './facts.ts';
import { listFiles, matchSockets, maxListed, O_PATH, parseFdinfo, readConnections } from './fd.ts';
import { detectIdleness } from './idle-detector.ts';
import { readDescriptor } from './kept-file.ts';
import { parsePids } from './kept-process.ts';
import { parseMountinfo } from './mountinfo.ts';
import { readingFlags } from './opened-file.ts';
import { orNull, readProcFile } from './read-file.ts';
import { parseNamespacePids } from './status.ts';

/*
 * Processes of containers, whose root may be anybody. The table of reads in procfs.ts holds for them
 * as for those that nothing proves, and more strictly: neither cmdline nor fdinfo is read of them, and
 * nothing is asked of a file before this process holds it by a descriptor that opens nothing
 * (O_PATH), so that what was looked at and what is read are one file whatever its holder does
 * meanwhile. A file is opened only on a file system that cannot wait for somebody: one in memory, or
 * one that is mounted here too. In a user namespace of its own root can mount an overlay over a file
 * system that is its own program, which is not mounted here.
 */

/** File systems that wait for nobody, whoever has mounted them. */
const inMemory = new Set(['tmpfs', 'ramfs']);

/** Some 1,500 mounts; what lies on others is not opened. */
const maxMountinfoBytes = 256 * 1024;
/** Some 7,000 connections of a network namespace. */
const maxNetTcpBytes = 1024 * 1024;
const maxChildrenBytes = 64 * 1024;
/** A longer file is no record. */
const maxRecordBytes = 4 * 1024 * 1024;

/** The processes of containers in the /proc below `root`. */
export function createContainedTable(
  root: string,
  leftAlone: Pick<LeftAlone, 'has'>,
): ContainedTable {
  const bootTime = createBootTime(root);
  return {
    facts: (pid) => (leftAlone.has(pid) ? null : orNull(() => readFacts(root, pid, bootTime()))),
    watch: (pid) => detectIdleness(root, pid),
    cgroupOf: (pid) =>
      orNull(() => {
        const text = readProcFile(`${root}/${pid}/cgroup`);
        return text === null ? null : parseCgroup(text.toString('utf8'));
      }),
    ownPidOf: (pid) =>
      orNull(() => {
        const text = readProcFile(`${root}/${pid}/status`);
        return (text && parseNamespacePids(text.toString('latin1'))?.at(-1)) ?? null;
      }),
    childrenOf: (pid) =>
      orNull(() => {
        const text = readProcFile(`${root}/${pid}/task/${pid}/children`, maxChildrenBytes);
        return text === null ? null : parsePids(text.toString('latin1'));
      }) ?? [],
    open: (top, budget) => new ReadFiles(root, top, budget),
  };
}

/** What one scan reads of a daemon's files: within bounds that its processes cannot choose. */
class ReadFiles implements ContainedFiles {
  readonly #root: string;
  readonly #top: number;
  readonly #networks = new Map<string, ReturnType<typeof readConnections>>();
  readonly #budget: ReadBudget;
  #mounts: ((id: number) => boolean) | null = null;

  constructor(root: string, { pid }: ProcessFacts, budget: ReadBudget) {
    this.#root = root;
    this.#top = pid;
    this.#budget = budget;
  }

  get isExhausted(): boolean {
    return this.#budget.descriptors <= 0;
  }

  list({ pid }: ProcessFacts): readonly OpenFile[] | null {
    return orNull(() => {
      if (this.isExhausted) return null;
      const open = listFiles(`${this.#root}/${pid}/fd`);
      // Not told where there are too many, which took as long.
      this.#budget.descriptors -= open?.length ?? maxListed;
      return open;
    });
  }

  /** The permissions of a link in /proc/PID/fd are those of the descriptor (proc(5)). */
  accessOf({ pid }: ProcessFacts, fd: number): DescriptorInfo['access'] | null {
    const mode = orNull(() => lstatSync(`${this.#root}/${pid}/fd/${fd}`).mode) ?? 0;
    const [reads, writes] = [(mode & 0o400) !== 0, (mode & 0o200) !== 0];
    if (reads && writes) return 'read-write';
    if (reads) return 'read';
    return writes ? 'write' : null;
  }

  statOf({ pid }: ProcessFacts, fd: number): { isFile: boolean; sizeBytes: number } | null {
    return this.#withPinned(pid, fd, (pinned) => {
      const file = fstatSync(pinned);
      return { isFile: file.isFile(), sizeBytes: file.size };
    });
  }

  withFile<T>(
    { pid }: ProcessFacts,
    fd: number,
    use: (read: (into: Buffer, position: number, length: number) => number, identity: string) => T,
  ): T | null {
    return this.#withPinned(pid, fd, (pinned) => {
      const { dev, ino, size, ...file } = fstatSync(pinned);
      if (!isRegular(file.mode) || size > maxRecordBytes) return null;
      const opened = openSync(`/proc/self/fd/${pinned}`, readingFlags | constants.O_NOCTTY);
      try {
        return use((into, position, length) => {
          const left = Math.min(length, maxRecordBytes - position);
          return left <= 0 ? 0 : readDescriptor(opened, into, position, left);
        }, `${dev} ${ino}`);
      } finally {
        closeSync(opened);
      }
    });
  }

  /** Holds the file behind a descriptor without opening it; null where asking it may wait. */
  #withPinned<T>(pid: number, fd: number, use: (pinned: number) => T | null): T | null {
    let pinned: number | undefined;
    try {
      pinned = openSync(`${this.#root}/${pid}/fd/${fd}`, O_PATH);
      const text = readProcFile(`/proc/self/fdinfo/${pinned}`)?.toString('latin1') ?? '';
      const mountId = parseFdinfo(text)?.mountId ?? null;
      this.#mounts ??= this.#readMounts();
      return mountId !== null && this.#mounts(mountId) ? use(pinned) : null;
    } catch {
      // Gone, closed, or of a kind that cannot be opened.
      return null;
    } finally {
      if (pinned !== undefined) closeSync(pinned);
    }
  }

  #readMounts(): (id: number) => boolean {
    const [own, theirs] = [this.#mountsOf('self'), this.#mountsOf(this.#top)];
    const here = new Set(
      [...own.values()].filter(({ type }) => isLocalFileSystem(type)).map(({ device }) => device),
    );
    return (id) => {
      const mount = own.get(id) ?? theirs.get(id);
      if (mount === undefined || !isLocalFileSystem(mount.type)) return false;
      return inMemory.has(mount.type) || here.has(mount.device);
    };
  }

  #mountsOf(view: number | 'self'): ReadonlyMap<number, Mount> {
    const limit = view === 'self' ? 8 * maxMountinfoBytes : maxMountinfoBytes;
    const bytes = orNull(() => readProcFile(`${this.#root}/${view}/mountinfo`, limit));
    return parseMountinfo(bytes?.toString('latin1') ?? '');
  }

  socketOf({ pid }: ProcessFacts, fd: number): TcpSocket | null {
    return orNull(() => {
      const target = readlinkSync(`${this.#root}/${pid}/fd/${fd}`);
      if (!target.startsWith('socket:')) return null;
      const network = readlinkSync(`${this.#root}/${pid}/ns/net`);
      let known = this.#networks.get(network);
      if (known === undefined) {
        if (this.#budget.networks <= 0) return null;
        this.#budget.networks -= 1;
        known = readConnections(`${this.#root}/${pid}/net`, maxNetTcpBytes);
        this.#networks.set(network, known);
      }
      return matchSockets([{ fd, target }], known)[0] ?? null;
    });
  }

  rootOf({ pid }: ProcessFacts): string | null {
    return orNull(() => readlinkSync(`${this.#root}/${pid}/root`));
  }
}

function isRegular(mode: number): boolean {
  return (mode & constants.S_IFMT) === constants.S_IFREG;
}
