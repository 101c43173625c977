import { constants, fstatSync, openSync } from 'node:fs';
import { type BaseLogger, type Logger as PinoLogger, pino } from 'pino';
import { createLogSink } from './log-sink.ts';
import { readableLogLine } from './readable-log.ts';

/** What parts of the program log with. */
export type Logger = Pick<BaseLogger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>;

/** What Node.js keeps of a pipe or a socket, which has the one way to that flag. */
interface HandleOfStream {
  readonly _handle: { setBlocking?(isBlocking: boolean): unknown };
}

/**
 * The log on standard error. Lines wait for the end of the event loop's turn and go out in one
 * piece: under load that is one write for many requests. When the process exits they are written
 * first. A log that cannot be written, as on a full disk, keeps the program from nothing. On a terminal
 * its lines are for people, elsewhere JSON.
 */
export function createLog(level: string): PinoLogger {
  // What Node.js writes there itself, as a warning, fails in silence.
  process.stderr.on('error', () => {});
  /**
   * A socket, as a service's to the journal is, cannot be opened anew as a pipe can: it is told anew not to wait. A
   * write that waited would hold a thread until the journal reads, and the end of the process with it.
   */
  const standardError: Partial<HandleOfStream> & object = process.stderr;
  const sink = createLogSink(openStandardError(), {
    onLost: (lines, code) =>
      logger.error({ lines, code }, 'the log could not be written, and lines of it are lost'),
    beforeWrite: () => standardError._handle?.setBlocking?.(false),
  });
  const isForPeople = process.stderr.isTTY;
  let waiting = '';
  const pass = () => {
    const lines = isForPeople ? readable(waiting) : waiting;
    waiting = '';
    if (lines !== '') sink.write(lines);
  };
  let isExiting = false;
  process.on('exit', () => {
    isExiting = true;
    pass();
    sink.end();
  });
  const gathered = {
    write: (line: string) => {
      if (waiting === '' && !isExiting) setImmediate(pass);
      waiting += line;
      if (isExiting) pass();
    },
  };
  const logger = pino({ level }, gathered);
  return logger;
}

function readable(lines: string): string {
  return lines.replaceAll(/[^\n]+/g, readableLogLine);
}

/**
 * A descriptor of standard error. A pipe there is opened anew, so that a write to one that nobody reads
 * fails: a blocking one holds a thread for ever, and with it the end of the process. The flag of the
 * inherited one does not last, as libuv clears it whenever a child gets that, and Node.js at its exit.
 */
function openStandardError(): number {
  try {
    if (!fstatSync(2).isFIFO()) return 2;
    return openSync('/proc/self/fd/2', constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    // Its reader has gone, it is another user's, or there is no /proc.
    return 2;
  }
}
