import type { Logger } from 'pino';
import { administrator } from '../access/administrator.ts';
import type { ScanSettings } from '../config/config.ts';
import type { FleetPlace } from '../config/fleet-place.ts';
import { RefusedError } from '../lib/refused-error.ts';
import { openFleet } from '../monitor/open-fleet.ts';
import { createSystemUsers } from '../os/users/system-users.ts';
import { FleetError } from '../sessions/servers.ts';
import type { Observation, ObservedServers } from '../terminal/watch-frame.ts';
import { ApiError } from '../uapi/call/api-error.ts';
import { missingWarnings, serversMetadata } from '../uapi/Fleet/fleet-warnings.ts';
import { listFleetTransfers } from '../uapi/Fleet/list-functions.ts';
import { functions } from '../uapi/functions.ts';
import { prepareFleet } from '../worker/fleet.ts';
import { createCommandAudit } from './command-audit.ts';
import { accountNamed, accountsOf } from './command-host.ts';
import type { SessionView } from './session-view.ts';

export interface FleetViewOptions {
  readonly account?: string | undefined;
  readonly server?: string | undefined;
}

/** A first connection that takes longer is told as its failure. */
const connectMs = 10_000;

/**
 * The sessions of a fleet as its gateway sees them, over a connection of this command's own: root reads the
 * gateway's keys, whether its server runs or not. Throws RefusedError for an account or a server that there
 * is none of, and in words for the administrator where the fleet cannot be reached.
 */
export async function viewFleet(
  place: FleetPlace & { readonly gateway: string },
  settings: ScanSettings,
  { account: name, server }: FleetViewOptions,
): Promise<SessionView & { close(): Promise<void> }> {
  const accounts = accountsOf(settings);
  const account = name === undefined ? administrator : accountNamed(name, accounts);
  const audit = createCommandAudit(settings.auditLog);
  const problems: string[] = [];
  const fleet = openFleet(
    { ...place, host: null },
    settings.stateDir,
    (text) => problems.push(text),
    {
      accounts,
      // Nothing is ended by this command.
      roles: { isEnabled: () => false },
      audit,
    },
  );
  const { hosts, signAsk } = fleet;
  if (hosts === null || signAsk === undefined)
    throw new Error('this machine has no keys of a gateway');
  let isUp = () => {};
  const up = new Promise<void>((resolve) => {
    isUp = resolve;
  });
  const logger = {
    info: () => isUp(),
    warn: ({ problem }: { problem?: string }) => problem && problems.push(problem),
    error: () => {},
  } as unknown as Logger;
  const systemUsers = createSystemUsers();
  const nobody = async () => {
    throw new Error('this command looks at no host itself');
  };
  const prepared = await prepareFleet(fleet.handed, {
    sessions: { snapshot: nobody },
    sessionEnder: { end: nobody },
    history: { read: nobody },
    systemUsers,
    accounts,
    audit,
    hosts: () => hosts().hosts,
    signAsk: async (message) => signAsk(message),
    functions,
    logger,
  });
  const { gateway } = prepared;
  if (gateway === null) throw new Error('this machine is no gateway of a fleet');
  await prepared.open();
  if (place.servers.length > 0) await connected(up, problems, prepared.close);
  const kept = listFleetTransfers.keep?.();
  if (kept === undefined) throw new Error('the list of a fleet keeps nothing');
  const host = { ...gateway, systemUsers, accounts, audit };
  const args = new Map(server === undefined ? [] : [['server', server]]);
  const call = { account, args, by: account.name, address: '', unsentBytes: () => 0, host, kept };
  return {
    name: `fleet of ${place.gateway}`,
    observe: () => observe(call),
    end: async () =>
      'A watch of a fleet ends no session: the page of the gateway does, or uapid on the server itself.',
    close: prepared.close,
  };
}

async function connected(
  up: Promise<void>,
  problems: readonly string[],
  close: () => Promise<void>,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), connectMs);
  });
  const outcome = await Promise.race([up, late]);
  clearTimeout(timer);
  if (outcome !== 'late') return;
  await close();
  throw new Error(
    `the fleet cannot be reached: ${problems.at(-1) ?? 'no messaging server answers'}`,
  );
}

type Call = Parameters<typeof listFleetTransfers.run>[0];

async function observe(call: Call): Promise<Observation> {
  const at = new Date();
  try {
    const { data, warnings = [], metadata } = await listFleetTransfers.run(call);
    const servers = metadata?.['servers'] as ObservedServers | undefined;
    // Each missing server has a line of its own.
    const others = warnings.filter(({ code }) => !code.startsWith('server-'));
    return {
      at,
      rows: data,
      warnings: others.map(({ text }) => text),
      ...(servers && { servers }),
    };
  } catch (error) {
    if (error instanceof ApiError && error.code === 'server-unknown') {
      throw new RefusedError('unknown', error.message);
    }
    if (!(error instanceof FleetError) || error.servers === null) throw error;
    const { servers } = serversMetadata(error.servers);
    const warnings = missingWarnings(error.servers).map(({ text }) => text);
    return { at, rows: [], warnings, servers };
  }
}
