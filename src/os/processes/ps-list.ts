import psList from 'ps-list';
import type { LeftAlone } from './left-alone.ts';
import { endOwnChildren } from './own-children.ts';
import {
  type EndSignal,
  type Process,
  type ProcessFacts,
  type ProcessIdentity,
  type ProcessListing,
  type ProcessTable,
  TableLateError,
  type Termination,
} from './process-table.ts';
import { createBootTime } from './procfs/boot-time.ts';
import { readFacts } from './procfs/facts.ts';
import { orNull } from './procfs/read-file.ts';
import { signal } from './procfs/terminate.ts';
import { createProcfsTable, othersAreHidden } from './procfs.ts';

type Descriptor = Awaited<ReturnType<typeof psList>>[number];

/** How long `ps` has to answer, in milliseconds; it takes some hundreds with thousands of processes. */
const timeoutMs = 5_000;

/**
 * The process table as `ps` lists it, through the package ps-list. Where there is a /proc (`procRoot`)
 * it lists the pids, and all else is read from there: a path that ps-list gives can be text of the
 * process' own command line, which proves nothing, and what `ps` tells of a title is as old as the
 * listing takes, seconds on a busy machine, in which a session goes on to its next file. Without
 * /proc (procRoot null) its text is all there is, and executables stay unknown.
 *
 * `ps` reads the command line of every process, so any user of the host can make it wait for ever.
 * All that can be done is to give up: it is ended, and the listing fails with a `TableLateError`, as
 * will the next ones until that process is gone. The table of procfs.ts has no such weakness.
 */
export function createPsListTable(
  procRoot: string | null,
  leftAlone: Pick<LeftAlone, 'has'> = { has: () => false },
): ProcessTable {
  if (procRoot === null) return createTableWithoutProc();
  const bootTime = createBootTime(procRoot);
  return {
    ...createProcfsTable(procRoot, leftAlone),
    list: () => listInProc(procRoot, bootTime(), leftAlone),
    contained: null,
    kept: null,
  };
}

function createTableWithoutProc(): ProcessTable {
  /** The titles that came with the facts. */
  const titlesOf = new WeakMap<ProcessFacts, string>();
  return {
    list: () => listByTitle(titlesOf),
    residenceOf: () => 'unknown',
    read: (facts, interest) => {
      const title = titlesOf.get(facts);
      if (title === undefined || interest?.(title) === false) return null;
      return { ...facts, title, executable: null };
    },
    uidOf: () => null,
    titles: titlesByPs,
    living: livingByPs,
    terminate: async (process, name = 'SIGTERM') => terminateByPs(process, name),
    files: null,
    contained: null,
    kept: null,
  };
}

/** How many listings have not ended though they were given up. */
let hanging = 0;

/** Rejects with a TableLateError, at once while an earlier listing hangs. */
async function listByPs(): Promise<Descriptor[]> {
  const late = `ps has not listed the processes within ${timeoutMs / 1000} s`;
  if (hanging > 0) throw new TableLateError(late);
  const asked = psList();
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      giveUp(asked);
      reject(new TableLateError(late));
    }, timeoutMs);
  });
  return Promise.race([asked, timeout]).finally(() => clearTimeout(timer));
}

/** Ends the `ps` of a listing; again and again, since ps-list then tries it in another way. */
function giveUp(asked: Promise<unknown>): void {
  hanging += 1;
  endOwnChildren('ps');
  const again = setInterval(() => endOwnChildren('ps'), 100).unref();
  const forget = () => {
    hanging -= 1;
    clearInterval(again);
  };
  asked.then(forget, forget);
}

async function listInProc(
  procRoot: string,
  bootTimeMs: number,
  leftAlone: Pick<LeftAlone, 'has'>,
): Promise<ProcessListing> {
  const byPid = new Map<number, ProcessFacts | null>();
  // A pid can be another process' since `ps` has listed it, whose parent has come after that.
  const read = (pid: number): void => {
    if (pid === 0 || byPid.has(pid)) return;
    const facts = leftAlone.has(pid) ? null : orNull(() => readFacts(procRoot, pid, bootTimeMs));
    byPid.set(pid, facts);
    if (facts !== null) read(facts.parentPid);
  };
  for (const { pid } of await listByPs()) read(pid);
  const processes = [...byPid.values()].filter((facts) => facts !== null);
  return { processes, othersAreHidden: othersAreHidden(procRoot) };
}

async function listByTitle(titlesOf: WeakMap<ProcessFacts, string>): Promise<ProcessListing> {
  const processes: ProcessFacts[] = [];
  for (const descriptor of await listByPs()) {
    const facts = fromPs(descriptor);
    if (facts === null) continue;
    titlesOf.set(facts, titleOf(descriptor));
    processes.push(facts);
  }
  return { processes, othersAreHidden: false };
}

/** A second listing tells: its rows are compared with what the first one saw. */
async function titlesByPs(processes: readonly Process[]): Promise<Map<number, string>> {
  const now = new Map((await listByPs()).map((descriptor) => [descriptor.pid, descriptor]));
  const found = new Map<number, string>();
  for (const { pid, startTime } of processes) {
    const descriptor = now.get(pid);
    if (descriptor === undefined || hasEnded(descriptor)) continue;
    if (fromPs(descriptor)?.startTime === startTime) found.set(pid, titleOf(descriptor));
  }
  return found;
}

async function livingByPs(processes: readonly ProcessIdentity[]): Promise<Set<number>> {
  const now = new Map((await listByPs()).map((descriptor) => [descriptor.pid, descriptor]));
  const isThere = ({ pid, startTime }: ProcessIdentity) => {
    const descriptor = now.get(pid);
    if (descriptor === undefined || hasEnded(descriptor)) return false;
    return fromPs(descriptor)?.startTime === startTime;
  };
  return new Set(processes.filter(isThere).map(({ pid }) => pid));
}

/**
 * `ps` takes its time, so the moment between the check and the signal is longer than with /proc: some
 * hundredths of a second in which the pid would have to end and to come round again.
 */
async function terminateByPs(process: Process, name: EndSignal): Promise<Termination> {
  const found = (await listByPs()).find(({ pid }) => pid === process.pid);
  if (found === undefined || hasEnded(found)) return 'gone';
  const now = fromPs(found);
  if (now?.startTime !== process.startTime || now.uid !== process.uid) return 'gone';
  return signal(process.pid, name);
}

/**
 * How `ps` shows a process that has ended and has no command line any more. ps-list runs it twice at
 * once: the command line is empty when the process was there for one of them only.
 */
function hasEnded({ cmd = '' }: Descriptor): boolean {
  return cmd === '' || cmd.endsWith('<defunct>');
}

/** `ps` shows each NUL as a space, so a title ends where two follow each other. */
function titleOf({ cmd }: Descriptor): string {
  return (cmd ?? '').split('  ', 1)[0] ?? '';
}

function fromPs({ pid, ppid, uid, name, startTime }: Descriptor): ProcessFacts | null {
  if (uid === undefined || startTime === undefined) return null;
  return {
    pid,
    parentPid: ppid,
    startTime: String(startTime.getTime()),
    startedAtMs: startTime.getTime(),
    name,
    uid,
    realUid: null,
    isWhollyRoot: null,
    executablePath: null,
  };
}
