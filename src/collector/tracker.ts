import type { Candidate } from '../daemons/driver.ts';
import type {
  KeptChildren,
  KeptProcess,
  KeptTable,
  Process,
  ProcessFacts,
  ProcessFiles,
  ProcessListing,
} from '../os/processes/process-table.ts';
import type { FtpSession, Gap } from '../sessions/session.ts';
import { readProven } from './census.ts';
import { compareChildren } from './children.ts';
import { classify, isStillSession, type Parent } from './classify.ts';
import type { Daemon } from './daemon.ts';
import { loginOf } from './login.ts';
import { isWanted, type Owners } from './owners.ts';
import {
  type DaemonProcesses,
  type ProcessTracker,
  processesOf,
  takeWholeCensus,
} from './process-tracker.ts';
import { type Finding, isProof, proofOf } from './proof.ts';
import { mayChangeOwner } from './settled-uid.ts';
import { closeTracked, readTracked, remember, type TrackedSession } from './tracked-session.ts';
import { createUncountedList, explain, explainRoots, type UncountedList } from './uncounted.ts';

/** A master, or what serves a connection for one. */
interface TrackedParent extends Parent {
  readonly kept: KeptProcess;
  readonly children: KeptChildren;
  /** The children at the last reading. */
  read: readonly number[];
}

/**
 * A process of the daemon that has not logged in as far as is known. It is read again once it has
 * run: a connection that does nothing costs a scan one read.
 */
interface Waiting {
  readonly kept: KeptProcess;
  /** One of which cannot be told whether it has logged in. */
  readonly doubtful: Candidate | null;
  /** What observing a doubtful one came to. */
  gaps: readonly Gap[] | null;
}

/** Children that end can hide others from one reading of a list, hardly from so many. */
const maxReadings = 3;

/**
 * The processes of one daemon that are known, by pid, from scan to scan. Sessions and parents are
 * held by a descriptor that tells when they have ended, so a pid that is used again is never taken
 * for what it was.
 */
export interface Tracker extends ProcessTracker {
  /** True for every process of this daemon that is known. */
  knows(pid: number): boolean;
  readonly masters: readonly Process[];
  /** Tracks a pid that turned up somewhere, if it is one of this daemon's. */
  track(pid: number): void;
  /** Looks into a process that the search came upon, or that was added. */
  inspect(facts: ProcessFacts): void;
  /** What looks like this daemon and does not count. */
  readonly uncounted: UncountedList;
}

