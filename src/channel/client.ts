import type { Duplex } from 'node:stream';
import type { LoginRecord } from '../accounts/kept-login.ts';
import { coalesce } from '../lib/coalesce.ts';
import { receiveFrames, sendFrame } from '../lib/frames.ts';
import type { Update } from '../lib/versioned-value.ts';
import type { MonitorStats } from '../os/process-stats.ts';
import type { HistoryAnswer, HistorySource } from '../session-log/history-answer.ts';
import type { HistoryQuery } from '../sessions/history.ts';
import { identityKey, identityOf, type SessionIdentity } from '../sessions/identity.ts';
import {
  entriesOf,
  type HostScope,
  maxScopeEntries,
  requireHostScope,
  type Scope,
  ScopeTooLargeError,
  scopeKey,
} from '../sessions/scope.ts';
import type { SessionSource, Snapshot, SnapshotWants } from '../sessions/session.ts';
import type { EndedSession, SessionEnder } from '../sessions/session-ender.ts';
import {
  createSnapshotReceiver,
  maxSnapshotFrameBytes,
  type WireSnapshot,
} from '../sessions/session-wire.ts';
import {
  type Asked,
  type Event,
  maxFromWorkerBytes,
  maxSignedLength,
  maxSystemPassword,
  maxTargets,
  type Reply,
  sessionIdentity,
} from './messages.ts';
import type { Moment, Replica } from './replica.ts';

/** The worker's end of the channel. */
export interface MonitorClient {
  readonly sessions: SessionSource;
  readonly ender: SessionEnder;
  readonly state: RevalidatedState;
  readonly history: HistorySource;
  /** Asks for a change of the key pair since a version. */
  keyPair(known: number): Promise<Update>;
  /** How the monitor's processes do. */
  processStats(): Promise<MonitorStats>;
  /**
   * Has a request of this gateway signed; gives the signature in base64url. Rejects with
   * ScopeTooLargeError, without asking, where it is longer than the monitor takes.
   */
  signAsk(message: string): Promise<string>;
  emit(event: Event): void;
  /** Whether it is that system user's password. */
  checkPassword(name: string, password: string): Promise<boolean>;
  /** What keeps logins over restarts, as src/auth/login-sessions.ts asks of it. */
  readonly logins: {
    open(login: LoginRecord): Promise<string | null>;
    end(id: string): Promise<void>;
    used(id: string): void;
  };
}

/** The copy of the state, by what the answers to all questions say of it. */
export interface RevalidatedState {
  now(): Moment;
  /** Whether it is still what it was, by an answer to a question that was asked later. */
  revalidate(since: Moment): boolean | Promise<boolean>;
}

export interface ClientOptions {
  /** Gets what the monitor says unasked. */
  readonly onValue?: (value: unknown) => void;
  /** Gets each snapshot once, however many callers share it, and for whose sessions it was asked. */
  readonly onSnapshot?: (snapshot: Snapshot, scope: Scope) => void;
  /** What is known of the state here; without it nothing is asked about it. */
  readonly replica?: Replica<unknown>;
  /** A clock that goes on, in ms. */
  readonly now?: () => number;
}

/**
 * What an answer says of the state counts so long, in ms. A gateway is told when its question is signed, and may wait
 * for hosts for seconds afterwards: then the state is asked for anew.
 */
const toldForMs = 100;

const everKnown: Moment = { version: 0, asked: 0 };

