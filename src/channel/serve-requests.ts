import type { Duplex } from 'node:stream';
import type * as z from 'zod';
import type { KeptLogins } from '../accounts/kept-logins.ts';
import { receiveFrames, sendFrame, sendRawReply } from '../lib/frames.ts';
import type { VersionedValue } from '../lib/versioned-value.ts';
import type { MonitorStats } from '../os/process-stats.ts';
import type { History } from '../session-log/open-history.ts';
import type { Scope } from '../sessions/scope.ts';
import type { SessionEnder } from '../sessions/session-ender.ts';
import type { SnapshotLine, SnapshotRelay } from '../sessions/snapshot-relay.ts';
import { createAnswerBudget } from './answer-budget.ts';
import {
  type EndRequest,
  type Event,
  fromWorker,
  maxFromWorkerBytes,
  type Request,
} from './messages.ts';

/** What the monitor answers from. */
export interface MonitorServices {
  readonly snapshots: SnapshotRelay;
  readonly ender: SessionEnder;
  readonly state: VersionedValue;
  readonly keyPair: VersionedValue;
  readonly processStats: () => Promise<MonitorStats>;
  readonly logins: KeptLogins;
  /** Whether it is that system user's password; false for every user that is no account of its own. */
  readonly checkPassword: (name: string, password: string) => Promise<boolean>;
  /** Answers from the session log, with the JSON that goes to the asker unread. */
  readonly history: Pick<History, 'read'>;
  /** Signs a request of this machine as a gateway; throws for what it does not sign. Absent for none. */
  readonly signAsk?: ((message: string) => string) | undefined;
}

export interface ChannelHandlers<AnyEvent> {
  readonly onEvent: (event: AnyEvent) => void;
  /** The other side sent what it never sends. Nothing of it is read any more. */
  readonly onFault: (reason: string) => void;
  readonly onInternalError: (error: unknown) => void;
}

/** What one side may cost the other. */
export interface ChannelLimits {
  /** So many requests are worked on at a time; more wait unread in the channel. */
  readonly maxAtATime: number;
  /**
   * Ending waits for sessions that may not go, so it holds up nothing else: it does not count among
   * those, and has a bound of its own, beyond which it fails.
   */
  readonly maxEndings: number;
  /** While more bytes of answers are unread, nothing more is read or answered. */
  readonly maxUnreadBytes: number;
}

const workerLimits: ChannelLimits = {
  maxAtATime: 512,
  maxEndings: 1_024,
  maxUnreadBytes: 64 * 1024 * 1024,
};

/** A request that a snapshot answers, which goes from the scanner to the asker unread. */
interface SnapshotRequest {
  readonly id: number;
  readonly verb: 'snapshot';
  readonly scope: Scope;
  readonly details?: true | undefined;
  readonly ftpAccounts?: true | undefined;
  readonly known?: number;
}

/** What may come over a channel, and what answers it. */
export interface Protocol<AnyRequest, AnyEvent> {
  /** Everything else is a fault. */
  readonly messages: z.ZodType<AnyRequest | SnapshotRequest | AnyEvent>;
  readonly limits: ChannelLimits;
  /** The channel's own; it is closed with the channel. */
  readonly snapshots: SnapshotLine;
  /**
   * Resolves to what makes any other answer, to be called right before it is sent: a value, or the
   * bytes of its JSON.
   */
  readonly answer: (request: AnyRequest) => Promise<() => unknown>;
  /** Told beside the answers to requests that name a version of it. */
  readonly state?: VersionedValue;
}

/** Answers the worker's requests on a channel until it ends. Never throws for what comes in. */
export function serveWorker(
  channel: Duplex,
  services: MonitorServices,
  handlers: ChannelHandlers<Event>,
): void {
  const answer = (request: OtherRequest) => prepareAnswer(request, services);
  serveChannel<OtherRequest, Event>(
    channel,
    {
      messages: fromWorker,
      limits: workerLimits,
      snapshots: services.snapshots.open(),
      answer,
      state: services.state,
    },
    handlers,
  );
}

type OtherRequest = Exclude<Request, SnapshotRequest>;

/** Answers requests on a channel until it ends. Never throws for what comes in. */
export function serveChannel<
  AnyRequest extends { readonly id: number; readonly verb: string },
  AnyEvent extends { readonly event: string },
