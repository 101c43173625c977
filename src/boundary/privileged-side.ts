import type { Duplex } from 'node:stream';
import type { SessionSource, Snapshot } from '../ftp/session.ts';
import type { SessionEnder } from '../ftp/session-ender.ts';
import type { Feed } from './feed.ts';
import { receiveFrames, sendFrame } from './frames.ts';
import { type Event, fromHttpSide, longestFromHttpSide, type Request } from './messages.ts';
import { createSnapshotSender, type WireSnapshot } from './session-wire.ts';
import { readVitals } from './vitals.ts';

/** What the privileged side answers from. */
export interface PrivilegedServices {
  readonly sessions: SessionSource;
  readonly ender: SessionEnder;
  readonly state: Feed;
  readonly keyPair: Feed;
}

export interface HttpSideHandlers {
  readonly onEvent: (event: Event) => void;
  /** The other side sent what it never sends. Nothing of it is read any more. */
  readonly onFault: (reason: string) => void;
  readonly onInternalError: (error: unknown) => void;
}

/** So many requests are worked on at a time; more wait unread in the channel. */
const mostAtATime = 512;
/**
 * Ending waits for sessions that may not go, so it holds up nothing else: it does not count among
 * those, and has a bound of its own, beyond which it fails.
 */
const mostEndings = 1_024;
/** While more bytes of answers are unread, nothing more is read or answered. */
const mostUnreadBytes = 64 * 1024 * 1024;

/** Answers the HTTP side's requests on a channel until it ends. Never throws for what comes in. */
export function serveHttpSide(
  channel: Duplex,
  services: PrivilegedServices,
  { onEvent, onFault, onInternalError }: HttpSideHandlers,
): void {
  let working = 0;
  let ending = 0;
  let isAtFault = false;
  const toWire = createSnapshotSender();
  let waiting: (() => void)[] = [];

  function fault(reason: string): void {
    if (isAtFault) return;
    isAtFault = true;
    channel.pause();
    onFault(reason);
  }

  /** Reads on, or lets requests wait in the channel while there is enough to do. */
  function pace(): void {
    if (isAtFault) return;
    if (working >= mostAtATime || isFull()) channel.pause();
    else channel.resume();
  }

  function isFull(): boolean {
    return channel.writableLength > mostUnreadBytes;
  }

  async function work(request: Request): Promise<void> {
    const isEnding = request.verb === 'end-sessions';
    if (isEnding) ending += 1;
    else working += 1;
    pace();
    try {
      if (isEnding && ending > mostEndings) throw new Error('too many sessions are to be ended');
      const answer = await prepareAnswer(request, services, toWire);
      // An answer takes memory only from the moment that there is room for it.
      while (isFull()) await new Promise<void>((resolve) => waiting.push(resolve));
      sendFrame(channel, JSON.stringify({ id: request.id, value: answer() }));
    } catch (error) {
      onInternalError(error);
      sendFrame(channel, JSON.stringify({ id: request.id, error: 'the privileged side failed' }));
    }
    if (isEnding) ending -= 1;
    else working -= 1;
    pace();
  }

  channel.on('drain', () => {
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
    pace();
  });
  receiveFrames(channel, longestFromHttpSide, {
    onFault: ({ message }) => fault(message),
    onValue: (value) => {
      const message = fromHttpSide.safeParse(value);
      if (isAtFault) return;
      if (!message.success) fault('a message of no known form');
      else if ('event' in message.data) onEvent(message.data);
      else void work(message.data);
    },
  });
}

/** Resolves to what makes the text of the answer, to be called right before it is sent. */
async function prepareAnswer(
  request: Request,
  { sessions, ender, state, keyPair }: PrivilegedServices,
  toWire: (snapshot: Snapshot) => WireSnapshot,
): Promise<() => unknown> {
  switch (request.verb) {
    case 'snapshot': {
      const snapshot = await sessions.snapshot(request.owners);
      return () => toWire(snapshot);
    }
    case 'end-sessions': {
      const ended = await ender.end(request.identities, request.owners);
      return () => ended;
    }
    case 'state':
      return () => state.since(request.known);
    case 'key-pair':
      return () => keyPair.since(request.known);
    case 'vitals':
      return readVitals;
  }
}