/** Asks the monitor over a channel. */
export function connectMonitor(
  channel: Duplex,
  {
    onValue = () => {},
    onSnapshot = () => {},
    replica,
    now = () => performance.now(),
  }: ClientOptions = {},
): MonitorClient {
  const waiting = new Map<number, PromiseWithResolvers>();
  let lastId = 0;
  let toldAt = 0;
  const fromWire = createSnapshotReceiver();

  /** `read` is called in the order in which answers come. */
  function ask<T>(asked: Asked, read: (value: unknown) => T): Promise<T> {
    lastId += 1;
    const id = lastId;
    const known = isAboutState(asked) ? replica?.ask(id) : undefined;
    sendFrame(channel, JSON.stringify({ id, ...asked, ...(known === undefined ? {} : { known }) }));
    return new Promise((resolve, reject) => {
      const readValue = (value: unknown) => {
        try {
          resolve(read(value));
        } catch (error) {
          reject(error);
        }
      };
      waiting.set(id, { resolve: readValue, reject });
    });
  }

  receiveFrames(channel, maxSnapshotFrameBytes, {
    onFault: (error) => channel.destroy(error),
    onValue: (value) => {
      if (!isReply(value)) {
        onValue(value);
        return;
      }
      const asker = waiting.get(value.id);
      waiting.delete(value.id);
      if ('error' in value) {
        asker?.reject(new Error(value.error));
        return;
      }
      if (value.state !== undefined) {
        if (!isUpdate(value.state)) {
          asker?.reject(new Error('what is told of the state makes no sense'));
          return;
        }
        replica?.take(value.state, value.id);
        toldAt = now();
      }
      asker?.resolve(value.value);
    },
  });

  const scans = new Map<string, () => Promise<Snapshot>>();

  function coalescedScan(
    key: string,
    scope: HostScope,
    wants: SnapshotWants,
  ): () => Promise<Snapshot> {
    return coalesce(
      async () => {
        const snapshot = await ask({ verb: 'snapshot', scope, ...wants }, (value) =>
          fromWire(value as WireSnapshot),
        );
        onSnapshot(snapshot, scope);
        return snapshot;
      },
      { onIdle: () => scans.delete(key), next: 'at-once' },
    );
  }

  const emit = (event: Event) => sendFrame(channel, JSON.stringify(event));
  const askState = coalesce(() => ask({ verb: 'state' }, () => undefined), { next: 'at-once' });

  return {
    sessions: {
      // Callers for the same of the same scope share the next answer, as the scans behind it are shared.
      snapshot: (scope, wants = {}) => {
        const ofScope = scopeKey(scope);
        if (isTooLarge(scope, ofScope)) return Promise.reject(new ScopeTooLargeError());
        const wanted = Object.keys(wants).join();
        const key = wanted === '' ? ofScope : `${wanted} of ${ofScope}`;
        const scan = scans.get(key) ?? coalescedScan(key, requireHostScope(scope), wants);
        scans.set(key, scan);
        return scan();
      },
    },
    state: {
      now: () => replica?.now() ?? everKnown,
      revalidate: (since) => {
        if (replica === undefined) return true;
        const isFresh = now() - toldAt <= toldForMs;
        if (isFresh && replica.isToldSince(since)) return replica.isAsAt(since);
        return askState().then(() => replica.isAsAt(since));
      },
    },
    ender: {
      end: async (identities, scope) => {
        if (isTooLarge(scope, scopeKey(scope))) throw new ScopeTooLargeError();
        const asked = requireHostScope(scope);
        const answers = await Promise.all(
          batches(identities).map((batch) =>
            ask(
              { verb: 'end-sessions', identities: batch, scope: asked },
              (value) => value as Answer,
            ),
          ),
        );
        return inOrder(identities, answers.flat());
      },
    },
    history: {
      read: async (query) => {
        if (isTooMuch(query)) throw new ScopeTooLargeError();
        return ask({ verb: 'history', query }, (value) => value as HistoryAnswer);
      },
    },
    keyPair: (known) => ask({ verb: 'key-pair', known }, (value) => value as Update),
    processStats: () => ask({ verb: 'process-stats' }, (value) => value as MonitorStats),
    checkPassword: async (name, password) => {
      if (password === '' || password.length > maxSystemPassword) return false;
      return ask({ verb: 'check-password', name, password }, (value) => value === true);
    },
    signAsk: async (message) => {
      if (isTooLong(message)) throw new ScopeTooLargeError();
      return ask({ verb: 'sign-ask', message }, (value) => value as string);
    },
    emit,
    logins: {
      open: (login) => ask({ verb: 'open-login', login }, (value) => value as string | null),
      end: (login) => ask({ verb: 'end-login', login }, () => undefined),
      used: (login) => emit({ event: 'login-used', login }),
    },
  };
}

type Answer = readonly EndedSession[];

/** Those that a snapshot can have named, so many at a time. The monitor takes no others. */
function batches(identities: readonly SessionIdentity[]): SessionIdentity[][] {
  const possible = identities
    .map(identityOf)
    .filter((identity) => sessionIdentity.safeParse(identity).success);
  const count = Math.ceil(possible.length / maxTargets);
  return Array.from({ length: count }, (_, index) =>
    possible.slice(index * maxTargets, (index + 1) * maxTargets),
  );
}

/** One result for each identity; one that was not asked for is gone. */
function inOrder(identities: readonly SessionIdentity[], answer: Answer): EndedSession[] {
  const results = new Map(answer.map((result) => [identityKey(result.identity), result]));
  return identities.map(
    (identity) =>
      results.get(identityKey(identity)) ?? { identity, session: null, outcome: 'gone' },
  );
}

/** Room in the longest frame for the verb and the number of a request. */
const envelopeBytes = 1024;

/** Room in the longest frame for the most targets, beside a scope. */
const targetBytes = 160 * 1024;

/** The monitor takes no other, and ends a worker that sends one. */
function isTooLarge(scope: Scope, key: string): boolean {
  if ((entriesOf(scope) ?? 0) > maxScopeEntries) return true;
  const most = maxFromWorkerBytes - targetBytes;
  // A character is three bytes at most.
  return key.length * 3 > most && Buffer.byteLength(JSON.stringify(scope)) > most;
}

/** The same for a question about sessions that were. */
function isTooMuch(query: HistoryQuery): boolean {
  const { scope } = query;
  const lists = scope.kind === 'some' ? [scope.users, scope.logins] : [];
  if (lists.some(({ length }) => length > maxScopeEntries)) return true;
  return Buffer.byteLength(JSON.stringify(query)) > maxFromWorkerBytes - targetBytes;
}

/** The same for a request that is to be signed; in a frame each of its quotes is two characters. */
function isTooLong(message: string): boolean {
  if (message.length > maxSignedLength) return true;
  return Buffer.byteLength(JSON.stringify(message)) > maxFromWorkerBytes - envelopeBytes;
}

interface PromiseWithResolvers {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The answers to these say how the state is: each is what a call asks first for all that it tells. */
function isAboutState({ verb }: Asked): boolean {
  return verb === 'snapshot' || verb === 'state' || verb === 'sign-ask';
}

function isUpdate(value: unknown): value is Update {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    Number.isSafeInteger(value.version)
  );
}

function isReply(value: unknown): value is Reply {
  return typeof value === 'object' && value !== null && 'id' in value;
}
