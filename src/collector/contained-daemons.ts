import type { DaemonDriver, Observation } from '../daemons/driver.ts';
import type { NamedContainer } from '../os/containers/container-rules.ts';
import type {
  ContainedFiles,
  ContainedTable,
  IdleWatch,
  ProcessFacts,
  ProcessTable,
  ReadBudget,
} from '../os/processes/process-table.ts';
import { localHost, type SessionIdentity } from '../sessions/identity.ts';
import type { ContainedDaemon, FtpSession, Gap, GapCause } from '../sessions/session.ts';
import { type Accounts, isWantedAccount } from './accounts.ts';
import type { Target } from './ender.ts';
import { isSameProgram } from './proof.ts';

/** Tells of a cgroup which container of the configuration it is of. */
export type ContainerRules = (cgroup: string) => NamedContainer | null;

/**
 * One daemon in the containers that the configuration names. Whatever runs there may lie, about the
 * sessions of the account that the container is given to and about nothing else: what is read neither
 * waits for it nor is more than a bound, its uids are nobody's, and what it throws ends with it.
 */
export interface ContainedDaemons {
  /** Takes what looks like this daemon and lives elsewhere, if its container is one that is named. */
  take(process: ProcessFacts): boolean;
  /** The sessions there; of other accounts' containers nothing is read. */
  scan(accounts: Accounts): FoundContained;
  /** Those of the identities that still are sessions there. */
  reverify(identities: readonly SessionIdentity[], accounts: Accounts): Target[];
}

/**
 * What is looked at in one scan of all containers of an account, and so what root there can make a
 * scan cost. A super-server's sessions are a daemon each.
 */
const maxDaemons = 500;
const maxProcesses = 2_000;
const maxDescriptors = 20_000;
const maxNetworks = 64;
/** So many are watched, by a descriptor each; the others are read anew in each scan. */
const maxWatched = 2_000;
/** How often one is read anew whose record was just being written. */
const maxReadings = 3;

interface SessionsAndGaps {
  readonly sessions: readonly FtpSession[];
  readonly gaps: readonly Gap[];
}

export interface FoundContained extends SessionsAndGaps {
  /** Those that run, one for each that is above its sessions. */
  readonly daemons: readonly ContainedDaemon[];
}

interface Budget extends ReadBudget {
  processes: number;
}

function createBudget(): Budget {
  return { processes: maxProcesses, descriptors: maxDescriptors, networks: maxNetworks };
}

interface Contained {
  readonly top: ProcessFacts;
  readonly container: NamedContainer;
}

/** A process of a daemon, and what it is below. */
interface Member {
  readonly process: ProcessFacts;
  /** The process above, where it is of this daemon too. */
  readonly parent: ProcessFacts | null;
  /** What was observed of it, where it has not run since; null where it is to be observed. */
  readonly unchanged: Observation | null;
}

/** A process that is watched, and what was observed of it last; null where it was just changing. */
interface Watched {
  readonly process: ProcessFacts;
  readonly account: string;
  readonly watch: IdleWatch;
  observation: Observation | null;
}

