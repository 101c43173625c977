import psList from 'ps-list';
import type {
  Interest,
  Process,
  ProcessIdentity,
  ProcessListing,
  ProcessTable,
  Termination,
} from './process-table.ts';
import { parseArgumentsLeft, readCmdline } from './procfs/cmdline.ts';
import { readExecutablePath } from './procfs/exe.ts';
import { createProcfsFiles } from './procfs/fd.ts';
import { inspect, readBootTime, readStartTime } from './procfs/inspect.ts';
import { orNull } from './procfs/read-file.ts';
import { signal, terminate } from './procfs/terminate.ts';
import { living, othersAreHidden } from './procfs.ts';

type Descriptor = Awaited<ReturnType<typeof psList>>[number];

/**
 * The process table as `ps` tells it, through the package ps-list. It lists processes and titles;
 * who they are is read from /proc where there is one (`procRoot`), because a path that ps-list
 * gives can be text of the process' own command line, which proves nothing.
 * Without /proc (procRoot null) executables stay unknown.
 */
export function createPsListTable(procRoot: string | null): ProcessTable {
  return {
    find: (interest) => find(procRoot, interest),
    titles: (processes) => titles(procRoot, processes),
    living: async (processes) =>
      procRoot === null ? livingByPs(processes) : living(procRoot, processes),
    terminate: async (process) =>
      procRoot === null ? terminateByPs(process) : terminate(procRoot, process),
    files: procRoot === null ? null : createProcfsFiles(procRoot),
    kept: null,
  };
}

async function find(procRoot: string | null, interest: Interest): Promise<ProcessListing> {
  const bootTime = procRoot === null ? null : readBootTime(procRoot);
  const processes: Process[] = [];
  for (const descriptor of await psList()) {
    const title = titleOf(descriptor);
    const executablePath =
      procRoot === null ? null : readExecutablePath(`${procRoot}/${descriptor.pid}/exe`);
    if (executablePath === undefined || !interest({ title, executablePath })) continue;
    const process =
      procRoot === null
        ? fromPs(descriptor)
        : orNull(() => inspectWhole(procRoot, descriptor.pid, bootTime));
    if (process !== null) processes.push({ ...process, title });
  }
  return {
    processes,
    othersAreHidden: procRoot !== null && othersAreHidden(procRoot),
  };
}

/** A second listing tells: its rows are compared with what `find` saw. */
async function titles(
  procRoot: string | null,
  processes: readonly Process[],
): Promise<Map<number, string>> {
  const now = new Map((await psList()).map((descriptor) => [descriptor.pid, descriptor]));
  const found = new Map<number, string>();
  for (const { pid, startTime } of processes) {
    const descriptor = now.get(pid);
    if (descriptor === undefined) continue;
    const startTimeNow =
      procRoot === null ? fromPs(descriptor)?.startTime : readStartTime(procRoot, pid);
    if (startTimeNow === startTime) found.set(pid, titleOf(descriptor));
  }
  return found;
}

async function livingByPs(processes: readonly ProcessIdentity[]): Promise<Set<number>> {
  const now = new Map((await psList()).map((descriptor) => [descriptor.pid, descriptor]));
  const isThere = ({ pid, startTime }: ProcessIdentity) => {
    const descriptor = now.get(pid);
    if (descriptor === undefined || hasEnded(descriptor)) return false;
    return fromPs(descriptor)?.startTime === startTime;
  };
  return new Set(processes.filter(isThere).map(({ pid }) => pid));
}

/**
 * `ps` takes its time, so the moment between the look and the signal is longer than with /proc: some
 * hundredths of a second in which the pid would have to end and to come round again.
 */
async function terminateByPs(process: Process): Promise<Termination> {
  const found = (await psList()).find(({ pid }) => pid === process.pid);
  if (found === undefined || hasEnded(found)) return 'gone';
  const now = fromPs(found);
  if (now?.startTime !== process.startTime || now.uid !== process.uid) return 'gone';
  return signal(process.pid);
}

/**
 * How `ps` shows a process that has ended and has no command line any more. ps-list runs it twice at
 * once: the command line is empty when the process was there for one of them only.
 */
function hasEnded({ cmd = '' }: Descriptor): boolean {
  return cmd === '' || cmd.endsWith('<defunct>');
}

/** Who a process is, with its arguments, whose ends `ps` does not show. */
function inspectWhole(procRoot: string, pid: number, bootTime: number | null) {
  const inspected = inspect(procRoot, pid, bootTime);
  const bytes = inspected === null ? null : readCmdline(procRoot, pid);
  if (inspected === null || bytes === null) return null;
  return { ...inspected, argumentsLeft: parseArgumentsLeft(bytes) };
}

/** `ps` shows each NUL as a space, so a title ends where two follow each other. */
function titleOf({ cmd }: Descriptor): string {
  return (cmd ?? '').split('  ', 1)[0] ?? '';
}

function fromPs({ pid, ppid, uid, startTime }: Descriptor): Omit<Process, 'title'> | null {
  if (uid === undefined || startTime === undefined) return null;
  return {
    pid,
    parentPid: ppid,
    startTime: String(startTime.getTime()),
    startedAtMs: startTime.getTime(),
    uid,
    isWhollyRoot: null,
    executable: null,
  };
}
