import type {
  KeptChildren,
  KeptProcess,
  KeptTable,
  Process,
  ProcessFiles,
} from '../../processes/process-table.ts';
import { type Candidate, sortProcesses } from './candidates.ts';
import { closeKept, type KeptSession } from './kept-session.ts';
import { findRecordDescriptor } from './record.ts';
import type { Scoreboard } from './scoreboard.ts';

interface KeptMaster {
  readonly process: Process;
  readonly kept: KeptProcess;
  readonly children: KeptChildren;
}

/** A process of pure-ftpd that is no session: one that has not logged in, or a helper. */
interface Bystander {
  readonly kept: KeptProcess;
  readonly mayLogIn: boolean;
}

/**
 * The processes of pure-ftpd that are known, by pid. Each is held by a descriptor that tells when it
 * has ended, so a pid that is used again is never taken for what it was.
 */
export interface Population {
  readonly sessions: ReadonlyMap<number, KeptSession>;
  readonly masters: readonly Process[];
  /** Sessions that could not be kept, for want of descriptors: to be looked at the plain way. */
  readonly unkept: readonly Candidate[];
  knows(pid: number): boolean;
  /** Forgets who has ended, and takes in who is new among the masters' children and `others`. */
  update(others: readonly number[], scoreboard: Scoreboard): void;
  /** Takes in a pid that turned up elsewhere. */
  meet(pid: number, scoreboard: Scoreboard): void;
  forget(pid: number): void;
  clear(): void;
}

export function createPopulation(table: KeptTable, files: ProcessFiles): Population {
  const masters = new Map<number, KeptMaster>();
  const sessions = new Map<number, KeptSession>();
  const bystanders = new Map<number, Bystander>();
  let unkept: Candidate[] = [];

  const masterProcesses = () => [...masters.values()].map(({ process }) => process);
  const knows = (pid: number) => sessions.has(pid) || bystanders.has(pid) || masters.has(pid);

  function forget(pid: number): void {
    const session = sessions.get(pid);
    if (session !== undefined) closeKept(session);
    bystanders.get(pid)?.kept.close();
    const master = masters.get(pid);
    master?.kept.close();
    master?.children.close();
    for (const known of [sessions, bystanders, masters]) known.delete(pid);
  }

  function meet(pid: number, scoreboard: Scoreboard): void {
    if (knows(pid)) return;
    // Kept first: if it is still the same afterwards, all that was read between is its.
    const kept = table.keep(pid);
    const process = table.read(pid);
    if (process === null) {
      kept?.close();
      return;
    }
    if (!takeIn(process, kept, scoreboard)) kept?.close();
  }

  function takeIn(process: Process, kept: KeptProcess | null, scoreboard: Scoreboard): boolean {
    const { masters: found, candidates } = sortProcesses([...masterProcesses(), process]);
    const candidate = candidates.find((each) => each.process === process);
    if (candidate !== undefined) return addSession(candidate, kept, scoreboard);
    if (kept === null || kept.title() !== process.title) return false;
    if (found.includes(process)) return addMaster(process, kept);
    const mayLogIn = masters.has(process.parentPid);
    if (!mayLogIn && !sessions.has(process.parentPid)) return false;
    bystanders.set(process.pid, { kept, mayLogIn });
    return true;
  }

  function addSession(
    candidate: Candidate,
    kept: KeptProcess | null,
    scoreboard: Scoreboard,
  ): boolean {
    const { process } = candidate;
    if (kept === null) {
      unkept.push(candidate);
      return false;
    }
    const fd = findRecordDescriptor(process, scoreboard, files);
    const record = fd === null ? null : table.keepOpenFile(process.pid, fd);
    if (kept.title() === null) {
      record?.close();
      return false;
    }
    sessions.set(process.pid, { candidate, process: kept, record, settled: null });
    return true;
  }

  function addMaster(process: Process, kept: KeptProcess): boolean {
    const children = table.keepChildren(process.pid);
    if (children === null) return false;
    masters.set(process.pid, { process, kept, children });
    return true;
  }

  return {
    sessions,
    get masters() {
      return masterProcesses();
    },
    get unkept() {
      return unkept;
    },
    knows,
    meet,
    forget,
    update: (others, scoreboard) => {
      unkept = [];
      for (const [pid, { kept }] of masters) if (kept.title() === null) forget(pid);
      for (const [pid, { kept, mayLogIn }] of bystanders) {
        if (mayLogIn || kept.title() === null) forget(pid);
      }
      for (const { children } of masters.values()) {
        for (const pid of children.pids()) meet(pid, scoreboard);
      }
      for (const pid of others) meet(pid, scoreboard);
    },
    clear: () => {
      for (const known of [sessions, bystanders, masters]) {
        for (const pid of [...known.keys()]) forget(pid);
      }
    },
  };
}
