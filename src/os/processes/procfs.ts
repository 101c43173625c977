import { opendirSync, readdirSync, readlinkSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { LeftAlone } from './left-alone.ts';
import type {
  Process,
  ProcessFacts,
  ProcessIdentity,
  ProcessListing,
  ProcessTable,
} from './process-table.ts';
import { createBootTime } from './procfs/boot-time.ts';
import { parseArgumentsLeft, parseCmdline, readCmdline } from './procfs/cmdline.ts';
import { createContainedTable } from './procfs/contained.ts';
import { readExecutable } from './procfs/exe.ts';
import { isLiving, readCredentials, readFacts, readGlance } from './procfs/facts.ts';
import { createProcfsFiles, isInputSocket } from './procfs/fd.ts';
import { keepFile } from './procfs/kept-file.ts';
import { keepChildren, keepProcess } from './procfs/kept-process.ts';
import { readingFlags } from './procfs/opened-file.ts';
import { isDenied, orNull, readProcFile } from './procfs/read-file.ts';
import { createResidence } from './procfs/residence.ts';
import { terminate } from './procfs/terminate.ts';

/*
 * Every read of /proc, and what it can wait for. A user may hold the lock of a process' memory map
 * for ever (mmap(2) of a file of a FUSE file system of the user's own), and what a path leads to may
 * lie on storage that does not answer. So what waits is read of processes only that no ordinary user
 * can bring in; src/collector/proof.ts decides that, for every kind of scan.
 *
 * What a read costs must not be the process' to choose either, or thousands of cheap ones do what a
 * single one that waits does; so each has a bound, and what goes beyond it is not proven.
 *
 * | read | waits for | of | bounded by |
 * |---|---|---|---|
 * | PID/stat, PID/status, PID/schedstat, task/PID/children | nobody: counters and credentials under spin locks | all | 64 KiB of the text. The kernel makes all of it: stat adds up threads (RLIMIT_NPROC); status has all groups, 65,536 at most; children only of masters and of what serves a connection for one, as long as the daemon's limit of clients allows |
 * | /proc/PID, its owner (stat) | nobody: the inode is /proc's own | all | its size |
 * | PID/exe, PID/fd/N, the texts (readlink) | nobody: names in the kernel's memory, no file system is asked | exe: all; fd: sessions, masters, and processes whose pid has a record; fd/0: proven processes | a page; of fd as many as are listed |
 * | PID/fd, the list | nobody | as above | 1,000 entries: then nothing is told of any. The kernel passes over free descriptors without a word, up to fs.nr_open |
 * | PID/ns/user, ns/pid, ns/net, the texts | nobody | root's, and those that look like an FTP daemon | their size |
 * | PID/fdinfo/N | the driver of the open file: of an epoll(7) descriptor for the poll of each file that it watches, FUSE files too | descriptors whose link is a path, so a file or folder; of processes that are not proven only those whose link is the path of its record | 8 of those that are named like the record, others only of sessions; 64 KiB each |
 * | PID/net/tcp, tcp6 | nobody: the tables of sockets, bucket by bucket | masters, sessions whose record does not tell all of their connection, and what serves one for a master; for who asks for transfers this server and each session | once a look for each network namespace; 16 MiB |
 * | PID/root (stat through it) | the file system of the root directory | processes of real uid 0 in this server's user and PID namespace | its size |
 * | PID/exe (stat through it) | the file system of the program | proven processes | its size |
 * | PID/fd/N (open through it) | the file system of the open file | the own record of sessions, and of what holds one: read-write, on a file system that the kernel serves by itself | the longest record |
 * | PID/fd/N (O_PATH, then fstat) | the file system of the open file | the file in transfer of sessions, on a file system that the kernel serves by itself, which the descriptor's own fdinfo tells | its size |
 * | PID/root, the text | nobody | sessions, and what is above one that no master vouches for | a page |
 * | PID/cwd, the text | nobody: as PID/root, under a spin lock of the process' own | sessions, where it is asked for | a page |
 * | PID/mountinfo | nobody: what the kernel keeps of mounts | this server; what holds a file that is named like its record, and its parent, in this server's user namespace only: in others a user mounts what he likes | 2 MiB, once in 100 ms for each; users have a part in it by FUSE (mount_max of fuse.conf) |
 * | PID/cmdline | the lock of the process' memory map, and storage that its pages lie on | proven processes | 4 KiB |
 * | PID/cgroup | nobody: no process holds the lock of the cgroups while it waits for another | what looks like an FTP daemon in a container, and what is below it | 64 KiB |
 * | of a container that the configuration names: PID/fd, PID/fd/N (O_PATH, then open and fstat), mountinfo, net | as told in procfs/contained.ts, which reads no cmdline, no fdinfo and no file that may wait | an FTP daemon there and what is below it | told there, for each daemon and scan |
 * | /proc/uptime, /proc/loadavg, /proc/1/stat, self, self/* | nobody | | 64 KiB; nothing of a user's |
 *
 * Not read but of this server’s own processes: environ, maps, smaps, map_files, mem, auxv (the same lock as cmdline); io,
 * syscall, stack (the lock that execve(2) holds while it waits for that one).
 *
 * Opening any of these waits for nobody, so a file may be opened first and proven afterwards.
 */

/**
 * The process table of Linux, read from a /proc file system mounted at `root`. Processes that are left
 * alone are as if they were not there.
 */
export function createProcfsTable(
  root = '/proc',
  leftAlone: Pick<LeftAlone, 'has'> = { has: () => false },
): ProcessTable {
  const bootTime = createBootTime(root);
  return {
    list: async () => list(root, bootTime(), leftAlone),
    residenceOf: createResidence(root),
    read: (process, interest) =>
      leftAlone.has(process.pid) ? null : orNull(() => readWhole(root, process, interest)),
    uidOf: (process) => readCredentials(root, process)?.effectiveUid ?? null,
    titles: async (processes) =>
      titles(
        root,
        processes.filter(({ pid }) => !leftAlone.has(pid)),
      ),
    living: async (processes) => living(root, processes),
    terminate: async (process, signal) => terminate(root, process, signal),
    files: createProcfsFiles(root),
    contained: createContainedTable(root, leftAlone),
    kept: {
      facts: (pid) => (leftAlone.has(pid) ? null : orNull(() => readFacts(root, pid, bootTime()))),
      pids: () => pidsAmong(readdirSync(root)),
      lastPid: () => readLastPid(root),
      pidsBeside: async () => pidsAmong(await namesBeside(root)),
      glance: (pid) => readGlance(root, pid),
      keep: (pid) => (leftAlone.has(pid) ? null : keepProcess(root, pid)),
      keepChildren: (pid) => keepChildren(root, pid),
      keepOpenFile: (pid, fd) => keepFile(`${root}/${pid}/fd/${fd}`, readingFlags),
    },
  };
}

/**
 * The last field of loadavg (proc(5)) is of the PID namespace of whoever reads it, the pids are of the
 * one that this /proc shows: they are one where this process has its own pid there.
 */
function readLastPid(root: string): number | null {
  return orNull(() => {
    if (readlinkSync(`${root}/self`) !== String(process.pid)) return null;
    const text = readProcFile(`${root}/loadavg`)?.toString('latin1') ?? '';
    const pid = / (\d{1,10})\n$/.exec(text)?.[1];
    return pid === undefined ? null : Number(pid);
  });
}

/** So many names are read before other work has its turn. */
const namesAtATime = 64;

/** Not in libuv's threads: they would be begun for this alone, in the process that has the rights. */
async function namesBeside(root: string): Promise<string[]> {
  const names: string[] = [];
  const directory = opendirSync(root, { bufferSize: namesAtATime });
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      names.push(entry.name);
      if (names.length % namesAtATime === 0) await setImmediate();
    }
  } finally {
    directory.closeSync();
  }
  return names;
}