export function createContainedDaemons(
  driver: DaemonDriver,
  table: Pick<ProcessTable, 'residenceOf'>,
  contained: ContainedTable,
  rules: ContainerRules,
): ContainedDaemons {
  const byAccount = new Map<string, Map<number, Contained>>();
  /** Accounts of which more was found than is kept; until the next scan for them. */
  const crowded = new Set<string>();
  /** What was told of sessions at the last scan, so that one that is as it was is the same object. */
  const told = new Map<number, FtpSession>();
  const watched = new Map<number, Watched>();

  function containerOf(pid: number): NamedContainer | null {
    const cgroup = contained.cgroupOf(pid);
    return cgroup === null ? null : rules(cgroup);
  }

  const isIn = (container: NamedContainer, pid: number) => {
    const own = containerOf(pid);
    return own?.name === container.name && own.account === container.account;
  };

  const isStill = ({ pid, startTime }: ProcessFacts) =>
    contained.facts(pid)?.startTime === startTime;

  /** The top and what is below it, the top first; what executes another program is none of it. */
  function* membersOf(top: ProcessFacts): Generator<Member> {
    const idle = idleOne(top.pid);
    let generation: Member[] = [
      { process: top, parent: null, unchanged: idle?.observation ?? null },
    ];
    yield* generation;
    for (let depth = 0; depth < driver.generations; depth += 1) {
      const below: Member[] = [];
      for (const { process: parent } of generation) {
        for (const pid of contained.childrenOf(parent.pid)) {
          const idle = idleOne(pid);
          const process = idle?.process ?? contained.facts(pid);
          if (process === null || !isSameProgram(process, parent)) continue;
          const member = { process, parent, unchanged: idle?.observation ?? null };
          below.push(member);
          yield member;
        }
      }
      generation = below;
    }
  }

  /**
   * One that has not run since it was observed: nothing that it tells can have changed. Root can put
   * it into another cgroup meanwhile, so that is asked of each.
   */
  function idleOne(pid: number): Watched | null {
    const known = watched.get(pid);
    return known?.watch.see() === 'idle' ? known : null;
  }

  /** Looked at before it is observed, so that what it does meanwhile shows. */
  function watchOne(process: ProcessFacts, account: string): Watched | null {
    const known = watched.get(process.pid);
    if (known?.process.startTime === process.startTime && known.account === account) return known;
    known?.watch.close();
    watched.delete(process.pid);
    if (watched.size >= maxWatched) return null;
    const watch = contained.watch(process.pid);
    watch.see();
    const begun = { process, account, watch, observation: null };
    watched.set(process.pid, begun);
    return begun;
  }

  function observeAnew(
    member: Member,
    container: NamedContainer,
    files: ContainedFiles,
  ): Observation | null {
    const watching = watchOne(member.process, container.account);
    const observation = observe(member, container, files);
    if (watching !== null) {
      watching.observation = observation?.isConsistent === true ? observation : null;
    }
    return observation;
  }

  /** Null for what is none of that container's, has ended, or is another process by now. */
  function observe(
    { process, parent }: Member,
    container: NamedContainer,
    files: ContainedFiles,
  ): Observation | null {
    const ownPid = contained.ownPidOf(process.pid);
    if (ownPid === null) return null;
    const asked = {
      process: { ...process, title: titleOf(process), executable: null },
      parent,
      ownPid,
    };
    let observation = driver.observeContained(asked, files);
    for (let reading = 1; reading < maxReadings && !observation.isConsistent; reading += 1) {
      observation = driver.observeContained(asked, files);
    }
    if (!isIn(container, process.pid) || !isStill(process)) return null;
    const { session } = observation;
    return { ...observation, session: session && ofContainer(session, container) };
  }

  function scanOne(
    { top, container }: Contained,
    budget: Budget,
    seen: Set<number>,
  ): SessionsAndGaps {
    const sessions: FtpSession[] = [];
    const gaps: Gap[] = [];
    const tell = (cause: GapCause) => gaps.push({ cause, ownerUid: 0, account: container.account });
    try {
      const files = contained.open(top, budget);
      for (const member of membersOf(top)) {
        budget.processes -= 1;
        if (budget.processes < 0 || files.isExhausted) {
          crowded.add(container.account);
          break;
        }
        const isUnchanged = member.unchanged !== null && isIn(container, member.process.pid);
        const observation = isUnchanged ? member.unchanged : observeAnew(member, container, files);
        seen.add(member.process.pid);
        for (const cause of observation?.gaps ?? []) tell(cause);
        if (observation?.session != null) sessions.push(unchanged(observation.session));
      }
    } catch {
      // Of others nothing is lost.
      tell('container-failed');
    }
    return { sessions, gaps };
  }

  function unchanged(session: FtpSession): FtpSession {
    const before = told.get(session.pid);
    if (before !== undefined && isSame(before, session)) return before;
    told.set(session.pid, session);
    return session;
  }

  function memberOf(
    pid: number,
    container: NamedContainer,
  ): (Member & { top: ProcessFacts }) | null {
    const process = contained.facts(pid);
    if (process === null) return null;
    let [top, parent]: [ProcessFacts, ProcessFacts | null] = [process, null];
    for (let depth = 0; depth < driver.generations; depth += 1) {
      const above = contained.facts(top.parentPid);
      if (above === null || !isSameProgram(above, top) || !isIn(container, above.pid)) break;
      parent ??= above;
      top = above;
    }
    return { process, parent, top, unchanged: null };
  }

  function reverifyOne({ pid, startTime }: SessionIdentity, accounts: Accounts): Target[] {
    const container = containerOf(pid);
    if (container === null || !isWantedAccount(container.account, accounts)) return [];
    const member = memberOf(pid, container);
    if (member === null || member.process.startTime !== startTime) return [];
    if (!driver.looksLike(member.top) || !livesElsewhere(member.top, table)) return [];
    const files = contained.open(member.top, createBudget());
    const session = observe(member, container, files)?.session ?? null;
    if (session === null) return [];
    const { title } = session;
    const process = { ...member.process, title, executable: null, isContained: true } as const;
    return [{ process, session, signal: driver.endSignal }];
  }

  return {
    take: (process) => {
      const container = containerOf(process.pid);
      if (container === null) return false;
      const { account } = container;
      const known = byAccount.get(account) ?? new Map<number, Contained>();
      byAccount.set(account, known);
      // Ended ones make room at the next scan, and the search comes upon this one again.
      if (known.size < maxDaemons || known.has(process.pid)) {
        known.set(process.pid, { top: process, container });
      } else crowded.add(account);
      return true;
    },
    scan: (accounts) => {
      const found: SessionsAndGaps[] = [];
      const seen = new Set<number>();
      const daemons: ContainedDaemon[] = [];
      for (const [account, known] of byAccount) {
        if (!isWantedAccount(account, accounts)) continue;
        const budget = createBudget();
        if (known.size >= maxDaemons) crowded.add(account);
        for (const [pid, each] of known) {
          if (!isStill(each.top) || !isIn(each.container, pid)) {
            known.delete(pid);
            continue;
          }
          found.push(scanOne(each, budget, seen));
          daemons.push({ name: driver.description.name, container: each.container });
        }
        if (!crowded.delete(account)) continue;
        found.push({ sessions: [], gaps: [{ cause: 'container-crowded', ownerUid: 0, account }] });
      }
      const sessions = found.flatMap((each) => each.sessions);
      forgetEnded(told, sessions, accounts);
      for (const [pid, { account, watch }] of watched) {
        if (seen.has(pid) || !isWantedAccount(account, accounts)) continue;
        watch.close();
        watched.delete(pid);
      }
      return { sessions, gaps: found.flatMap(({ gaps }) => gaps), daemons };
    },
    reverify: (identities, accounts) =>
      identities.flatMap((identity) => {
        try {
          return identity.host === localHost ? reverifyOne(identity, accounts) : [];
        } catch {
          return [];
        }
      }),
  };
}

