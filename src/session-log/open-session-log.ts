import { createBackoff } from '../lib/backoff.ts';
import { sendFrame } from '../lib/frames.ts';
import type { Logger } from '../lib/log.ts';
import { type ConfinedProcess, spawnConfined } from '../os/confined-process.ts';
import type { Looked, LookedSession } from '../sessions/looked-session.ts';
import type { SessionEnder } from '../sessions/session-ender.ts';
import { readEndedBy } from './ended-by.ts';
import { maxLooked, type SessionLogSettings, type ToRecorder } from './messages.ts';
import { watchEnder } from './watched-ender.ts';

/** The session log as the monitor has it: a recorder in a process of its own. */
export interface SessionLog {
  /** The same ender; the recorder is told what is ended by it. */
  watch(ender: SessionEnder): SessionEnder;
  /** Takes what scans have seen; absent where no log is kept. */
  readonly onLooked?: (looked: Looked) => void;
  /** Takes a line of the audit log: those of endings tell who wanted them. */
  onAudit(line: string): void;
  /** Resolves when all that is known is written, or after a bounded time. */
  stop(): Promise<void>;
}

export interface SessionLogOptions {
  /** Null where no log is wanted. */
  readonly log: SessionLogSettings | null;
  /** pure-ftpd's scoreboard is the first of these that is there. */
  readonly directories: readonly string[];
  /** Where ProFTPD's scoreboard may be. */
  readonly scoreboards: readonly string[];
  readonly procRoot: string;
  /** Logs of transfers that are known beforehand, by the daemon's name. */
  readonly transferLogs: Readonly<Record<string, readonly string[]>>;
  /** All that the recorder's environment has. */
  readonly environment: NodeJS.ProcessEnv;
  readonly logger: Pick<Logger, 'error'>;
}

/** To see processes that are hidden from others (hidepid), and records that root alone may read. */
const capabilities = ['sys_ptrace', 'dac_read_search'];
const stopTimeoutMs = 5_000;
const maxSeen = 20_000;

/** Starts a recorder, and another one whenever it ends; that one says what may be missing. */
export function openSessionLog(options: SessionLogOptions): SessionLog {
  const { log, directories, scoreboards, procRoot, transferLogs, environment, logger } = options;
  if (log === null) return none;
  const pauseAfter = createBackoff();
  let run: ConfinedProcess | null = null;
  /** What scans have seen last, by pid. */
  const seen = new Map<number, LookedSession>();
  let daemons: readonly string[] = [];
  let isStopped = false;
  let onStopped = () => {};

  function start(): void {
    if (isStopped || log === null) return;
    const startedAt = performance.now();
    const started = spawnConfined('session-recorder.js', environment, capabilities);
    run = started;
    send({ event: 'begin', log, directories, scoreboards, procRoot, transferLogs });
    // What the one before was told nobody tells a second time.
    if (daemons.length > 0) tellLooked({ daemons, sessions: [...seen.values()] }, true);
    let isOver = false;
    const onEnd = (error: Error | null, code: number | null, signal: string | null) => {
      if (isOver) return;
      isOver = true;
      run = null;
      onStopped();
      if (isStopped) return;
      const pauseMs = pauseAfter(performance.now() - startedAt);
      const facts = { code, signal, err: error, pauseMs };
      logger.error(facts, 'the recorder of the session log ended and is started again');
      setTimeout(start, pauseMs).unref();
    };
    started.process.once('error', (error) => onEnd(error, null, null));
    started.process.once('exit', (code, signal) => onEnd(null, code, signal));
  }

  function tellLooked({ daemons: names, sessions }: Looked, isAgain = false): void {
    for (let at = 0; at === 0 || at < sessions.length; at += maxLooked) {
      const part = sessions.slice(at, at + maxLooked);
      send({ event: 'looked', looked: { daemons: names, sessions: part }, isAgain });
    }
  }

  function send(message: ToRecorder): void {
    if (run !== null) sendFrame(run.channel, JSON.stringify(message));
  }

  start();
  return {
    onLooked: (looked) => {
      for (const session of looked.sessions) {
        seen.delete(session.pid);
        seen.set(session.pid, session);
      }
      for (const [pid] of seen) {
        if (seen.size <= maxSeen) break;
        seen.delete(pid);
      }
      if (looked.daemons.length > 0) daemons = looked.daemons;
      tellLooked(looked);
    },
    watch: (ender) => watchEnder(ender, send),
    onAudit: (line) => {
      const ended = readEndedBy(line);
      if (ended !== null) send({ event: 'ended-by', ...ended });
    },
    stop: () =>
      new Promise((resolve) => {
        isStopped = true;
        if (run === null) {
          resolve();
          return;
        }
        const timer = setTimeout(resolve, stopTimeoutMs);
        onStopped = () => {
          clearTimeout(timer);
          resolve();
        };
        run.channel.end();
      }),
  };
}

const none: SessionLog = {
  watch: (ender) => ender,
  onAudit: () => {},
  stop: async () => {},
};
