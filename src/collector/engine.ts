import type { AllDaemonSettings } from '../daemons/description.ts';
import type { DaemonDriver } from '../daemons/driver.ts';
import {
  type ProcessListing,
  type ProcessTable,
  TableLateError,
} from '../os/processes/process-table.ts';
import type { FtpAccountList } from '../sessions/ftp-account.ts';
import type { SessionIdentity } from '../sessions/identity.ts';
import type { ResolvedScope } from '../sessions/scope.ts';
import type { Gap } from '../sessions/session.ts';
import { type Accounts, noAccounts } from './accounts.ts';
import { createAddedProcesses } from './added-processes.ts';
import { type ContainerRules, createContainedDaemons } from './contained-daemons.ts';
import type { Daemon } from './daemon.ts';
import {
  createDaemonScan,
  type DaemonScan,
  type Found,
  readAncestry,
  reverify,
} from './daemon-scan.ts';
import type { Target } from './ender.ts';
import { isolateFailures, type OnFailure } from './failures.ts';
import { listFtpAccounts } from './ftp-accounts.ts';
import type { Owners } from './owners.ts';
import { createRelisting, type ProcessTracker } from './process-tracker.ts';
import { createSearch, type Searched } from './search.ts';
import { createTracker, type Tracker } from './tracker.ts';

export interface EngineOptions {
  readonly drivers: readonly DaemonDriver[];
  readonly settings: AllDaemonSettings;
  readonly table: ProcessTable;
  /** Which containers' daemons count; null for none. */
  readonly containers?: ContainerRules | null;
  /** How long the scan for one daemon may take, in milliseconds. */
  readonly maxScanMs?: number;
  readonly onFailure?: OnFailure;
}

/** Finds the sessions of every daemon that there is a driver of; it knows none of them by name. */
export interface Engine {
  /**
   * Scans this host. A driver that throws or is late is a gap that names its daemon. Rejects only
   * when the process table itself cannot be read.
   */
  scan(owners: Owners, accounts?: Accounts): Promise<Found>;
  /** The FTP accounts of the daemons whose masters the last scan has seen. */
  accounts(scope: ResolvedScope): FtpAccountList;
  /** Verifies anew what is to be ended, and gives those that still are sessions of `owners`. */
  reverify(
    identities: readonly SessionIdentity[],
    owners: Owners,
    accounts?: Accounts,
  ): Promise<readonly Target[]>;
}

/** Below what the monitor waits for a scan, so that the other daemons' sessions go out. */
const defaultMaxScanMs = 10_000;

/** One daemon, once its records were opened. */
interface Opened {
  readonly daemon: Daemon;
  readonly source: ProcessTracker;
  readonly tracker: Tracker | null;
  readonly scan: DaemonScan;
}

