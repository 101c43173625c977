import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { accountOf, authenticateByLogin, revalidateState } from '../auth/authentication.ts';
import type { Authenticators } from '../auth/authenticators.ts';
import type { Arguments } from '../uapi/call/arguments.ts';
import type { Call } from '../uapi/call/call.ts';
import { makeCall } from '../uapi/doors/door.ts';
import { createEventStream, type EventStream } from './event-stream.ts';
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

/** Not the seconds that pass by themselves, so that what stands still is not sent again. */
const columns = [
  'pid start user owner host protocol status file path bytes_moved bytes_total percent',
  'rate_bytes_per_second started_at',
].flatMap((names) => names.split(' '));
const args: Arguments = new Map([
  ['api.columns', '1'],
  ...columns.map((name, index) => [`api.columns_${index}`, name] as const),
]);

/**
 * GET /cpsess##########/events with the login's cookie: what Ftp::list_transfers answers to the
 * account, once a second, as server-sent events. HEAD tells whether the login holds. Events:
 * "account" who is logged in, "sessions" a result in the flat envelope, "beat" nothing new, "over"
 * the login has ended.
 */
export function eventsRoute(app: FastifyInstance, options: EventsOptions): void {
  const ticker = createTicker<Beat>(pauseMs, async () => {
    await revalidateState(options);
    return new Map();
  });
  const budget = createStreamBudget();
  app.decorate('endStreams', () => ticker.end());
  app.addHook('preClose', async () => ticker.end());
  const onRequest = async (request: FastifyRequest) => {
    await revalidateState(options);
    await authenticateByLogin(request, options);
  };
  const route = { onRequest, schema: { hide: true } };
  app.head('/events', route, async (_request, reply) => reply.type('text/event-stream').send());
  app.get('/events', { ...route, exposeHeadRoute: false }, (request, reply) => {
    const giveBack = budget.take(accountOf(request).name);
    if (giveBack === null) {
      const message = 'Too many pages of this account are open.';
      return reply.code(429).header('retry-after', '10').send({ status: 0, message });
    }
    const stream = createEventStream();
    const leave = ticker.add({
      beat: (beat) => notify(beat, request, stream, options),
      end: () => bidFarewell(stream, reply),
    });
    stream.body.once('close', () => {
      leave();
      giveBack();
    });
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

/** The JSON of what was asked for in one beat, by the name of the account. */
type Beat = Map<string, Promise<string>>;

/**
 * Asks on behalf of the login as it is at this moment, and tells what came of it. Each time uses the
 * login, as each request of a page that polls would: whoever has the sessions before him on a screen
 * must not be thrown out for not having clicked. It lasts no longer for that than while somebody can
 * see it (the page lets go of the stream when it is in the background, and who takes nothing is not
 * asked for), and never beyond the login's absolute time.
 */
async function notify(
  beat: Beat,
  request: FastifyRequest,
  stream: EventStream,
  options: EventsOptions,
): Promise<void> {
  if (!stream.isReady()) return;
  try {
    await authenticateByLogin(request, options);
  } catch {
    stream.send('over', '{}');
    stream.end();
    return;
  }
  const account = accountOf(request);
  const { name, role } = account;
  stream.send('account', JSON.stringify({ name, role }));
  const ask = async () => {
    const called = { name: listTransfers, account, args };
    return JSON.stringify((await makeCall(request, options.call, called)).result);
  };
  const called = beat.get(name) ?? ask();
  beat.set(name, called);
  stream.send('sessions', await called);
  stream.beat();
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Ends the answers that would go on for ever, so that the server can stop. */
    endStreams(): void;
  }
}
