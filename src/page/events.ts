import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Account } from '../accounts/account.ts';
import {
  accountOf,
  authenticateByLogin,
  loginKeysOf,
  reauthenticate,
  revalidateState,
} from '../auth/authentication.ts';
import type { Authenticators } from '../auth/authenticators.ts';
import { RetryLaterError } from '../http/retry-later-error.ts';
import type { Arguments } from '../uapi/call/arguments.ts';
import type { Call } from '../uapi/call/call.ts';
import { makeCall } from '../uapi/doors/door.ts';
import { createEventStream, type EventStream, type StreamEvent } from './event-stream.ts';
import { eventColumns, eventsOperation } from './events-operation.ts';
import { createTicker } from './ticker.ts';

export interface EventsOptions extends Authenticators {
  readonly call: Call;
}

const pauseMs = 1_000;

/** How long a stop waits for readers to take what is on its way. */
const farewellMs = 500;

/** Streams of one account at a time; a browser has no more than six to a server (HTTP/1.1). */
const maxStreams = 30;

const listTransfers = { module: 'Ftp', func: 'list_transfers' } as const;

/** At the gateway of a fleet rows have the server, too, and are told apart by it; elsewhere none has. */
const columns = [...eventColumns, 'server'];

const args: Arguments = new Map([
  ['api.columns', '1'],
  ...columns.map((name, index) => [`api.columns_${index}`, name] as const),
]);

/**
 * GET /events, or /cpsess##########/events with a login's cookie: what Ftp::list_transfers answers to
 * the account, once a second, as server-sent events. HEAD tells whether the credentials hold. Events:
 * "account" whose they are, "sessions" a result in the flat envelope, "beat" nothing new, "over" the
 * credentials hold no longer.
 */
export function eventsRoute(app: FastifyInstance, options: EventsOptions): void {
  const ticker = createTicker<Beat>(pauseMs, async () => {
    await revalidateState(options);
    return new Map();
  });
  const budget = createStreamBudget();
  app.decorate('endStreams', () => ticker.end());
  app.addHook('preClose', async () => ticker.end());
  const onRequest = async (request: FastifyRequest, reply: FastifyReply) => {
    // A browser adds a password that it remembers; the page's login is its cookie.
    if (loginKeysOf(request) === null) return app.authenticate(request, reply);
    await revalidateState(options);
    await authenticateByLogin(request, options);
  };
  const route = { onRequest, exposeHeadRoute: false };
  app.head('/events', { onRequest, schema: { hide: true } }, async (_request, reply) =>
    reply.type('text/event-stream').send(),
  );
  app.get('/events', { ...route, schema: eventsOperation }, async (request, reply) => {
    const giveBack = budget.take(accountOf(request).name);
    if (giveBack === null) {
      throw new RetryLaterError(429, 'Too many streams of this account are open.', 10);
    }
    const stream = createEventStream(request.headers['last-event-id'] as string | undefined);
    const leave = ticker.add({
      beat: (beat) => notify(beat, request, stream, options),
      end: () => bidFarewell(stream, reply),
    });
    stream.body.once('close', () => {
      leave();
      giveBack();
    });
    // nginx would keep events until it has some kilobytes of them.
    reply.header('x-accel-buffering', 'no');
    return reply.type('text/event-stream; charset=utf-8').send(stream.body);
  });
}

/** Ends a stream; a reader who takes nothing must not hold up a stop of the server. */
function bidFarewell(stream: EventStream, { raw }: FastifyReply): void {
  stream.end();
  setTimeout(() => {
    if (!raw.writableFinished) raw.destroy();
  }, farewellMs).unref();
}

/** Room for streams by account; `take` gives how to give it back, or null when there is none. */
function createStreamBudget(): { take(account: string): (() => void) | null } {
  const taken = new Map<string, number>();
  return {
    take: (account) => {
      const others = taken.get(account) ?? 0;
      if (others >= maxStreams) return null;
      taken.set(account, others + 1);
      return () => {
        const rest = (taken.get(account) ?? 1) - 1;
        if (rest === 0) taken.delete(account);
        else taken.set(account, rest);
      };
    },
  };
}

/** What an account is told in one beat. */
interface State {
  readonly events: readonly StreamEvent[];
  /**
   * A hash, made when it is first asked for: a number in order would tell a reader how much others
   * ask and do.
   */
  id(): string;
}

/** By the name of the account. */
type Beat = Map<string, Promise<State>>;

/**
 * Asks on behalf of the credentials as they are at this moment, and tells what came of it. Each time
 * uses a login, as each request of a page that polls would: whoever has the sessions before him on a
 * screen must not be thrown out for not having clicked. It lasts no longer for that than while somebody
 * can see it (the page lets go of the stream when it is in the background, and who takes nothing is not
 * asked for), and never beyond the login's absolute time.
 */
async function notify(
  beat: Beat,
  request: FastifyRequest,
  stream: EventStream,
  options: EventsOptions,
): Promise<void> {
  if (!stream.isReady()) return;
  let account: Account;
  try {
    account = reauthenticate(request, options);
  } catch {
    stream.end('over');
    return;
  }
  const { name } = account;
  const asked = beat.get(name) ?? stateOf(account, request, options);
  beat.set(name, asked);
  const { events, id } = await asked;
  stream.update(events, id);
  stream.beat();
}

async function stateOf(
  account: Account,
  request: FastifyRequest,
  { call }: EventsOptions,
): Promise<State> {
  // Other streams of the account wait for it too, when this one's client has gone.
  const called = { name: listTransfers, account, args, isWanted: () => true };
  const { result } = await makeCall(request, call, called);
  const { name, role } = account;
  const events: StreamEvent[] = [
    ['account', JSON.stringify({ name, role })],
    ['sessions', JSON.stringify(result)],
  ];
  let id: string | null = null;
  return {
    events,
    id: () => {
      id ??= createHash('sha256').update(JSON.stringify(events)).digest('base64url').slice(0, 22);
      return id;
    },
  };
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Ends the answers that would go on for ever, so that the server can stop. */
    endStreams(): void;
  }
}
