import type { FtpSession, Snapshot } from './session.ts';

/** Bytes of the longest frame with a snapshot: more than 100,000 sessions with the longest names take. */
export const maxSnapshotFrameBytes = 512 * 1024 * 1024;

/**
 * A snapshot on the channel. Sessions that are as they were go over once and are named by a number
 * from then on: of a thousand that idle a scan sends a thousand numbers.
 */
export interface WireSnapshot extends Omit<Snapshot, 'sessions'> {
  /** In their order. */
  readonly sessions: readonly number[];
  readonly fresh: readonly (readonly [number, FtpSession])[];
  /** Numbers that will not be used any more. */
  readonly dropped: readonly number[];
  /** The first one of a sender, which does not know what another sender before it has told. */
  readonly isFirst?: true;
}

interface Sent {
  readonly number: number;
  /** The number of the last answer that named it. */
  answer: number;
}

/** A session that so many answers have not named is forgotten by both sides. */
const forgottenAfter = 64;

/** The sending end of one channel; what it makes must be sent in that order. */
export function createSnapshotSender(): (snapshot: Snapshot) => WireSnapshot {
  const sent = new Map<FtpSession, Sent>();
  let lastNumber = 0;
  let answer = 0;

  function drop(): number[] {
    const dropped: number[] = [];
    for (const [session, { number, answer: last }] of sent) {
      if (answer - last <= forgottenAfter) continue;
      sent.delete(session);
      dropped.push(number);
    }
    return dropped;
  }

  return ({ sessions, ...rest }) => {
    answer += 1;
    const fresh: [number, FtpSession][] = [];
    const numbers = sessions.map((session) => {
      const known = sent.get(session);
      if (known !== undefined) {
        known.answer = answer;
        return known.number;
      }
      lastNumber += 1;
      sent.set(session, { number: lastNumber, answer });
      fresh.push([lastNumber, session]);
      return lastNumber;
    });
    const dropped = answer % forgottenAfter === 0 ? drop() : [];
    const wire = { ...rest, sessions: numbers, fresh, dropped };
    return answer === 1 ? { ...wire, isFirst: true } : wire;
  };
}

/**
 * The receiving end: gives the very same object for a session that is as it was. Another sender may
 * go on where one has ended.
 */
export function createSnapshotReceiver(): (wire: WireSnapshot) => Snapshot {
  const known = new Map<number, FtpSession>();
  return ({ sessions, fresh, dropped, isFirst, ...rest }) => {
    if (isFirst) known.clear();
    for (const [number, session] of fresh) known.set(number, session);
    const named = sessions.map((number) => {
      const session = known.get(number);
      if (session === undefined) throw new Error('a session was named that was never told');
      return session;
    });
    for (const number of dropped) known.delete(number);
    return { ...rest, sessions: named };
  };
}
