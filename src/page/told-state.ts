import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Account } from '../accounts/account.ts';
import type { Call } from '../uapi/call/call.ts';
import { makeCall } from '../uapi/doors/door.ts';
import type { Result } from '../uapi/envelope/envelope.ts';
import type { StreamEvent } from './event-stream.ts';
import { eventColumns } from './events-operation.ts';
import type { OpenedServers } from './opened-servers.ts';

/** What an account is told in one beat. */
export interface State {
  readonly events: readonly StreamEvent[];
  /** At the gateway of a fleet: what Fleet::count_sessions answers, of which each reader is told the news. */
  readonly servers: Result | null;
  /**
   * A hash, made when it is first asked for: a number in order would tell a reader how much others
   * ask and do.
   */
  id(): string;
}

/** On whose behalf the state is asked for. */
export interface Asking {
  readonly account: Account;
  readonly request: FastifyRequest;
  readonly call: Call;
}

const listTransfers = { module: 'Ftp', func: 'list_transfers' } as const;
const countSessions = { module: 'Fleet', func: 'count_sessions' } as const;

/** At the gateway of a fleet rows have the server, too, and are told apart by it; elsewhere none has. */
const columns = [...eventColumns, 'server'];
const columnArgs: readonly (readonly [string, string])[] = [
  ['api.columns', '1'],
  ...columns.map((name, index) => [`api.columns_${index}`, name] as const),
];

/** What is told of one host. */
export async function stateOf(asking: Asking): Promise<State> {
  const result = await ask(asking, listTransfers, []);
  const { name, role } = asking.account;
  return state([['account', JSON.stringify({ name, role })]], null, result);
}

/** What Fleet::count_sessions answers to an account. */
export function countsOf(asking: Asking): Promise<Result> {
  return ask(asking, countSessions, []);
}

/** What is told at the gateway of a fleet: all servers by their counts, and the sessions of those opened. */
export async function fleetStateOf(
  asking: Asking,
  counts: Promise<Result>,
  opened: OpenedServers,
): Promise<State> {
  const { name, role } = asking.account;
  const account: StreamEvent = ['account', JSON.stringify({ name, role, fleet: true })];
  const servers = await counts;
  // Without a list of servers there is none of sessions, for the same reason.
  if (servers.data === null) return state([account], servers, servers);
  const rows = servers.data as readonly { readonly server: string; readonly state: string }[];
  const there = rows.flatMap(({ server, state: is }) => (is === 'answers' ? server : []));
  const asked = opened === 'all' ? there : there.filter((server) => opened.has(server));
  if (asked.length === 0) return state([account], servers, noSessions);
  const narrowed = opened === 'all' ? [] : [['server', asked.join(',')] as const];
  return state([account], servers, await ask(asking, listTransfers, narrowed));
}

const noSessions: Result = {
  data: [],
  errors: null,
  messages: null,
  metadata: {},
  status: 1,
  warnings: null,
};

async function ask(
  { account, request, call }: Asking,
  name: typeof listTransfers | typeof countSessions,
  more: readonly (readonly [string, string])[],
): Promise<Result> {
  const args = new Map([...(name === listTransfers ? columnArgs : []), ...more]);
  // Other streams of the account wait for it too, when this one's client has gone.
  const called = { name, account, args, isWanted: () => true };
  return (await makeCall(request, call, called)).result;
}

function state(first: readonly StreamEvent[], servers: Result | null, sessions: Result): State {
  const events: StreamEvent[] = [...first, ['sessions', JSON.stringify(sessions)]];
  let id: string | null = null;
  return {
    events,
    servers,
    id: () => {
      const all = servers === null ? events : [...events, servers];
      id ??= createHash('sha256').update(JSON.stringify(all)).digest('base64url').slice(0, 22);
      return id;
    },
  };
}
