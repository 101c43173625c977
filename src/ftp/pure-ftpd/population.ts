import type {
  KeptChildren,
  KeptProcess,
  KeptTable,
  Process,
  ProcessFiles,
} from '../../processes/process-table.ts';
import { type Candidate, sortProcesses } from './candidates.ts';
import { closeKept, type KeptSession } from './kept-session.ts';
import { compareChildren } from './newcomers.ts';
import { findOwnRecord } from './own-record.ts';

interface KeptMaster {
  readonly process: Process;
  readonly kept: KeptProcess;
  readonly children: KeptChildren;
  /** The children at the last reading. */
  read: readonly number[];
}

/**
 * The processes of pure-ftpd that are known, by pid. Sessions and masters are held by a descriptor
 * that tells when they have ended, so a pid that is used again is never taken for what it was.
 */
export interface Population {
  readonly masters: readonly Process[];
  /** Sessions that could not be kept, for want of descriptors: to be looked at the plain way. */
  readonly unkept: readonly Candidate[];
  /** The sessions of these owners, null for everybody's. */
  sessionsOf(owners: ReadonlySet<number> | null): readonly KeptSession[];
  session(pid: number): KeptSession | undefined;
  knows(pid: number): boolean;
  /** Takes in who is new among the masters' children and `others`. */
  update(others: readonly number[]): void;
  /** Takes in a pid that turned up elsewhere. */
  meet(pid: number): void;
  forget(pid: number): void;
}

export function createPopulation(table: KeptTable, files: ProcessFiles): Population {
  const masters = new Map<number, KeptMaster>();
  const sessions = new Map<number, KeptSession>();
  const byOwner = new Map<number, Map<number, KeptSession>>();
  /** Sessions' helpers, by their own pid; they end with their sessions. */
  const helpers = new Map<number, number>();
  /** Pids to look at again: of children that had not logged in, and of those that have ended. */
  let again = new Set<number>();
  let unkept: Candidate[] = [];
  let others: readonly number[] = [];

  const masterProcesses = () => [...masters.values()].map(({ process }) => process);
  const knows = (pid: number) => sessions.has(pid) || masters.has(pid) || helpers.has(pid);

  function forget(pid: number): void {
    const session = sessions.get(pid);
    if (session !== undefined) {
      closeKept(session);
      byOwner.get(session.candidate.process.uid)?.delete(pid);
    }
    const master = masters.get(pid);
    master?.kept.close();
    master?.children.close();
    sessions.delete(pid);
    masters.delete(pid);
    for (const [helper, parent] of helpers) if (parent === pid) helpers.delete(helper);
    // It may be somebody else's already, in lists that look the same.
    again.add(pid);
  }

  function meet(pid: number): void {
    if (knows(pid)) return;
    // Kept first: if it is still the same afterwards, all that was read between is its.
    const kept = table.keep(pid);
    const process = table.read(pid);
    if (process === null || !takeIn(process, kept)) kept?.close();
  }

  /** True when the descriptor has found its place. */
  function takeIn(process: Process, kept: KeptProcess | null): boolean {
    const { masters: found, candidates } = sortProcesses([...masterProcesses(), process]);
    const candidate = candidates.find((each) => each.process === process);
    if (candidate !== undefined) return addSession(candidate, kept);
    if (found.includes(process) && !hasPureFtpdAbove(process)) {
      return kept !== null && addMaster(process, kept);
    }
    if (masters.has(process.parentPid)) again.add(process.pid);
    else if (sessions.has(process.parentPid)) helpers.set(process.pid, process.parentPid);
    return false;
  }

  /** A session's helper has its master's title until it sets its own, and its session may be unknown. */
  function hasPureFtpdAbove(process: Process): boolean {
    const parent = table.read(process.parentPid);
    return parent !== null && !sortProcesses([parent, process]).masters.includes(process);
  }

  function addSession(candidate: Candidate, kept: KeptProcess | null): boolean {
    const { pid, uid } = candidate.process;
    if (kept === null) {
      unkept.push(candidate);
      return false;
    }
    const own = findOwnRecord(candidate.process, files.list(candidate.process) ?? [], files);
    const record = own?.isLocal ? table.keepOpenFile(pid, own.fd) : null;
    if (kept.title() === null) {
      record?.close();
      return false;
    }
    const session: KeptSession = { candidate, process: kept, record, settled: null, readInLook: 0 };
    sessions.set(pid, session);
    byOwner.set(uid, (byOwner.get(uid) ?? new Map()).set(pid, session));
    return true;
  }

  function addMaster(process: Process, kept: KeptProcess): boolean {
    const children = kept.title() === process.title ? table.keepChildren(process.pid) : null;
    if (children === null) return false;
    masters.set(process.pid, { process, kept, children, read: [] });
    return true;
  }

  const isAlive = (pid: number) => sessions.get(pid)?.process.title() != null;

  /** Takes in the children that came, and forgets those that ended. */
  function follow(master: KeptMaster): void {
    const now = master.children.pids();
    const { came, left } = compareChildren(master.read, now, isAlive);
    master.read = now;
    for (const pid of [...left, ...came]) {
      helpers.delete(pid);
      if (sessions.has(pid) && !isAlive(pid)) forget(pid);
    }
    for (const pid of came) meet(pid);
  }

  return {
    get masters() {
      return masterProcesses();
    },
    get unkept() {
      return unkept;
    },
    sessionsOf: (owners) =>
      owners === null
        ? [...sessions.values()]
        : [...owners].flatMap((owner) => [...(byOwner.get(owner)?.values() ?? [])]),
    session: (pid) => sessions.get(pid),
    knows,
    meet,
    forget,
    update: (otherPids) => {
      // Without having run a master can neither have ended nor got a child.
      const active = [...masters].filter(([, { kept }]) => kept.stillness() !== 'still');
      for (const [pid, { kept }] of active) if (kept.title() === null) forget(pid);
      const pids = new Set([...again, ...unkept.map(({ process }) => process.pid)]);
      again = new Set();
      unkept = [];
      for (const [pid, master] of active) if (masters.has(pid)) follow(master);
      if (otherPids !== others) for (const pid of otherPids) pids.add(pid);
      others = otherPids;
      for (const pid of pids) meet(pid);
    },
  };
}
