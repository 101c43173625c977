import type { DaemonDriver } from '../daemons/driver.ts';
import type {
  Process,
  ProcessFacts,
  ProcessFiles,
  ProcessTable,
} from '../os/processes/process-table.ts';
import type { Gap } from '../sessions/session.ts';
import type { ContainedDaemons } from './contained-daemons.ts';
import { isWanted, type Owners } from './owners.ts';
import { type Finding, isProof, isRoots, isSameProgram } from './proof.ts';

/** A process that looks like a daemon and does not count, and what is to be said of it. */
export interface Uncounted {
  readonly process: ProcessFacts;
  readonly gap: Gap;
}

/** What nobody but an administrator may learn of concerns root's uid, which no account stands for. */
const administrators = 0;

/**
 * What is to be said of a process that looks like a daemon and that nothing proves to be one of its
 * masters or sessions: why it does not count. Its uid is known, so its user is told, and nobody else
 * but administrators: that it runs tells nothing of another's. What lives elsewhere has uids that may
 * be no user's here. Null for the like of its parent, and for what is proven by `finding`.
 *
 * `session-unproven` is what a user cannot bring about alone: a record that cannot be read might prove
 * it, or root had a part in it. It may be a session of any login. `daemon-of-user` is not held to be
 * one by those who go by logins: each user could have them warned.
 */
export function explain(
  facts: ProcessFacts,
  parent: ProcessFacts | null | undefined,
  finding: Finding,
  { driver, table }: { driver: DaemonDriver; table: ExplainingTable },
): Gap | null {
  if (isProof(finding) || !driver.looksLike(facts)) return null;
  if (parent != null && isLikeItsParent(facts, parent, driver)) {
    // Of another uid it is what its like has begun for somebody; what lives elsewhere is said of that one.
    if (parent.uid === facts.uid || isElsewhere(facts, table) || isElsewhere(parent, table))
      return null;
  }
  const residence = table.residenceOf(facts);
  if (residence === 'other-user-namespace') return toAdministrators('daemon-in-user-namespace');
  if (residence === 'other-container') return toAdministrators('daemon-in-container');
  if (isRoots(facts) || driver.isOwnUid?.(facts.uid) === true) return null;
  const isOfRoot = finding === 'unclear' || isMadeByRoot(facts, parent, table);
  return { cause: isOfRoot ? 'session-unproven' : 'daemon-of-user', ownerUid: facts.uid };
}

function isElsewhere(facts: ProcessFacts, table: ExplainingTable): boolean {
  return !['here', 'unknown'].includes(table.residenceOf(facts));
}

type ExplainingTable = Pick<ProcessTable, 'residenceOf'> & {
  readonly files: Pick<ProcessFiles, 'rootOf'> | null;
};

/**
 * True where root was needed to begin a process: it is confined to a directory, or below its like and
 * of another uid. Either is less than a proof, as it may be a set-uid program's doing.
 */
function isMadeByRoot(
  facts: ProcessFacts,
  parent: ProcessFacts | null | undefined,
  { files }: ExplainingTable,
): boolean {
  if (isSameProgram(facts, parent) && parent?.uid !== facts.uid) return true;
  const root = files?.rootOf(facts) ?? null;
  return root !== null && root !== '/';
}

/** The same for a process of root's that was read: null unless others may write its program. */
export function explainRoots(
  process: Process,
  parent: ProcessFacts | null | undefined,
  driver: DaemonDriver,
): Gap | null {
  const isUntrusted = process.executable?.writableByRootOnly === false;
  return isUntrusted && !isLikeItsParent(process, parent, driver)
    ? toAdministrators('daemon-untrusted')
    : null;
}

/** Hands over those that live in a container of the configuration, and gives the others. */
function withoutContained(
  found: readonly Uncounted[],
  contained: ContainedDaemons | null,
): readonly Uncounted[] {
  if (contained === null) return found;
  return found.filter(
    ({ process, gap }) => !(causesElsewhere.has(gap.cause) && contained.take(process)),
  );
}

/** What is said of one that lives elsewhere. */
export const causesElsewhere: ReadonlySet<string> = new Set([
  'daemon-in-user-namespace',
  'daemon-in-container',
]);

function toAdministrators(cause: Gap['cause']): Gap {
  return { cause, ownerUid: administrators };
}

function isLikeItsParent(
  facts: ProcessFacts,
  parent: ProcessFacts | null | undefined,
  driver: DaemonDriver,
): boolean {
  if (parent == null) return false;
  const areNames = facts.executablePath === null && parent.executablePath === null;
  return isSameProgram(facts, parent) || (areNames && driver.looksLike(parent));
}

/**
 * So many of each cause and user are kept. Whether they are still there is asked in each scan, and an
 * ordinary user can have thousands.
 */
const maxOfACause = 100;

/** The processes of one daemon that do not count, from scan to scan. */
export interface UncountedList {
  add(found: readonly Uncounted[]): void;
  /** Forgets a process, which may come to count. */
  delete(pid: number): void;
  /** Forgets all others than these pids. */
  retain(living: ReadonlySet<number>): void;
  /** What is to be said to these owners of those that live and do not count still. */
  gaps(owners: Owners, counts: (pid: number) => boolean): Promise<readonly Gap[]>;
}

export function createUncountedList(
  table: Pick<ProcessTable, 'living'>,
  contained: ContainedDaemons | null = null,
): UncountedList {
  const byPid = new Map<number, Uncounted>();
  return {
    add: (found) => {
      for (const each of withoutContained(found, contained)) {
        const alike = [...byPid.values()].filter(
          ({ gap }) => gap.cause === each.gap.cause && gap.ownerUid === each.gap.ownerUid,
        );
        if (alike.length < maxOfACause) byPid.set(each.process.pid, each);
      }
    },
    delete: (pid) => byPid.delete(pid),
    retain: (living) => {
      for (const pid of byPid.keys()) if (!living.has(pid)) byPid.delete(pid);
    },
    gaps: async (owners, counts) => {
      const concerned = [...byPid.values()].filter(
        ({ process, gap }) => !counts(process.pid) && isWanted(gap.ownerUid ?? 0, owners),
      );
      if (concerned.length === 0) return [];
      const living = await table.living(concerned.map(({ process }) => process));
      return concerned.flatMap(({ process, gap }) => (living.has(process.pid) ? gap : []));
    },
  };
}
