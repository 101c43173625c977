import { write, writeSync } from 'node:fs';

/** What waits for a log that cannot be written, in characters: some thousand lines. */
const maxWaiting = 1024 * 1024;
const firstPauseMs = 100;
const maxPauseMs = 5_000;

/** Tries of the end at a pipe that is full, and the pause between them: a second. */
const maxEndTries = 100;
const endPauseMs = 10;

/** A descriptor that lines of the log are written to, and that may take none for a time. */
export interface LogSink {
  /** Takes whole lines, each with its end. Neither waits nor throws. */
  write(lines: string): void;
  /** Writes what waits, within a second: for when the process exits. What comes later is written at once. */
  end(): void;
}

export interface LogSinkOptions {
  /** Told once lines can be written again of which some were lost: how many, and the last error's code. */
  readonly onLost: (count: number, code: string) => void;
  /** Called before each write, to see to it that the descriptor does not make it wait. */
  readonly beforeWrite?: () => void;
}

/**
 * Writes to a descriptor whatever becomes of it: a disk that is full, a pipe that nobody reads or whose
 * reader has gone, as long as that may last. Then a megabyte of lines waits and is tried again, after
 * pauses that double up to five seconds; what comes beyond that is lost, and counted. (pino's own
 * destination, sonic-boom 4, tries for ever when the process exits, so that it never does.)
 */
export function createLogSink(
  fd: number,
  { onLost, beforeWrite = () => {} }: LogSinkOptions,
): LogSink {
  let waiting = '';
  let lost = 0;
  let lastCode = '';
  let isEnded = false;
  /** What a write is under way for, or what is left of one that failed. */
  let current: Buffer | null = null;
  let isWriting = false;
  let pauseMs = firstPauseMs;

  function start(): void {
    if (current === null) {
      if (waiting === '') return;
      current = Buffer.from(waiting);
      waiting = '';
    }
    isWriting = true;
    beforeWrite();
    write(fd, current, onWritten);
  }

  function onWritten(error: NodeJS.ErrnoException | null, count: number): void {
    isWriting = false;
    if (isEnded) return;
    if (error !== null) {
      lastCode = error.code ?? error.message;
      setTimeout(start, pauseMs).unref();
      pauseMs = Math.min(pauseMs * 2, maxPauseMs);
      return;
    }
    pauseMs = firstPauseMs;
    advance(count);
    if (current === null) tellLost();
    start();
  }

  function advance(count: number): void {
    const rest = current?.subarray(count);
    current = rest === undefined || rest.length === 0 ? null : rest;
  }

  function tellLost(): void {
    if (lost === 0) return;
    const count = lost;
    lost = 0;
    onLost(count, lastCode);
  }

  return {
    write(lines) {
      if (waiting.length + lines.length > maxWaiting) {
        lost += lines.split('\n').length - 1;
        return;
      }
      waiting += lines;
      if (isEnded) this.end();
      else if (current === null) start();
    },
    end() {
      isEnded = true;
      // What is under way has been handed to the system, and is not written twice.
      if (isWriting) current = null;
      isWriting = false;
      const text = Buffer.from(waiting);
      current = current === null ? text : Buffer.concat([current, text]);
      waiting = '';
      for (let tries = 0; current !== null && current.length > 0; ) {
        try {
          beforeWrite();
          advance(writeSync(fd, current));
        } catch (error) {
          tries += 1;
          if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || tries > maxEndTries) return;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, endPauseMs);
        }
      }
      current = null;
      tellLost();
    },
  };
}
