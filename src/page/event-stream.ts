import { PassThrough, type Readable } from 'node:stream';

/** Server-sent events to one reader (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export interface EventStream {
  /** What is answered with. */
  readonly body: Readable;
  /**
   * Whether the reader has taken what was sent before. If not, the sender leaves out a beat, so
   * that nothing is kept for a slow reader; one that takes nothing at all is given up.
   */
  isReady(): boolean;
  /** Sends an event unless it says what the last one of its kind did. */
  send(event: string, data: string): void;
  /** Sends an event if none was sent for as long as a reader should wait. */
  beat(): void;
  end(): void;
}

/** A browser that lost the connection tries again after so long. */
const retryMs = 1_000;
/** Without any event for some time a reader takes the connection for lost. */
const beatMs = 4_000;
/** A reader that takes nothing for so long is gone. */
const patienceMs = 60_000;

/** `now` gives milliseconds from any beginning. */
export function createEventStream(now: () => number = () => performance.now()): EventStream {
  const body = new PassThrough();
  const last = new Map<string, string>();
  let sentAt = now();
  body.write(`retry: ${retryMs}\n\n`);

  function write(event: string, data: string): void {
    if (!body.writable) return;
    sentAt = now();
    body.write(`event: ${event}\ndata: ${data}\n\n`);
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
    send: (event, data) => {
      if (last.get(event) === data) return;
      last.set(event, data);
      write(event, data);
    },
    beat: () => {
      if (now() - sentAt >= beatMs) write('beat', '{}');
    },
    end: () => body.end(),
  };
}