function pidsAmong(names: readonly string[]): number[] {
  return names.filter((name) => /^[1-9]\d*$/.test(name)).map(Number);
}

function list(root: string, bootTimeMs: number, leftAlone: Pick<LeftAlone, 'has'>): ProcessListing {
  const processes: ProcessFacts[] = [];
  for (const pid of pidsAmong(readdirSync(root))) {
    if (leftAlone.has(pid)) continue;
    // With hidepid=1 a process is listed and its files are refused; `othersAreHidden` tells of it.
    const facts = orNull(() => readFacts(root, pid, bootTimeMs));
    if (facts !== null) processes.push(facts);
  }
  return { processes, othersAreHidden: othersAreHidden(root) };
}

/** Property by property: V8 gives each object that is spread from another a hidden class of its own. */
function readWhole(
  root: string,
  facts: ProcessFacts,
  interest?: (title: string) => boolean,
): Process | null {
  const bytes = readCmdline(root, facts);
  if (bytes === null) return null;
  const title = parseCmdline(bytes);
  if (interest?.(title) === false) return null;
  const executable = readExecutable(`${root}/${facts.pid}/exe`);
  // It could be read a moment ago: the process has ended.
  if (executable === null && facts.executablePath !== null) return null;
  return {
    pid: facts.pid,
    parentPid: facts.parentPid,
    startTime: facts.startTime,
    startedAtMs: facts.startedAtMs,
    name: facts.name,
    uid: facts.uid,
    realUid: facts.realUid,
    isWhollyRoot: facts.isWhollyRoot,
    hasGroups: facts.hasGroups,
    executablePath: facts.executablePath,
    title,
    argumentsLeft: parseArgumentsLeft(bytes),
    isInputSocket: isInputSocket(root, facts.pid),
    executable,
  };
}

function titles(root: string, processes: readonly Process[]): Map<number, string> {
  const found = new Map<number, string>();
  for (const process of processes) {
    const bytes = orNull(() => readCmdline(root, process));
    // What has ended has not even the end mark of an empty title.
    if (bytes !== null && bytes.length > 0) found.set(process.pid, parseCmdline(bytes));
  }
  return found;
}

function living(root: string, processes: readonly ProcessIdentity[]): Set<number> {
  return new Set(processes.filter((process) => isLiving(root, process)).map(({ pid }) => pid));
}

/**
 * hidepid (proc(5)) takes away other users' processes or what they hold. Process 1 is always there
 * and root's, so a process that cannot read its stat does not see everything.
 */
export function othersAreHidden(root: string): boolean {
  try {
    return readProcFile(`${root}/1/stat`) === null;
  } catch (error) {
    if (isDenied(error)) return true;
    throw error;
  }
}
