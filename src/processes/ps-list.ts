import psList from 'ps-list';
import type { Interest, Process, ProcessListing, ProcessTable } from './process-table.ts';
import { parseArgumentsLeft, readCmdline } from './procfs/cmdline.ts';
import { readExecutablePath } from './procfs/exe.ts';
import { createProcfsFiles } from './procfs/fd.ts';
import { inspect, readBootTime, readStartTime } from './procfs/inspect.ts';
import { orNull } from './procfs/read-file.ts';
import { othersAreHidden } from './procfs.ts';

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
