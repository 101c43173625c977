import { type BaseLogger, type Logger as PinoLogger, pino } from 'pino';

/** What parts of the program log with. */
export type Logger = Pick<BaseLogger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>;

/**
 * The log on standard error. Lines wait for the end of the event loop's turn and go out in one
 * piece: under load that is one write for many requests, and the destination's own way to gather
 * lines copies all that wait for each further one. When the process exits they are written first.
 */
export function createLog(level: string): PinoLogger {
  const destination = pino.destination({ fd: 2, sync: false });
  // Of a disk that is full, for one: a server serves on without its log.
  destination.on('error', () => {});
  let waiting = '';
  const pass = () => {
    const lines = waiting;
    waiting = '';
    if (lines !== '') destination.write(lines);
  };
  // Before the destination's own listener, which writes what it has.
  process.prependListener('exit', pass);
  const gathered = {
    write: (line: string) => {
      if (waiting === '') setImmediate(pass);
      waiting += line;
    },
    flush: (done?: (error?: Error) => void) => {
      pass();
      destination.flush(done);
    },
  };
  return pino({ level }, gathered);
}
