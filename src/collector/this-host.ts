import type { AllDaemonSettings } from '../daemons/description.ts';
import { daemonDrivers } from '../daemons/index.ts';
import { createContainerRules } from '../os/containers/container-rules.ts';
import type { ContainerRule } from '../os/containers/rule.ts';
import { createLeftAlone, type LeftAlone } from '../os/processes/left-alone.ts';
import { createProcfsTable } from '../os/processes/procfs.ts';
import { createPsListTable } from '../os/processes/ps-list.ts';
import { createSystemUsers } from '../os/users/system-users.ts';
import type { Gap, SessionSource } from '../sessions/session.ts';
import type { SessionEnder } from '../sessions/session-ender.ts';
import type { Accounts } from './accounts.ts';
import { type CollectorOptions, createCollector } from './collector.ts';
import type { Found } from './daemon-scan.ts';
import { readDetails } from './details.ts';
import { createEnder } from './ender.ts';
import { createEngine } from './engine.ts';
import type { OnFailure } from './failures.ts';
import { trackIssued } from './issued.ts';
import type { Owners } from './owners.ts';

export interface FtpSettings {
  readonly processSource: 'procfs' | 'ps-list';
  readonly procRoot: string;
  readonly daemons: AllDaemonSettings;
  /** Whose the daemons of which containers are. */
  readonly containers?: readonly ContainerRule[];
  /** Where dockerd keeps what it knows of its containers. */
  readonly dockerDataRoot?: string;
}

/** The FTP sessions of this host, and what ends them. */
export interface Ftp {
  readonly sessions: SessionSource;
  readonly ender: SessionEnder;
}

export interface Before extends CollectorOptions {
  readonly leftAlone?: LeftAlone;
  readonly onFailure?: OnFailure;
  /** Told what each scan has found; `isWhole` where that is everybody's. */
  readonly onFound?: (found: Found, isWhole: boolean) => void;
}

/** The daemons of this host, looked at with the rights of this process. */
export function createFtp(
  { processSource, procRoot, daemons, containers: rules = [], dockerDataRoot = '' }: FtpSettings,
  {
    leftAlone = createLeftAlone(procRoot),
    scansBefore = 0,
    onFailure = () => {},
    onFound = () => {},
    systemUsers = createSystemUsers(),
  }: Before = {},
): Ftp {
  const table =
    processSource === 'procfs'
      ? createProcfsTable(procRoot, leftAlone)
      : createPsListTable(process.platform === 'linux' ? procRoot : null, leftAlone);
  const engine = createEngine({
    drivers: daemonDrivers,
    settings: daemons,
    table,
    containers: rules.length === 0 ? null : createContainerRules(rules, dockerDataRoot),
    onFailure,
  });
  const scan = async (owners: Owners, accounts: Accounts) => {
    const found = await engine.scan(owners, accounts);
    onFound(found, owners === null);
    return { ...found, gaps: [...found.gaps, ...gapsOf(leftAlone)] };
  };
  const collector = createCollector(scan, {
    systemUsers,
    scansBefore,
    detailsOf: (sessions) => readDetails(sessions, table),
    accountsIn: engine.accounts,
  });
  const { sessions, wasListed } = trackIssued(collector, table);
  return {
    sessions,
    ender: createEnder({ reverify: engine.reverify, systemUsers, table, wasListed }),
  };
}

/** Tells of each process that is left alone; it may be a session of its owner's. */
function gapsOf(leftAlone: LeftAlone): Gap[] {
  return leftAlone
    .living()
    .map(({ pid, uid }) => ({ cause: 'process-left-alone', ownerUid: uid, pid }));
}