/** Tracks over a process table whose files can be kept open. */
export function createTracker(daemon: Daemon, keptTable: KeptTable, files: ProcessFiles): Tracker {
  const { driver, records, table } = daemon;
  const parents = new Map<number, TrackedParent>();
  const sessions = new Map<number, TrackedSession>();
  const byOwner = new Map<number, Map<number, TrackedSession>>();
  /** Sessions' helpers, by their own pid; they end with their sessions. */
  const helpers = new Map<number, number>();
  const waiting = new Map<number, Waiting>();
  const uncounted = createUncountedList(table, daemon.contained);
  /** Pids to track in this update. One stays until it was read, whatever fails meanwhile. */
  const pending = new Set<number>();
  /** Pids to read again in the next one: what could not be kept, and what has ended. */
  const again = new Set<number>();
  let unkept: Candidate[] = [];
  let recordPids: readonly number[] = [];
  let scans = 0;
  let isBehind = false;
  let needsListings = false;

  const masters = () =>
    [...parents.values()].flatMap(({ process, isMaster }) => (isMaster ? process : []));
  const knows = (pid: number) =>
    sessions.has(pid) || parents.has(pid) || helpers.has(pid) || waiting.has(pid);
  const proofContext = {
    table,
    records,
    isParent: (pid: number) => parents.has(pid),
    driver,
    parentOf: (facts: ProcessFacts) => keptTable.facts(facts.parentPid),
  };

  function forget(pid: number): void {
    const session = sessions.get(pid);
    if (session !== undefined) {
      closeTracked(session);
      byOwner.get(session.candidate.process.uid)?.delete(pid);
    }
    const parent = parents.get(pid);
    parent?.kept.close();
    parent?.children.close();
    waiting.get(pid)?.kept.close();
    waiting.delete(pid);
    sessions.delete(pid);
    parents.delete(pid);
    for (const [helper, above] of helpers) if (above === pid) helpers.delete(helper);
    // It may be another process' already, in lists that look the same.
    again.add(pid);
  }

  function forgetSessionsOf(parentPid: number): void {
    for (const [pid, { candidate }] of sessions) {
      if (candidate.process.parentPid === parentPid) forget(pid);
    }
  }

  function track(pid: number): void {
    if (knows(pid)) return;
    // Kept first: if it is still the same afterwards, all that was read between is its.
    const kept = keptTable.keep(pid);
    let isPlaced = false;
    try {
      const process = readWhole(pid);
      isPlaced = process !== null && place(process, kept);
    } finally {
      if (!isPlaced) kept?.close();
    }
  }

  /**
   * A parent that lives after its child was read is that child's; one that has ended is not, though the
   * pid is: it is another process' by now, whose child this is. What is taken of it, as when and from where
   * vsftpd's was connected to, would be another connection's.
   */
  function renewIfEnded(parentPid: number): void {
    const known = parents.get(parentPid);
    if (known === undefined || known.kept.title() !== null) return;
    forget(parentPid);
    track(parentPid);
  }

  function readWhole(pid: number): Process | null {
    const facts = keptTable.facts(pid);
    if (facts !== null) renewIfEnded(facts.parentPid);
    return facts === null ? null : readProven(facts, proofOf(facts, proofContext), daemon);
  }

  /** True when the descriptor has found its place. */
  function place(process: Process, kept: KeptProcess | null): boolean {
    const above = parents.get(process.parentPid)?.process;
    const parentOf = (each: ProcessFacts) =>
      each === process ? (above ?? keptTable.facts(process.parentPid)) : null;
    const found = classify([process], driver, parentOf, parents);
    const parent = found.parents.get(process.pid);
    if (parent !== undefined) return kept !== null && addParent(parent, kept);
    const [candidate] = found.candidates;
    const login = candidate === undefined ? 'before' : loginOf(candidate, records.open(), daemon);
    if (candidate !== undefined && login === 'after') return addSession(candidate, kept);
    if (candidate !== undefined || above !== undefined) {
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

  /** Queues what has run while it waited, to be read again. */
  function queueAwoken(): void {
    for (const [pid, { kept }] of waiting) {
      if (kept.idleness() === 'idle') continue;
      kept.close();
      waiting.delete(pid);
      pending.add(pid);
    }
  }

  /**
   * What was root at every reading when it was tracked, or the daemon's own user still, and is somebody
   * else's now, is that one's session. A record can tell of a login too early: that of an earlier session
   * whose pid came again within the two seconds by which the clocks may differ.
   */
  function forgetUnsettled(): void {
    for (const owner of new Set([0, ...masters().map(({ uid }) => uid)])) {
      for (const [pid, { candidate }] of byOwner.get(owner) ?? []) {
        const { process } = candidate;
        if (!mayChangeOwner(process, driver)) continue;
        const uid = table.uidOf(process);
        if (uid !== owner && uid !== 0) forget(pid);
      }
    }
  }

  function addSession(candidate: Candidate, kept: KeptProcess | null): boolean {
    const { pid, uid } = candidate.process;
    if (kept === null) {
      unkept.push(candidate);
      return false;
    }
    const follower = driver.follow(candidate, files, (fd) => keptTable.keepOpenFile(pid, fd));
    if (kept.title() === null) {
      follower?.close();
      return false;
    }
    const session = { candidate, process: kept, follower, unchanged: null, readInScan: 0 };
    sessions.set(pid, session);
    byOwner.set(uid, (byOwner.get(uid) ?? new Map()).set(pid, session));
    return true;
  }

  function addParent(parent: Parent, kept: KeptProcess): boolean {
    const { process } = parent;
    const children = kept.title() === process.title ? keptTable.keepChildren(process.pid) : null;
    if (children === null) return false;
    const tracked = { ...parent, kept, children, read: [] };
    parents.set(process.pid, tracked);
    follow(tracked);
    return true;
  }

  const isAlive = (pid: number) =>
    (sessions.get(pid)?.process ?? waiting.get(pid)?.kept ?? parents.get(pid)?.kept)?.title() !=
    null;

  /** Queues the children that were added, and forgets those that have ended. */
  function follow(parent: TrackedParent): void {
    const now = parent.children.pids();
    const { added, removed } = compareChildren(parent.read, now, isAlive);
    for (const pid of added) pending.add(pid);
    parent.read = now;
    for (const pid of [...removed, ...added]) {
      helpers.delete(pid);
      if (knows(pid) && !isAlive(pid)) forget(pid);
    }
  }

  /**
   * True for a master's child that served a connection as root when it was read, and has another uid
   * now: it may serve it alone from here on. A master vouches for it whatever its uid is.
   */
  function hasLoweredItself(pid: number): boolean {
    const parent = parents.get(pid);
    if (parent === undefined || parent.isMaster || parent.process.uid !== 0) return false;
    if (!parents.has(parent.process.parentPid)) return false;
    return table.uidOf(parent.process) !== 0;
  }

  /** Brings all that is known up to date. */
  function advance(): void {
    // Without having run a parent can neither have ended nor got a child.
    const active = [...parents].filter(([, { kept }]) => kept.idleness() !== 'idle');
    for (const [pid, { kept, process }] of active) {
      const title = kept.title();
      if (title !== process.title) forget(pid);
      // One that was tracked before it had set its title seemed to set none: its sessions as well.
      if (title !== null && title !== process.title) forgetSessionsOf(pid);
      if (title === process.title && hasLoweredItself(pid)) forget(pid);
    }
    forgetUnsettled();
    for (const pid of again) pending.add(pid);
    again.clear();
    queueAwoken();
    for (const { process } of unkept) pending.add(process.pid);
    unkept = [];
    for (const [pid, parent] of active) if (parents.has(pid)) follow(parent);
    const pids = records.pids(keptTable.pids);
    if (pids !== recordPids) for (const pid of pids) pending.add(pid);
    recordPids = pids;
    // The children of a parent that is tracked now join the others.
    for (const pid of pending) {
      track(pid);
      pending.delete(pid);
    }
  }

  const sessionsOf = (owners: Owners): readonly TrackedSession[] =>
    owners === null
      ? [...sessions.values()]
      : [...owners].flatMap((owner) => [...(byOwner.get(owner)?.values() ?? [])]);

  /** Reads every known session, and those that turn up meanwhile, once in this scan. */
  function readAll(owners: Owners): Pick<DaemonProcesses, 'unchanged' | 'candidates' | 'gaps'> {
    const unchanged: FtpSession[] = [];
    const gaps: Gap[] = [];
    const candidates: Candidate[] = [];
    scans += 1;
    for (let reading = 0; reading < maxReadings; reading += 1) {
      let hasLost = false;
      advance();
      for (const session of sessionsOf(owners)) {
        if (session.readInScan === scans) continue;
        session.readInScan = scans;
        const result = readTracked(session);
        if (result.kind === 'unchanged') {
          unchanged.push(result.session);
          if (result.gaps.length > 0) gaps.push(...result.gaps);
        } else if (result.kind === 'gone') {
          forget(session.candidate.process.pid);
          hasLost = true;
        } else if (isStillSession(session.candidate, result.title, driver)) {
          candidates.push(current(session.candidate, result.title));
        }
      }
      if (!hasLost) break;
    }
    candidates.push(...unkept.filter(({ process }) => isWanted(process.uid, owners)));
    return { unchanged, candidates, gaps: [...gaps, ...unreadable(candidates)] };
  }

  /** A candidate as it is now: with another title, and perhaps without the parent that vouched for it. */
  function current(candidate: Candidate, title: string): Candidate {
    const { process } = candidate;
    const isVouched = parents.has(process.parentPid);
    return {
      ...candidate,
      process: { ...process, title },
      needsRecord: candidate.needsRecord || !isVouched,
      // One that seems to be root's own may be root for a moment.
      ...(process.uid === 0 ? {} : { isOwnerKnown: true }),
    };
  }

  /**
   * Tracks what is found among all processes; a processes only where this process may not see
   * everything, so that nothing can be tracked.
   */
  function discover(listing: ProcessListing, owners: Owners): Promise<DaemonProcesses> | null {
    isBehind = true;
    const census = takeWholeCensus(listing, daemon, knows);
    isBehind = false;
    needsListings = listing.othersAreHidden || census.isBlind;
    if (needsListings) {
      return processesOf(takeWholeCensus(listing, daemon), daemon, owners);
    }
    uncounted.add(census.uncounted);
    // Those that vouch for others come before these.
    for (const pid of census.parents.keys()) pending.add(pid);
    for (const { process } of census.candidates) pending.add(process.pid);
    return null;
  }

  function explainFacts(facts: ProcessFacts, finding: Finding): Gap | null {
    const parent = keptTable.facts(facts.parentPid);
    if (!isProof(finding)) return explain(facts, parent, finding, daemon);
    const process = readProven(facts, finding, daemon);
    return process === null ? null : explainRoots(process, parent, driver);
  }

  return {
    uncounted,
    knows,
    track,
    get hasMasters() {
      for (const { isMaster } of parents.values()) if (isMaster) return true;
      return false;
    },
    get needsListings() {
      return needsListings;
    },
    get isBehind() {
      return isBehind;
    },
    get masters() {
      return masters();
    },
    inspect: (facts) => {
      uncounted.delete(facts.pid);
      // What the driver throws here it throws in the next scan too, and is told there.
      pending.add(facts.pid);
      const finding = proofOf(facts, { ...proofContext, isParent: () => false });
      if (isProof(finding)) track(facts.pid);
      pending.delete(facts.pid);
      if (knows(facts.pid)) return;
      const gap = explainFacts(facts, finding);
      if (gap !== null) uncounted.add([{ process: facts, gap }]);
    },
    update: async (listing, owners) => {
      const processes = listing === null ? null : discover(listing, owners);
      if (processes !== null) return processes;
      const { unchanged, candidates, gaps } = readAll(owners);
      // Of one that becomes root for moments the effective uid is its owner's in between.
      const doubtful = [...waiting.values()].filter(
        (each) => isWanted(0, owners) || isWanted(each.doubtful?.process.uid ?? 0, owners),
      );
      return {
        masters: masters(),
        unchanged,
        candidates: [
          ...candidates,
          ...doubtful.flatMap((each) => (each.gaps === null ? (each.doubtful ?? []) : [])),
        ],
        gaps: [
          ...gaps,
          ...doubtful.flatMap((each) => each.gaps ?? []),
          ...(await uncounted.gaps(owners, knows)),
        ],
      };
    },
    conclude: (observed) => {
      for (const { candidate, session, gaps } of observed) {
        const { pid } = candidate.process;
        const tracked = sessions.get(pid);
        const waits = waiting.get(pid);
        if (session !== null && tracked !== undefined) remember(tracked, session, gaps);
        else if (session === null && waits !== undefined) waits.gaps = gaps;
      }
    },
  };
}

/** Only the owner of such a session is told: it would tell others that there is one. */
function unreadable(candidates: readonly Candidate[]): Gap[] {
  return candidates.flatMap(({ process: { executable, uid } }) =>
    executable === null ? { cause: 'executables-unreadable', ownerUid: uid } : [],
  );
}