/** Of another user namespace, PID namespace or root directory than this host's. */
export function livesElsewhere(
  process: ProcessFacts,
  { residenceOf }: Pick<ProcessTable, 'residenceOf'>,
): boolean {
  const residence = residenceOf(process);
  return residence === 'other-user-namespace' || residence === 'other-container';
}

/** As ps(1) shows a process whose arguments cannot be had: a title is behind a lock of the process'. */
function titleOf({ name }: ProcessFacts): string {
  return `[${name}]`;
}

/** The uids there mean nothing here, a login proves nothing, and a path is one of the container's. */
function ofContainer(session: FtpSession, { name, account }: NamedContainer): FtpSession {
  return {
    ...session,
    ownerUid: 0,
    isUserProven: false,
    path: session.state === 'idle' ? session.path : null,
    container: { name, account },
  };
}

function isSame(before: FtpSession, now: FtpSession): boolean {
  return JSON.stringify(before) === JSON.stringify(now);
}

function forgetEnded(
  told: Map<number, FtpSession>,
  sessions: readonly FtpSession[],
  accounts: Accounts,
): void {
  const there = new Set(sessions.map(({ pid }) => pid));
  for (const [pid, { container }] of told) {
    if (!there.has(pid) && isWantedAccount(container?.account ?? '', accounts)) told.delete(pid);
  }
}
