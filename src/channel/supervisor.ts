import type { ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClaimLog } from '../audit/claim-log.ts';
import { createBackoff } from '../lib/backoff.ts';
import { sendFrame } from '../lib/frames.ts';
import { type Heartbeat, maxSilenceMs, startHeartbeat } from '../lib/heartbeat.ts';
import type { Logger } from '../lib/log.ts';
import { createBounded } from '../lib/token-bucket.ts';
import { ping } from './messages.ts';
import { type MonitorServices, serveWorker } from './serve-requests.ts';
import { type HttpProcessOptions, spawnWorker } from './worker-process.ts';

export interface Supervised {
  /** Whether the worker of this moment listens and answers this one. */
  isAnswering(): boolean;
  /**
   * Lets the worker answer what is in flight and puts another in its place, which is told what `start`
   * says by then. Connections that come meanwhile wait for it. Resolves when it listens.
   */
  replace(): Promise<void>;
  /** Lets it answer what is in flight, and ends it by force after a time. */
  stop(): Promise<void>;
}

export interface SupervisorOptions extends HttpProcessOptions {
  readonly services: MonitorServices;
  /** The first frame to each worker. */
  readonly start: () => unknown;
  readonly logger: Logger;
  readonly claims: ClaimLog;
}

const stopTimeoutMs = 11_000;
/** A worker that is started again has so long until it listens; its first start takes a second. */
const startTimeoutMs = 60_000;
/** A process that has no channel any more is of no use; one that is ending has so long for it. */
const channellessMs = 1_000;

/** Failed requests that are told in the log one by one; the worker can make as many as it likes. */
const maxFailures = { burst: 20, perSecond: 0.2 };

type Worker = ReturnType<typeof run>;

/**
 * Runs the worker, and another one, after a pause that doubles, whenever it ends by itself.
 * Rejects with what it said when the first one cannot listen.
 */
export async function supervise(options: SupervisorOptions): Promise<Supervised> {
  const { logger } = options;
  let isStopping = false;
  /** The worker that is to be replaced, and what is called once another listens in its place. */
  let replacing: { readonly worker: Worker; readonly done: () => void } | null = null;
  let current = run(options);
  const first = await current.outcome;
  if (first !== 'listening') throw new Error(first.failure);
  void watch();
  return {
    isAnswering: () => current.isAnswering(),
    replace: async () => {
      const worker = current;
      // One that is just starting could not answer what is in flight yet.
      await worker.outcome;
      if (isStopping) return;
      if (worker !== current) {
        // It has ended meanwhile, and the next one has been told by then.
        await current.outcome;
        return;
      }
      const replaced = new Promise<void>((done) => {
        replacing = { worker, done };
      });
      await worker.end();
      await replaced;
    },
    stop: () => {
      isStopping = true;
      replacing?.done();
      return current.end();
    },
  };

  async function watch(): Promise<void> {
    const pauseAfter = createBackoff();
    for (;;) {
      const ending = await current.ended;
      if (isStopping) return;
      if (replacing?.worker !== current) {
        const pauseMs = pauseAfter(current.ageMs());
        logger.error({ ...ending, pauseMs }, 'the worker ended and is started again');
        await delay(pauseMs);
      }
      if (isStopping) return;
      current = run(options);
      const outcome = await current.outcome;
      if (outcome !== 'listening') {
        logger.error({ reason: outcome.failure }, 'the worker does not listen');
        continue;
      }
      logger.info('the worker listens again');
      replacing?.done();
      replacing = null;
    }
  }
}

type Outcome = 'listening' | { readonly failure: string };

function run(options: SupervisorOptions) {
  const { start, logger, claims } = options;
  const services = { ...options.services, ender: claims.witness(options.services.ender) };
  const { process, channel } = spawnWorker(options);
  const startedAt = performance.now();
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    process.once('error', (error) => {
      logger.error({ err: error }, 'the worker cannot be started');
      resolve({ code: null, signal: null });
    });
    process.once('exit', (code, signal) => resolve({ code, signal }));
  });
  endWithChannel(process, channel, ended, logger);
  const failures = createBounded({
    ...maxFailures,
    onDropped: (count) => logger.error({ count }, 'further requests of the worker failed'),
  });
  void ended.then(() => failures.close());
  const outcome = new Promise<Outcome>((resolve) => {
    const onFault = (reason: string) => {
      logger.error({ reason }, 'the worker sent what it never sends, and is ended');
      process.kill('SIGKILL');
      // It may have told others the cookies.
      void services.logins.endAll();
    };
    serveWorker(channel, services, {
      onEvent: (event) => {
        if (event.event === 'listening') resolve('listening');
        else if (event.event === 'failed') resolve({ failure: event.message });
        else if (event.event === 'alive') life.beat();
        else if (event.event === 'login-used') services.logins.used(event.login);
        else claims.record(event.claim);
      },
      onFault,
      onInternalError: (error) => {
        if (failures.admits(1)) logger.error({ err: error }, 'a request of the worker failed');
      },
    });
    void ended.then(() => resolve({ failure: 'The worker ended before it listened.' }));
  });
  sendFrame(channel, JSON.stringify(start()));
  const life = endHung({ process, channel, outcome, ended, logger });
  let ending: Promise<void> | null = null;
  return {
    outcome,
    ended,
    /** Once: a second SIGTERM would cut off what is in flight. */
    end: () => {
      ending ??= end(process, ended);
      return ending;
    },
    isAnswering: life.isAnswering,
    ageMs: () => performance.now() - startedAt,
  };
}

interface Watched {
  readonly process: ChildProcess;
  readonly channel: Duplex;
  readonly outcome: Promise<Outcome>;
  readonly ended: Promise<unknown>;
  readonly logger: Logger;
}

/** One that does not listen in time, or that hangs later, makes room for another. */
function endHung({ process, channel, outcome, ended, logger }: Watched) {
  let heartbeat: Heartbeat | null = null;
  const kill = (what: string) => {
    logger.error(`the worker ${what}, and is ended`);
    process.kill('SIGKILL');
  };
  const timer = setTimeout(
    () => kill(`does not listen within ${startTimeoutMs} ms`),
    startTimeoutMs,
  );
  void outcome.then((what) => {
    clearTimeout(timer);
    if (what !== 'listening') return;
    heartbeat = startHeartbeat({
      ask: () => sendFrame(channel, JSON.stringify(ping)),
      onSilence: () => kill(`has not answered for ${maxSilenceMs} ms`),
    });
  });
  void ended.then(() => heartbeat?.stop());
  return {
    beat: () => heartbeat?.beat(),
    isAnswering: () => heartbeat?.isAlive() ?? false,
  };
}

/** No process without its channel is left over. */
function endWithChannel(
  process: ChildProcess,
  channel: Duplex,
  ended: Promise<unknown>,
  logger: Logger,
): void {
  channel.once('close', () => {
    const timer = setTimeout(() => {
      logger.error('the worker has closed its channel, and is ended');
      process.kill('SIGKILL');
    }, channellessMs);
    void ended.then(() => clearTimeout(timer));
  });
}

async function end(process: ChildProcess, ended: Promise<unknown>): Promise<void> {
  process.kill('SIGTERM');
  const timer = setTimeout(() => process.kill('SIGKILL'), stopTimeoutMs);
  await ended;
  clearTimeout(timer);
}