export function createEngine({
  drivers,
  settings,
  table,
  containers = null,
  maxScanMs = defaultMaxScanMs,
  onFailure = () => {},
}: EngineOptions): Engine {
  const search = table.kept === null ? null : createSearch(table.kept);
  const added = table.kept === null ? null : createAddedProcesses(table.kept);
  const daemons = drivers.map((driver) => {
    const { name } = driver.description;
    let opened: Opened | null = null;
    return {
      isolation: isolateFailures({ name, maxScanMs, onFailure }),
      get opened() {
        return opened;
      },
      open: () => {
        opened ??= open(driver, settings[name] ?? {}, table, containers);
        return opened;
      },
    };
  });

  /** What is searched for among all processes, once it has gone through a listing. */
  function searched(): Searched[] {
    const tracked = daemons.flatMap(({ opened }) => opened ?? []);
    return tracked.flatMap(({ daemon: { driver }, tracker }) =>
      tracker === null ? [] : { driver, tracker },
    );
  }

  /**
   * Null where a known master makes it unnecessary, of whichever daemon: others are searched for
   * beside the scans. Without one it is enough to look into what was added since the scan before. A
   * driver that failed before it had gone through a listing is given another.
   */
  async function listAll(): Promise<ProcessListing | null> {
    const sources = daemons.flatMap(({ opened }) => opened?.source ?? []);
    const isBehind = sources.length < daemons.length || sources.some((source) => source.isBehind);
    if (!isBehind) {
      if (sources.some(({ hasMasters }) => hasMasters)) return null;
      const canTrack = !sources.some(({ needsListings }) => needsListings);
      if (canTrack && added?.follow(searched())) return null;
    }
    const lastPid = table.kept?.lastPid() ?? null;
    const listing = await table.list();
    added?.begin(listing, lastPid);
    return listing;
  }

  return {
    scan: async (owners, accounts = noAccounts) => {
      let listing: ProcessListing | null;
      try {
        listing = await listAll();
      } catch (error) {
        if (!(error instanceof TableLateError)) throw error;
        return { sessions: [], gaps: [{ cause: 'processes-late', ownerUid: null }], daemons: [] };
      }
      if (listing === null) search?.begin(searched());
      const found = await Promise.all(
        daemons.map(({ isolation, open: opening }) =>
          isolation.scan(async () => opening().scan.run(listing, owners, accounts)),
        ),
      );
      const hidden: Gap[] = listing?.othersAreHidden
        ? [{ cause: 'processes-hidden', ownerUid: null }]
        : [];
      return merge([{ sessions: [], daemons: [], gaps: hidden }, ...found]);
    },
    accounts: (scope) =>
      listFtpAccounts(
        scope,
        daemons.flatMap(({ opened }) => {
          if (opened === null) return [];
          const { driver } = opened.daemon;
          const ofDaemon = settings[driver.description.name] ?? {};
          return { driver, settings: ofDaemon, masters: opened.scan.masters() };
        }),
      ),
    reverify: async (identities, owners, accounts = noAccounts) => {
      const listed = await readAncestry(
        identities.map(({ pid }) => pid),
        table,
      );
      const targets = await Promise.all(
        daemons.map(({ isolation, open: opening }) =>
          isolation.reverify(async () => {
            const { daemon } = opening();
            const contained = daemon.contained?.reverify(identities, accounts) ?? [];
            return [...(await reverify(identities, owners, listed, daemon)), ...contained];
          }),
        ),
      );
      return targets.flat();
    },
  };
}

function open(
  driver: DaemonDriver,
  settings: AllDaemonSettings[string],
  table: ProcessTable,
  containers: ContainerRules | null,
): Opened {
  const contained =
    containers === null || table.contained == null
      ? null
      : createContainedDaemons(driver, table, table.contained, containers);
  const daemon = { driver, records: driver.openRecords(settings, table), table, contained };
  const { kept, files } = table;
  const tracker = kept === null || files === null ? null : createTracker(daemon, kept, files);
  const source = tracker ?? createRelisting(daemon);
  return { daemon, source, tracker, scan: createDaemonScan(daemon, source) };
}

function merge(found: readonly Found[]): Found {
  const containedDaemons = found.flatMap((each) => each.containedDaemons ?? []);
  return {
    // Not by flatMap, which goes over thousands one by one.
    sessions: allOf(found.map(({ sessions }) => sessions)),
    gaps: withoutTwins(found.flatMap(({ gaps }) => gaps)),
    daemons: found.flatMap(({ daemons }) => daemons),
    ...(containedDaemons.length === 0 ? {} : { containedDaemons }),
  };
}

/** What concerns the whole host is said once, whichever daemons' scans have met it. */
function withoutTwins(gaps: readonly Gap[]): Gap[] {
  const logged = new Set<string>();
  return gaps.filter(({ cause, ownerUid, daemon = '' }) => {
    if (ownerUid !== null) return true;
    const key = `${cause} ${daemon}`;
    const isFirst = !logged.has(key);
    logged.add(key);
    return isFirst;
  });
}

function allOf<T>(lists: readonly (readonly T[])[]): T[] {
  return ([] as T[]).concat(...lists);
}
