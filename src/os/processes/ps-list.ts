import psList from 'ps-list';
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
import { parseArgumentsLeft, readCmdline } from './procfs/cmdline.ts';
import { readExecutable } from './procfs/exe.ts';
import { isLiving, readCredentials, readFacts } from './procfs/facts.ts';
import { createProcfsFiles, isInputSocket } from './procfs/fd.ts';
import { orNull } from './procfs/read-file.ts';
import { createResidence } from './procfs/residence.ts';
import { signal, terminate } from './procfs/terminate.ts';
import { living, othersAreHidden } from './procfs.ts';

type Descriptor = Awaited<ReturnType<typeof psList>>[number];

/** How long `ps` has to answer, in milliseconds; it takes some hundreds with thousands of processes. */
const timeoutMs = 5_000;

/**
 * The process table as `ps` tells it, through the package ps-list. It lists processes and titles;
 * who they are is read from /proc where there is one (`procRoot`), because a path that ps-list
 * gives can be text of the process' own command line, which proves nothing.
 * Without /proc (procRoot null) executables stay unknown.
 *
 * `ps` reads the command line of every process, so any user of the host can make it wait for ever.
 * All that can be done is to give up: it is ended, and the listing fails with a `TableLateError`, as
 * will the next ones until that process is gone. The table of procfs.ts has no such weakness.
 */
export function createPsListTable(procRoot: string | null): ProcessTable {
  /** The titles that came with the facts. */
  const titlesOf = new WeakMap<ProcessFacts, string>();
  const factsOf = procRoot === null ? fromPs : factsThrough(procRoot);
  return {
    list: () => list(procRoot, titlesOf, factsOf),
    residenceOf: procRoot === null ? () => 'unknown' : createResidence(procRoot),
    read: (facts, interest) => {
      const title = titlesOf.get(facts);
      if (title === undefined || interest?.(title) === false) return null;
      if (procRoot === null) return { ...facts, title, executable: null };
      return orNull(() => readWhole(procRoot, facts, title));
    },
    uidOf: (process) =>
      procRoot === null ? null : (readCredentials(procRoot, process)?.effectiveUid ?? null),
    titles: (processes) => titles(procRoot, processes),
    living: async (processes) =>
      procRoot === null ? livingByPs(processes) : living(procRoot, processes),
    terminate: async (process, name = 'SIGTERM') =>
      procRoot === null ? terminateByPs(process, name) : terminate(procRoot, process, name),
    files: procRoot === null ? null : createProcfsFiles(procRoot),
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

async function list(
  procRoot: string | null,
  titlesOf: WeakMap<ProcessFacts, string>,
  factsOf: (descriptor: Descriptor) => ProcessFacts | null,
): Promise<ProcessListing> {
  const processes: ProcessFacts[] = [];
  for (const descriptor of await listByPs()) {
    const facts = factsOf(descriptor);
    if (facts === null) continue;
    titlesOf.set(facts, titleOf(descriptor));
    processes.push(facts);
  }
  return {
    processes,
    othersAreHidden: procRoot !== null && othersAreHidden(procRoot),
  };
}

function factsThrough(procRoot: string): (descriptor: Descriptor) => ProcessFacts | null {
  const bootTime = createBootTime(procRoot);
  return ({ pid }) => orNull(() => readFacts(procRoot, pid, bootTime()));
}

/** The arguments are read from /proc: `ps` does not show their ends. */
function readWhole(procRoot: string, facts: ProcessFacts, title: string): Process | null {
  const bytes = readCmdline(procRoot, facts);
  if (bytes === null) return null;
  const executable = readExecutable(`${procRoot}/${facts.pid}/exe`);
  // It could be read a moment ago: the process has ended.
  if (executable === null && facts.executablePath !== null) return null;
  return {
    ...facts,
    title,
    argumentsLeft: parseArgumentsLeft(bytes),
    isInputSocket: isInputSocket(procRoot, facts.pid),
    executable,
  };
}

/** A second listing tells: its rows are compared with what `list` saw. */
async function titles(
  procRoot: string | null,
  processes: readonly Process[],
): Promise<Map<number, string>> {
  const now = new Map((await listByPs()).map((descriptor) => [descriptor.pid, descriptor]));
  const found = new Map<number, string>();
  for (const { pid, startTime } of processes) {
    const descriptor = now.get(pid);
    if (descriptor === undefined) continue;
    const isThere =
      procRoot === null
        ? !hasEnded(descriptor) && fromPs(descriptor)?.startTime === startTime
        : isLiving(procRoot, { pid, startTime });
    if (isThere) found.set(pid, titleOf(descriptor));
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
