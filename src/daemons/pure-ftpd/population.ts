import type {
  KeptChildren,
  KeptProcess,
  KeptTable,
  Process,
  ProcessFacts,
  ProcessFiles,
  ProcessTable,
} from '../../os/processes/process-table.ts';
import type { Gap } from '../../sessions/session.ts';
import { type Candidate, sortProcesses } from './candidates.ts';
import { readProven } from './census.ts';
import { closeKept, type KeptSession } from './kept-session.ts';
import { loginOf } from './login.ts';
import { compareChildren } from './newcomers.ts';
import { findOwnRecord } from './own-record.ts';
import { proofOf } from './proof.ts';
import { openScoreboard } from './scoreboard.ts';

interface KeptMaster {
  readonly process: Process;
  readonly kept: KeptProcess;
  readonly children: KeptChildren;
  /** The children at the last reading. */
  read: readonly number[];
}

/**
 * A master's child that has not logged in as far as is known. It is read again once it has run: a
 * connection that does nothing costs a look one read.
 */
interface Waiting {
  readonly kept: KeptProcess;
  /** Root's process of which cannot be told whether it has logged in. */
  readonly doubtful: Candidate | null;
  /** What a close look at a doubtful one came to. */
  gaps: readonly Gap[] | null;
}

/**
 * The processes of pure-ftpd that are known, by pid. Sessions and masters are held by a descriptor
 * that tells when they have ended, so a pid that is used again is never taken for what it was.
 */
export interface Population {
  readonly masters: readonly Process[];
  /** Sessions that could not be kept, for want of descriptors: to be looked at the plain way. */
  readonly unkept: readonly Candidate[];
  /** Connections of root's that a close look has to tell from sessions of root's. */
  readonly doubtful: readonly Candidate[];
  /** Remembers what a close look at a doubtful one came to, until it has run again. */
  settleDoubt(pid: number, gaps: readonly Gap[]): void;
  /** What is remembered of them. */
  readonly gapsOfDoubtful: readonly Gap[];
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

export function createPopulation(
  table: ProcessTable,
  keptTable: KeptTable,
  files: ProcessFiles,
  scoreboardDirectories: readonly string[],
): Population {
  const masters = new Map<number, KeptMaster>();
  const sessions = new Map<number, KeptSession>();
  const byOwner = new Map<number, Map<number, KeptSession>>();
  /** Sessions' helpers, by their own pid; they end with their sessions. */
  const helpers = new Map<number, number>();
  const waiting = new Map<number, Waiting>();
  /** Pids to look at again: of children that could not be kept, and of those that have ended. */
  let again = new Set<number>();
  let unkept: Candidate[] = [];
  let others: readonly number[] = [];

  const masterProcesses = () => [...masters.values()].map(({ process }) => process);
  const knows = (pid: number) =>
    sessions.has(pid) || masters.has(pid) || helpers.has(pid) || waiting.has(pid);
  const isMaster = (pid: number) => masters.has(pid);
  const context = { table, scoreboardDirectories, isMaster };

  function forget(pid: number): void {
    const session = sessions.get(pid);
    if (session !== undefined) {
      closeKept(session);
      byOwner.get(session.candidate.process.uid)?.delete(pid);
    }
    const master = masters.get(pid);
    master?.kept.close();
    master?.children.close();
    waiting.get(pid)?.kept.close();
    waiting.delete(pid);
    sessions.delete(pid);
    masters.delete(pid);
    for (const [helper, parent] of helpers) if (parent === pid) helpers.delete(helper);
    // It may be somebody else's already, in lists that look the same.
    again.add(pid);
  }

  function meet(pid: number): void {
    if (knows(pid)) return;
    // Kept first: if it is still the same afterwards, all that was read between is its.
    const kept = keptTable.keep(pid);
    const process = readWhole(pid);
    if (process === null || !takeIn(process, kept)) kept?.close();
  }

  function readWhole(pid: number): Process | null {
    const facts = keptTable.facts(pid);
    return facts === null ? null : readProven(facts, table, proofOf(facts, context));
  }

  /** True when the descriptor has found its place. */
  function takeIn(process: Process, kept: KeptProcess | null): boolean {
    const parentOf = (each: ProcessFacts) =>
      each === process ? keptTable.facts(process.parentPid) : null;
    const { masters: found, candidates } = sortProcesses([...masterProcesses(), process], parentOf);
    const candidate = candidates.find((each) => each.process === process);
    const scoreboard = openScoreboard(scoreboardDirectories);
    const login = candidate === undefined ? 'before' : loginOf(candidate, scoreboard, table);
    if (candidate !== undefined && login === 'after') return addSession(candidate, kept);
    if (found.includes(process)) return kept !== null && addMaster(process, kept);
    if (masters.has(process.parentPid)) {
      const doubtful = login === 'unknown' ? (candidate ?? null) : null;
      return addWaiting(process.pid, kept, doubtful);
    }
    if (sessions.has(process.parentPid)) helpers.set(process.pid, process.parentPid);
    return false;
  }

  function addWaiting(pid: number, kept: KeptProcess | null, doubtful: Candidate | null): boolean {
    if (kept === null) again.add(pid);
    else waiting.set(pid, { kept, doubtful, gaps: null });
    return kept !== null;
  }

  /** Gives back those who have run, to be looked at again. */
  function takeAwoken(): number[] {
    const awoken: number[] = [];
    for (const [pid, { kept }] of waiting) {
      if (kept.stillness() === 'still') continue;
      kept.close();
      waiting.delete(pid);
      awoken.push(pid);
    }
    return awoken;
  }

  function addSession(candidate: Candidate, kept: KeptProcess | null): boolean {
    const { pid, uid } = candidate.process;
    if (kept === null) {
      unkept.push(candidate);
      return false;
    }
    const own = findOwnRecord(candidate.process, files.list(candidate.process) ?? [], files);
    const isOpened = typeof own === 'object' && own.isLocal;
    const record = isOpened ? keptTable.keepOpenFile(pid, own.fd) : null;
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
    const children = kept.title() === process.title ? keptTable.keepChildren(process.pid) : null;
    if (children === null) return false;
    masters.set(process.pid, { process, kept, children, read: [] });
    return true;
  }

  const isAlive = (pid: number) =>
    (sessions.get(pid)?.process ?? waiting.get(pid)?.kept)?.title() != null;

  /** Takes in the children that came, and forgets those that ended. */
  function follow(master: KeptMaster): void {
    const now = master.children.pids();
    const { came, left } = compareChildren(master.read, now, isAlive);
    master.read = now;
    for (const pid of [...left, ...came]) {
      helpers.delete(pid);
      if ((sessions.has(pid) || waiting.has(pid)) && !isAlive(pid)) forget(pid);
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
    get doubtful() {
      return [...waiting.values()].flatMap(({ doubtful, gaps }) =>
        doubtful !== null && gaps === null ? doubtful : [],
      );
    },
    settleDoubt: (pid, gaps) => {
      const each = waiting.get(pid);
      if (each !== undefined) each.gaps = gaps;
    },
    get gapsOfDoubtful() {
      return [...waiting.values()].flatMap(({ gaps }) => gaps ?? []);
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
      const pids = new Set([
        ...again,
        ...takeAwoken(),
        ...unkept.map(({ process }) => process.pid),
      ]);
      again = new Set();
      unkept = [];
      for (const [pid, master] of active) if (masters.has(pid)) follow(master);
      if (otherPids !== others) for (const pid of otherPids) pids.add(pid);
      others = otherPids;
      for (const pid of pids) meet(pid);
    },
  };
}
