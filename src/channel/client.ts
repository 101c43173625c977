import type { Duplex } from 'node:stream';
import { shareLooks } from '../lib/coalesce.ts';
import { receiveFrames, sendFrame } from '../lib/frames.ts';
import type { Update } from '../lib/versioned-value.ts';
import type { PrivilegedVitals } from '../os/process-stats.ts';
import type { FtpSession, SessionSource, Snapshot } from '../sessions/session.ts';
import type { EndedSession, SessionEnder, SessionIdentity } from '../sessions/session-ender.ts';
import {
  createSnapshotReceiver,
  maxSnapshotFrameBytes,
  type WireSnapshot,
} from '../sessions/session-wire.ts';
import {
  type Asked,
  type Event,
  mostOwners,
  mostTargets,
  type Reply,
  sessionIdentity,
} from './messages.ts';

/** The HTTP side's end of the channel. */
export interface PrivilegedClient {
  readonly sessions: SessionSource;
  readonly ender: SessionEnder;
  /** Asks for a change of the state or the key pair since a version. */
  since(verb: 'state' | 'key-pair', known: number): Promise<Update>;
  /** How the privileged side's processes do. */
  vitals(): Promise<PrivilegedVitals>;
  tell(event: Event): void;
  /** Resolves when this turn of the event loop is over; what is asked then goes out in one write. */
  turn(): Promise<void>;
}

/**
 * Asks the privileged side over a channel. `onValue` gets what it says unasked; `onSnapshot` each
 * snapshot once, however many callers share it, and for whose sessions it was asked.
 */
export function connectPrivilegedSide(
  channel: Duplex,
  onValue: (value: unknown) => void,
  onSnapshot: (snapshot: Snapshot, owners: readonly number[] | null) => void = () => {},
): PrivilegedClient {
  const waiting = new Map<number, PromiseWithResolvers>();
  let lastId = 0;
  const fromWire = createSnapshotReceiver();

  /** `read` is called in the order in which answers come. */
  function ask<T>(asked: Asked, read: (value: unknown) => T): Promise<T> {
    lastId += 1;
    const id = lastId;
    sendFrame(channel, JSON.stringify({ id, ...asked }));
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
      if ('error' in value) asker?.reject(new Error(value.error));
      else asker?.resolve(value.value);
    },
  });

  let over: Promise<void> | null = null;
  const turn = () => {
    over ??= new Promise((resolve) => {
      setImmediate(() => {
        over = null;
        channel.cork();
        resolve();
      });
      // Whoever has waited for it asks before the next callback.
      setImmediate(() => channel.uncork());
    });
    return over;
  };

  /** The sessions are the very same array as the last time when none of them has changed. */
  function createLook(owners: readonly number[] | null): () => Promise<Snapshot> {
    let last: readonly FtpSession[] = [];
    return shareLooks(async () => {
      const snapshot = await ask({ verb: 'snapshot', owners }, (value) =>
        fromWire(value as WireSnapshot),
      );
      onSnapshot(snapshot, owners);
      if (!isSameList(snapshot.sessions, last)) last = snapshot.sessions;
      return { ...snapshot, sessions: last };
    }, turn);
  }

  const looks = new Map<string, () => Promise<Snapshot>>();
  return {
    sessions: {
      // Callers for the same owners share the next answer, as the looks behind it are shared.
      snapshot: (owners) => {
        if (areTooMany(owners)) return Promise.reject(tooManyOwners());
        const key = String(owners);
        const look = looks.get(key) ?? createLook(owners);
        looks.set(key, look);
        return look();
      },
    },
    ender: {
      end: async (identities, owners) => {
        if (areTooMany(owners)) throw tooManyOwners();
        const answers = await Promise.all(
          batches(identities).map((batch) =>
            ask({ verb: 'end-sessions', identities: batch, owners }, (value) => value as Answer),
          ),
        );
        return inOrder(identities, answers.flat());
      },
    },
    since: (verb, known) => ask({ verb, known }, (value) => value as Update),
    vitals: () => ask({ verb: 'vitals' }, (value) => value as PrivilegedVitals),
    turn,
    tell: (event) => sendFrame(channel, JSON.stringify(event)),
  };
}

type Answer = readonly EndedSession[];

/** Those that a snapshot can have named, so many at a time. The privileged side takes no others. */
function batches(identities: readonly SessionIdentity[]): SessionIdentity[][] {
  const possible = identities
    .map(({ pid, startTime }) => ({ pid, startTime }))
    .filter((identity) => sessionIdentity.safeParse(identity).success);
  const count = Math.ceil(possible.length / mostTargets);
  return Array.from({ length: count }, (_, index) =>
    possible.slice(index * mostTargets, (index + 1) * mostTargets),
  );
}

/** One result for each identity; whoever was not asked for is nobody. */
function inOrder(identities: readonly SessionIdentity[], answer: Answer): EndedSession[] {
  const keyOf = ({ pid, startTime }: SessionIdentity) => `${pid} ${startTime}`;
  const results = new Map(answer.map((result) => [keyOf(result.identity), result]));
  return identities.map(
    (identity) => results.get(keyOf(identity)) ?? { identity, session: null, outcome: 'gone' },
  );
}

function areTooMany(owners: readonly number[] | null): boolean {
  return owners !== null && owners.length > mostOwners;
}

function tooManyOwners(): Error {
  return new Error(`more than ${mostOwners} owners were asked for at once`);
}

interface PromiseWithResolvers {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}

function isReply(value: unknown): value is Reply {
  return typeof value === 'object' && value !== null && 'id' in value;
}
