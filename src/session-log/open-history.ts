import { receiveByteFrames, sendFrame } from '../lib/frames.ts';
import type { Logger } from '../lib/log.ts';
import { type ConfinedProcess, spawnConfined } from '../os/confined-process.ts';
import type { HistoryQuery } from '../sessions/history.ts';
import type { NoHistory } from './history-answer.ts';
import type { ToReader } from './messages.ts';

/** The reading of the session log as the monitor has it: in a process of its own. */
export interface History {
  /** The JSON of a `HistoryAnswer`; never rejects. */
  read(query: HistoryQuery): Promise<Buffer>;
  /** Ends the process; who waits is told that there is no answer. */
  stop(): void;
}

export interface HistoryOptions {
  /** Null where no log is kept. */
  readonly path: string | null;
  /** All that the reader's environment has. */
  readonly environment: NodeJS.ProcessEnv;
  readonly logger: Pick<Logger, 'error'>;
  readonly limits?: Partial<HistoryLimits>;
}

export interface HistoryLimits {
  /** A reading that takes longer is given up. */
  readonly maxReadMs: number;
  /** So many questions wait for those before them; each account has one at a time. */
  readonly maxWaiting: number;
  /** A reader that nobody asks ends after that. */
  readonly idleMs: number;
}

const defaultLimits: HistoryLimits = { maxReadMs: 30_000, maxWaiting: 64, idleMs: 10_000 };

/** The log may lie in a folder that root alone may search, and be another user's. */
const capabilities = ['dac_read_search'];
/** Longer than any answer (`AnswerLimits`) in UTF-8 with all its warnings. */
const maxAnswerBytes = 32 * 1024 * 1024;

interface Question {
  readonly query: HistoryQuery;
  readonly answer: (json: Buffer) => void;
}

/**
 * Reads the session log in a process that is started when somebody asks and ends when nobody does any
 * more, one question after the other: a log of weeks is some hundred megabytes, and neither scans nor
 * the record of sessions wait for it.
 */
export function openHistory({ path, environment, logger, limits }: HistoryOptions): History {
  const { maxReadMs, maxWaiting, idleMs } = { ...defaultLimits, ...limits };
  const waiting: Question[] = [];
  let current: Question | null = null;
  let run: ConfinedProcess | null = null;
  let timer: NodeJS.Timeout | null = null;
  let isStopped = false;

  function start(): ConfinedProcess {
    const started = spawnConfined('history-reader.js', environment, capabilities);
    const onEnd = (facts: object) => {
      if (run !== started) return;
      run = null;
      if (current === null) return;
      logger.error(facts, 'the reader of the session log ended');
      conclude(none('unreadable'));
    };
    started.process.once('error', (error) => onEnd({ err: error }));
    started.process.once('exit', (code, signal) => onEnd({ code, signal }));
    receiveByteFrames(started.channel, maxAnswerBytes, {
      onFault: () => started.process.kill('SIGKILL'),
      onFrame: (frame) => {
        if (run === started) conclude(frame);
      },
    });
    return started;
  }

  function conclude(json: Buffer): void {
    const asked = current;
    current = null;
    asked?.answer(json);
    next();
  }

  function next(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (isStopped || path === null) return;
    current = waiting.shift() ?? null;
    if (current === null) {
      // It ends when its channel does.
      const isIdle = () => {
        run?.channel.end();
        run = null;
      };
      if (run !== null) timer = setTimeout(isIdle, idleMs).unref();
      return;
    }
    try {
      run ??= start();
    } catch (error) {
      logger.error({ err: error }, 'the reader of the session log cannot be started');
      conclude(none('unreadable'));
      return;
    }
    const question: ToReader = { path, query: current.query };
    sendFrame(run.channel, JSON.stringify(question));
    timer = setTimeout(() => {
      logger.error({ maxReadMs }, 'the session log could not be read in time');
      end();
      conclude(none('too-long'));
    }, maxReadMs);
  }

  function end(): void {
    run?.process.kill('SIGKILL');
    run?.channel.destroy();
    run = null;
  }

  return {
    read: async (query) => {
      if (path === null) return none('off');
      if (isStopped || waiting.length >= maxWaiting) return none('busy');
      return new Promise((answer) => {
        waiting.push({ query, answer });
        if (current === null) next();
      });
    },
    stop: () => {
      isStopped = true;
      end();
      for (const each of waiting.splice(0)) each.answer(none('busy'));
      conclude(none('busy'));
    },
  };
}

function none(reason: NoHistory): Buffer {
  return Buffer.from(JSON.stringify({ kind: 'none', reason }));
}
