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
import type { Fleet } from '../sessions/fleet.ts';
import type { Call } from '../uapi/call/call.ts';
import type { Result } from '../uapi/envelope/envelope.ts';
import { createEventStream, type EventStream } from './event-stream.ts';
import { eventsOperation } from './events-operation.ts';
import { type OpenedServers, openedKey, readOpened } from './opened-servers.ts';
import { createServerNews, type ServerNews } from './server-news.ts';
import { createTicker } from './ticker.ts';
import { type Asking, countsOf, fleetStateOf, type State, stateOf } from './told-state.ts';

export interface EventsOptions extends Authenticators {
  readonly call: Call;
  /** At the gateway of a fleet. */
  readonly fleet?: Fleet | undefined;
}

const pauseMs = 1_000;
/** At a gateway the pause is so many times as long as asking its servers took, and no longer than that. */
const gatewayPauses = 10;
/** A page that hears nothing for ten seconds takes the connection for lost. */
const maxPauseMs = 5_000;

/** How long a stop waits for readers to take what is on its way. */
const farewellMs = 500;

/** Streams of one account at a time; a browser has no more than six to a server (HTTP/1.1). */
const maxStreams = 30;

/**
 * GET /events, or /cpsess##########/events with a login's cookie: what Ftp::list_transfers answers to
 * the account, once a second, as server-sent events. HEAD tells whether the credentials hold. Events:
 * "account" whose they are, "sessions" a result in the flat envelope, "beat" nothing new, "over" the
 * credentials hold no longer. At the gateway of a fleet "servers" has them all with their counts, and
 * "sessions" those of the servers that `open` names.
 */
export function eventsRoute(app: FastifyInstance, options: EventsOptions): void {
  const isGateway = options.fleet !== undefined;
  const ticker = createTicker<Beat>(isGateway ? pauseAtGateway : () => pauseMs, async () => {
    await revalidateState(options);
    return { states: new Map(), counts: new Map() };
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
    const opened = isGateway ? readOpened(openedIn(request)) : null;
    const fleet = opened && { opened, news: createServerNews() };
    const leave = ticker.add({
      beat: (beat) => notify(beat, request, { stream, fleet }, options),
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

/** The rest of the time is for other callers: a fleet is no busier for a page that is left open. */
function pauseAtGateway(beatMs: number): number {
  return Math.min(maxPauseMs, Math.max(pauseMs, gatewayPauses * beatMs));
}

function openedIn({ query }: FastifyRequest): string {
  return (query as URLSearchParams).get('open') ?? '*';
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

/** What streams that are told at the same moment share. */
interface Beat {
  /** By the name of the account, and at a gateway by the servers that were opened. */
  readonly states: Map<string, Promise<State>>;
  /** At a gateway: what all servers of an account count, by its name. */
  readonly counts: Map<string, Promise<Result>>;
}

/** What a stream is told by, beside its request. */
interface Reader {
  readonly stream: EventStream;
  /** Null where there is no fleet. */
  readonly fleet: { readonly opened: OpenedServers; readonly news: ServerNews } | null;
}

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
  { stream, fleet }: Reader,
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
  const asking = { account, request, call: options.call };
  const { events, servers, id } = await shared(beat, asking, fleet?.opened);
  const news = servers === null ? null : (fleet?.news.tell(servers) ?? null);
  const [first, ...rest] = events;
  stream.update(first === undefined || news === null ? events : [first, news, ...rest], id);
  stream.beat();
}

/** The state for an account, asked for once a beat. */
function shared(
  { states, counts }: Beat,
  asking: Asking,
  opened: OpenedServers | undefined,
): Promise<State> {
  const { name } = asking.account;
  if (opened === undefined) return once(states, name, () => stateOf(asking));
  return once(states, `${name} ${openedKey(opened)}`, () =>
    fleetStateOf(
      asking,
      once(counts, name, () => countsOf(asking)),
      opened,
    ),
  );
}

function once<Made>(all: Map<string, Made>, key: string, make: () => Made): Made {
  const made = all.get(key) ?? make();
  all.set(key, made);
  return made;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Ends the answers that would go on for ever, so that the server can stop. */
    endStreams(): void;
  }
}
