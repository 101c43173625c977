import type { Duplex } from 'node:stream';
import type { z } from 'zod';
import type { SessionSource, Snapshot } from '../ftp/session.ts';
import type { SessionEnder } from '../ftp/session-ender.ts';
import type { Feed } from './feed.ts';
import { receiveFrames, sendFrame } from './frames.ts';
import {
  type Event,
  type FtpRequest,
  fromHttpSide,
  longestFromHttpSide,
  type Request,
} from './messages.ts';
import { createSnapshotSender, type WireSnapshot } from './session-wire.ts';
import { readVitals } from './vitals.ts';

/** What requests about FTP sessions are answered from. */
export interface FtpServices {
  readonly sessions: SessionSource;
  readonly ender: SessionEnder;
}

/** What the privileged side answers from. */
export interface PrivilegedServices extends FtpServices {
  readonly state: Feed;
  readonly keyPair: Feed;
}

export interface ChannelHandlers<Telling> {
  readonly onEvent: (event: Telling) => void;
  /** The other side sent what it never sends. Nothing of it is read any more. */
  readonly onFault: (reason: string) => void;
  readonly onInternalError: (error: unknown) => void;
}

/** What one side may cost the other. */
export interface ChannelLimits {
  /** So many requests are worked on at a time; more wait unread in the channel. */
  readonly mostAtATime: number;
  /**
   * Ending waits for sessions that may not go, so it holds up nothing else: it does not count among
   * those, and has a bound of its own, beyond which it fails.
   */
  readonly mostEndings: number;
  /** While more bytes of answers are unread, nothing more is read or answered. */
  readonly mostUnreadBytes: number;
}

const limitsOfHttpSide: ChannelLimits = {
  mostAtATime: 512,
  mostEndings: 1_024,
  mostUnreadBytes: 64 * 1024 * 1024,
};

/** What may come over a channel, and what answers it. */
export interface Dialogue<Asking, Telling> {
  /** Everything else is a fault. */
  readonly messages: z.ZodType<Asking | Telling>;
  readonly limits: ChannelLimits;
  /** Resolves to what makes the text of the answer, to be called right before it is sent. */
  readonly answer: (request: Asking) => Promise<() => unknown>;
}

/** Answers the HTTP side's requests on a channel until it ends. Never throws for what comes in. */
export function serveHttpSide(
  channel: Duplex,
  services: PrivilegedServices,
  handlers: ChannelHandlers<Event>,
): void {
  const toWire = createSnapshotSender();
  const answer = (request: Request) => prepareAnswer(request, services, toWire);
  serveChannel<Request, Event>(
    channel,
    { messages: fromHttpSide, limits: limitsOfHttpSide, answer },
    handlers,
  );
}

/** Answers requests on a channel until it ends. Never throws for what comes in. */
export function serveChannel<
  Asking extends { readonly id: number; readonly verb: string },
  Telling extends { readonly event: string },
>(
  channel: Duplex,
  { messages, limits, answer: prepare }: Dialogue<Asking, Telling>,
  { onEvent, onFault, onInternalError }: ChannelHandlers<Telling>,
): void {
  const { mostAtATime, mostEndings, mostUnreadBytes } = limits;
  let working = 0;
  let ending = 0;
  let isAtFault = false;
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

  async function work(request: Asking): Promise<void> {
    const isEnding = request.verb === 'end-sessions';
    if (isEnding) ending += 1;
    else working += 1;
    pace();
    try {
      if (isEnding && ending > mostEndings) throw new Error('too many sessions are to be ended');
      const answer = await prepare(request);
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
      const message = messages.safeParse(value);
      if (isAtFault) return;
      if (!message.success) fault('a message of no known form');
      else if ('event' in message.data) onEvent(message.data);
      else void work(message.data);
    },
  });
}

async function prepareAnswer(
  request: Request,
  services: PrivilegedServices,
  toWire: (snapshot: Snapshot) => WireSnapshot,
): Promise<() => unknown> {
  switch (request.verb) {
    case 'snapshot':
    case 'end-sessions':
      return prepareFtpAnswer(request, services, toWire);
    case 'state':
      return () => services.state.since(request.known);
    case 'key-pair':
      return () => services.keyPair.since(request.known);
    case 'vitals':
      return readVitals;
  }
}

/** Resolves to what makes the text of the answer; `toWire` is the channel's own. */
export async function prepareFtpAnswer(
  request: FtpRequest,
  { sessions, ender }: FtpServices,
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
  }
}
