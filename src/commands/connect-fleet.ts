import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { administrator } from '../access/administrator.ts';
import type { ScanSettings } from '../config/config.ts';
import { RefusedError } from '../lib/refused-error.ts';
import { openFleet } from '../monitor/open-fleet.ts';
import { createSystemUsers } from '../os/users/system-users.ts';
import { FleetError } from '../sessions/servers.ts';
import { ApiError } from '../uapi/call/api-error.ts';
import type { CallContext } from '../uapi/call/define-function.ts';
import { countSessions } from '../uapi/Fleet/count_sessions.ts';
import { functions } from '../uapi/functions.ts';
import { prepareFleet } from '../worker/fleet.ts';
import { createCommandAudit } from './command-audit.ts';
import { accountNamed, accountsOf } from './command-host.ts';
import type { FleetOptions, GatewayPlace } from './fleet-options.ts';

/** A fleet as its gateway's functions see it. */
export interface FleetConnection {
  /** A call of the account that the options name, of the servers that they name; it keeps what is given. */
  callWith<Kept>(kept: Kept): CallContext<Kept>;
  close(): Promise<void>;
}

/** A first connection that takes longer is told as its failure. */
const connectMs = 10_000;
/** The second of two machines with one key has answered by then, unless it is far slower. */
const secondAnswerMs = 200;

/**
 * Connects to a fleet as its gateway, by a connection of this command's own: root reads the gateway's keys,
 * whether its server runs or not. Throws RefusedError for an account that there is none of, and in words
 * for the administrator where the fleet cannot be reached.
 */
export async function connectFleet(
  place: GatewayPlace,
  settings: ScanSettings,
  { account: name, server }: FleetOptions,
): Promise<FleetConnection> {
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
  const host = { ...gateway, systemUsers, accounts, audit };
  const args = new Map(server === undefined ? [] : [['server', server]]);
  const call = { account, args, by: account.name, address: '', unsentBytes: () => 0, host };
  if (place.servers.length > 0) {
    await connected(up, problems, prepared.close);
    await meetHosts({ ...call, kept: undefined }, problems, prepared.close);
  }
  return { callWith: (kept) => ({ ...call, kept }), close: prepared.close };
}

/**
 * Asks the hosts for their numbers. Of two machines with one key the first that answers a question counts, until
 * the second has answered it as well; a server knows that from earlier questions, and a command has none.
 */
async function meetHosts(
  call: Parameters<typeof countSessions.run>[0],
  problems: readonly string[],
  close: () => Promise<void>,
): Promise<void> {
  try {
    await countSessions.run(call);
    await delay(secondAnswerMs);
  } catch (error) {
    // What else is wrong with the question is told of the one that is meant.
    if (!(error instanceof FleetError && error.code === 'fleet-connection-lost')) return;
    const why = unreachable(problems);
    await close();
    throw why;
  }
}

const unreachable = (problems: readonly string[]) =>
  new Error(`the fleet cannot be reached: ${problems.at(-1) ?? 'no messaging server answers'}`);

/** What a function of the gateway throws, in the words and with the code of a command. */
export function refusedOf(error: unknown): unknown {
  const isUnknown = error instanceof ApiError && error.code === 'server-unknown';
  return isUnknown ? new RefusedError('unknown', error.message) : error;
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
  throw unreachable(problems);
}