>(
  channel: Duplex,
  { messages, limits, snapshots, answer: prepare, state }: Protocol<AnyRequest, AnyEvent>,
  { onEvent, onFault, onInternalError }: ChannelHandlers<AnyEvent>,
): void {
  const { maxAtATime, maxEndings, maxUnreadBytes } = limits;
  let working = 0;
  let ending = 0;
  let isAtFault = false;
  let sentVersion = 0;
  let isStateRead = false;
  let waiting: (() => void)[] = [];
  const budget = createAnswerBudget(maxUnreadBytes, () => channel.writableLength);

  function fault(reason: string): void {
    if (isAtFault) return;
    isAtFault = true;
    channel.pause();
    onFault(reason);
  }

  /** Reads on, or lets requests wait in the channel while there is enough to do. */
  function pace(): void {
    if (isAtFault) return;
    if (working >= maxAtATime || isFull()) channel.pause();
    else channel.resume();
  }

  function isFull(): boolean {
    return channel.writableLength > maxUnreadBytes;
  }

  function fail(id: number, error: unknown): void {
    onInternalError(error);
    sendFrame(channel, JSON.stringify({ id, error: 'the monitor failed' }));
  }

  /**
   * What an answer begins with. The state is read once for all answers until the next question comes
   * in, and told once: the other side reads answers in their order.
   */
  function headOf(id: number, known: number | undefined): string {
    if (known === undefined || state === undefined) return `{"id":${id},"value":`;
    const update = isStateRead
      ? { version: sentVersion }
      : state.since(Math.max(known, sentVersion));
    isStateRead = true;
    sentVersion = update.version;
    return `{"id":${id},"state":${JSON.stringify(update)},"value":`;
  }

  /** Answers are passed on in the order in which they come: each builds on the one before it. */
  function relay({ id, scope, details, ftpAccounts, known }: SnapshotRequest): void {
    working += 1;
    pace();
    budget.whenThere(() =>
      snapshots.ask(scope, { details, ftpAccounts }, (error, json) => {
        if (json === null) fail(id, error);
        else sendRawReply(channel, headOf(id, known), json);
        working -= 1;
        budget.taken(json?.length ?? 0);
        pace();
      }),
    );
  }

  async function work(request: AnyRequest): Promise<void> {
    const isEnding = request.verb === 'end-sessions';
    if (isEnding) ending += 1;
    else working += 1;
    pace();
    try {
      if (isEnding && ending > maxEndings) throw new Error('too many sessions are to be ended');
      const answer = await prepare(request);
      // An answer takes memory only from the moment that there is room for it.
      while (isFull()) await new Promise<void>((resolve) => waiting.push(resolve));
      const value = answer() ?? null;
      const known = isStateRequest(request) ? request.known : undefined;
      const head = headOf(request.id, known);
      if (Buffer.isBuffer(value)) sendRawReply(channel, head, value);
      else sendFrame(channel, `${head}${JSON.stringify(value)}}`);
    } catch (error) {
      fail(request.id, error);
    }
    if (isEnding) ending -= 1;
    else working -= 1;
    pace();
  }

  channel.on('drain', () => {
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
    budget.update();
    pace();
  });
  channel.once('close', () => snapshots.close());
  receiveFrames(channel, maxFromWorkerBytes, {
    onFault: ({ message }) => fault(message),
    onValue: (value) => {
      const message = messages.safeParse(value);
      if (isAtFault) return;
      isStateRead = false;
      if (!message.success) fault('a message of no known form');
      else if ('event' in message.data) onEvent(message.data);
      else if (isSnapshotRequest(message.data)) relay(message.data);
      else void work(message.data);
    },
  });
}

function isSnapshotRequest(request: { readonly verb: string }): request is SnapshotRequest {
  return request.verb === 'snapshot';
}

function isStateRequest(request: object): request is { readonly known: number } {
  if (!('verb' in request && 'known' in request)) return false;
  return request.verb === 'state' || request.verb === 'sign-ask';
}

async function prepareAnswer(
  request: OtherRequest,
  services: MonitorServices,
): Promise<() => unknown> {
  switch (request.verb) {
    case 'end-sessions':
      return prepareEnding(request, services.ender);
    case 'state':
      // All that is asked for is told beside it.
      return () => null;
    case 'key-pair':
      return () => services.keyPair.since(request.known);
    case 'process-stats': {
      const processStats = await services.processStats();
      return () => processStats;
    }
    case 'open-login': {
      const cookie = await services.logins.open(request.login);
      return () => cookie;
    }
    case 'end-login':
      await services.logins.end(request.login);
      return () => null;
    case 'check-password': {
      const isRight = await services.checkPassword(request.name, request.password);
      return () => isRight;
    }
    case 'sign-ask': {
      if (services.signAsk === undefined) throw new Error('this server is no gateway of a fleet');
      const signature = services.signAsk(request.message);
      return () => signature;
    }
    case 'history': {
      const json = await services.history.read(request.query);
      return () => json;
    }
  }
}

/** Resolves to what makes the text of the answer. */
export async function prepareEnding(
  { identities, scope }: EndRequest,
  ender: SessionEnder,
): Promise<() => unknown> {
  const ended = await ender.end(identities, scope);
  return () => ended;
}
