import { PassThrough, type Readable } from 'node:stream';

/** An event's name and its data, which is JSON. */
export type StreamEvent = readonly [event: string, data: string];

/** Server-sent events to one reader (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export interface EventStream {
  /** What is answered with. */
  readonly body: Readable;
  /**
   * Whether the reader has taken what was sent before. If not, the sender leaves out a beat, so
   * that nothing is kept for a slow reader; one that takes nothing at all is given up.
   */
  isReady(): boolean;
  /**
   * Sends those of a state's events that say something else than the last one of their kind did, the
   * last of them with the state's id. A reader that comes back with the id of the first state is sent a
   * beat in its place.
   */
  update(state: readonly StreamEvent[], id: () => string): void;
  /** Sends an event if none was sent for as long as a reader should wait. */
  beat(): void;
  /** Sends a last event, if there is one to send. */
  end(event?: string): void;
}

/** A browser that lost the connection tries again after so long. */
const retryMs = 1_000;
/** Without any event for some time a reader takes the connection for lost, and so do proxies. */
const beatMs = 4_000;
/** A reader that takes nothing for so long is gone. */
const patienceMs = 60_000;

/** `lastEventId` is what the reader has already; `now` gives milliseconds from any beginning. */
export function createEventStream(
  lastEventId: string | undefined,
  now: () => number = () => performance.now(),
): EventStream {
  const body = new PassThrough();
  const last = new Map<string, string>();
  let sentAt = now();
  body.write(`retry: ${retryMs}\n\n`);

  function write(event: string, data: string, id?: string): void {
    if (!body.writable) return;
    sentAt = now();
    const idLine = id === undefined ? '' : `id: ${id}\n`;
    body.write(`event: ${event}\n${idLine}data: ${data}\n\n`);
  }

  return {
    body,
    isReady: () => {
      if (!body.writable) return false;
      if (!body.writableNeedDrain) return true;
      // Nothing was sent since the reader stopped taking.
      if (now() - sentAt >= patienceMs) body.destroy();
      return false;
    },
    update: (state, id) => {
      const changed = state.filter(([event, data]) => last.get(event) !== data);
      if (changed.length === 0) return;
      const isFirst = last.size === 0;
      for (const [event, data] of changed) last.set(event, data);
      const given = id();
      if (isFirst && given === lastEventId) {
        write('beat', '{}');
        return;
      }
      // A reader that is cut off between two events has not got the id.
      for (const [event, data] of changed) {
        write(event, data, event === changed.at(-1)?.[0] ? given : undefined);
      }
    },
    beat: () => {
      if (now() - sentAt >= beatMs) write('beat', '{}');
    },
    end: (event) => {
      if (event !== undefined) write(event, '{}');
      body.end();
    },
  };
}
