import { isResolved, resolveScope, type UserLookup } from '../collector/resolve-scope.ts';
import type { Ftp, FtpSettings } from '../collector/this-host.ts';
import { createBackoff } from '../lib/backoff.ts';
import type { Logger } from '../lib/log.ts';
import type { ProcessStats } from '../os/process-stats.ts';
import { identityOf } from '../sessions/identity.ts';
import type { Looked } from '../sessions/looked-session.ts';
import type { ResolvedScope, Scope } from '../sessions/scope.ts';
import type { Gap, Snapshot, SnapshotWants } from '../sessions/session.ts';
import type { EndedSession } from '../sessions/session-ender.ts';
import { createSnapshotReceiver } from '../sessions/session-wire.ts';
import type { OnJson, SnapshotLine, SnapshotRelay } from '../sessions/snapshot-relay.ts';
import { createLeftAloneList } from './left-alone-list.ts';
import type { Question, ReplyHead } from './messages.ts';
import { type Ending, type Run, startRun } from './run.ts';
import { createSampleWeights, createSleepCount, readActivity } from './sleep.ts';
import { findWaitedFor } from './waited-for.ts';

/** The sessions of this host, looked at by a process that can be left behind. */
export interface Scanner extends Ftp {
  readonly snapshots: SnapshotRelay;
  /** How the scanner's process does; null when it does not answer. */
  processStats(): Promise<ProcessStats | null>;
  /** Starts the process before somebody asks. */
  start(): void;
  /** Ends it; what is asked then fails. */
  stop(): void;
}

export interface ScannerOptions {
  readonly settings: FtpSettings;
  /** All that the scanner's environment has. */
  readonly environment: NodeJS.ProcessEnv;
  /** Finds the uids of the system users that a scope names. */
  readonly systemUsers: UserLookup;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  readonly limits?: Partial<ScannerLimits>;
  /** Told which sessions scans have seen of daemons that tell of none by themselves; absent where nobody asks. */
  readonly onLooked?: ((looked: Looked) => void) | undefined;
  /** Starts a scanner's process, for tests of one that does not die. */
  readonly startRun?: typeof startRun;
}

export interface ScannerLimits {
  /** How often a scanner that owes an answer is sampled. */
  readonly sampleEveryMs: number;
  /** So many samples of one sleep in a row: it hangs. */
  readonly samplesOfHang: number;
  /** The same soon after another hang. */
  readonly samplesOfNextHang: number;
  /** So many samples without an answer are too many even for one that works on; waits for the processor count less. */
  readonly maxSamples: number;
  /** So many that do not die of SIGKILL are left behind at most. */
  readonly maxAbandoned: number;
  /** The first pause before a process that was left alone is tried again. */
  readonly firstPauseMs: number;
}

const defaultLimits: ScannerLimits = {
  sampleEveryMs: 100,
  samplesOfHang: 15,
  samplesOfNextHang: 5,
  maxSamples: 200,
  maxAbandoned: 8,
  firstPauseMs: 60_000,
};

/** A hang is followed by others where somebody hangs many processes. */
const soonMs = 60_000;
/** A scanner that crashes has so many trials with each question. */
const maxCrashes = 2;
/** Nobody waits longer for the next start of one that ends again and again. */
const maxWaitMs = 2_000;
const crashing = 'the scanner ends again and again';

interface Pending {
  readonly id: number;
  readonly question: Question;
  readonly onJson: OnJson;
  /** False once its line is closed. */
  readonly isWanted: () => boolean;
  /** Since it was asked, weighed. */
  samples: number;
  crashes: number;
}

/**
 * Runs a scanner, and another one whenever it ends, hangs or works without end. A hang is told by the
 * kernel: it owes an answer and sleeps without having used the processor. Then the process that it
 * waits for is left alone by the next one, which is asked anew. So every question is answered in
 * bounded time, whatever a process of the host does.
 */
export function openScanner({
  settings,
  environment,
  systemUsers,
  logger,
  limits,
  onLooked,
  startRun: startOne = startRun,
}: ScannerOptions): Scanner {
  const { processSource, procRoot, daemons, containers = [], dockerDataRoot = '' } = settings;
  const limit = { ...defaultLimits, ...limits };
  const pending = new Map<number, Pending>();
  const abandoned = new Set<Run>();
  const asleep = createSleepCount();
  const weights = createSampleWeights();
  const pauseAfter = createBackoff();
  const leftAlone = createLeftAloneList({
    procRoot,
    environment,
    firstPauseMs: limit.firstPauseMs,
    onChange: () => run?.send({ event: 'left-alone', processes: leftAlone.processes }),
  });
  let run: Run | null = null;
  /** A scanner is on its way: the one before is looked into, or there is a pause. */
  let isComing = false;
  /** When it starts, while there is a pause. */
  let startsAt = 0;
  let isStopped = false;
  let owesPing = false;
  let [lastId, lastLine, scans] = [0, 0, 0];
  let lastHangAt = Number.NEGATIVE_INFINITY;
  let unnamedHangs = 0;
  let timer: NodeJS.Timeout | null = null;

  function ask(question: Question, onJson: OnJson, isWanted = () => true): void {
    const refusal = refusalNow();
    if (refusal !== null) {
      onJson(refusal, null);
      return;
    }
    lastId += 1;
    const asked = { id: lastId, question, onJson, isWanted, samples: 0, crashes: 0 };
    pending.set(lastId, asked);
    if (timer === null) {
      weights.reset();
      timer = setInterval(sample, limit.sampleEveryMs);
    }
    if (run === null) start();
    else run.send({ id: asked.id, ...question });
  }

  /** Why no question can be taken, without waiting. */
  function refusalNow(): Error | null {
    if (isStopped) return new Error('the scanner is stopped');
    if (isExhausted()) return exhausted();
    const waitMs = startsAt - performance.now();
    return isComing && waitMs > maxWaitMs ? new Error(crashing) : null;
  }

  /** Takes a question off the list and answers it. */
  function conclude(asked: Pending, error: Error | null, json: Buffer | null): void {
    pending.delete(asked.id);
    if (pending.size === 0 && timer !== null) {
      clearInterval(timer);
      timer = null;
      owesPing = false;
    }
    asked.onJson(error, json);
  }

  function failWhere(isIt: (asked: Pending) => boolean, reason: string): void {
    for (const asked of [...pending.values()]) {
      if (isIt(asked)) conclude(asked, new Error(reason), null);
    }
  }

  const isExhausted = () => abandoned.size >= limit.maxAbandoned;
  const exhausted = () =>
    new Error(`${abandoned.size} scanners hang and do not end, so no other is started`);

  function start(): void {
    if (run !== null || isComing || isStopped) return;
    if (isExhausted()) {
      const { message } = exhausted();
      logger.error(message);
      failWhere(() => true, message);
      return;
    }
    // A new scanner is told of no line that was closed before, and would keep it for ever.
    failWhere(({ isWanted }) => !isWanted(), 'the line is closed');
    owesPing = false;
    asleep.reset();
    weights.reset();
    const started = startOne({
      environment,
      onReply,
      onLooked: (json) => onLooked?.(JSON.parse(json.toString()) as Looked),
    });
    run = started;
    void started.ended.then((ending) => {
      if (run === started) afterCrash(started, ending);
    });
    const processes = leftAlone.processes;
    const view = { processSource, procRoot, daemons, containers, dockerDataRoot };
    started.send({
      event: 'begin',
      settings: view,
      leftAlone: processes,
      scansBefore: scans,
      reportsLooked: onLooked !== undefined,
    });
    for (const { id, question } of pending.values()) started.send({ id, ...question });
  }

  function onReply({ id, scans: scansNow, isError }: ReplyHead, json: Buffer): void {
    if (id === 0) {
      owesPing = false;
      return;
    }
    if (scansNow !== null) {
      scans = Math.max(scans, scansNow);
      unnamedHangs = 0;
    }
    const asked = pending.get(id);
    if (asked === undefined) return;
    if (isError) conclude(asked, new Error(String(JSON.parse(json.toString()))), null);
    else conclude(asked, null, json);
  }

  function afterCrash(ended: Run, { code, signal, error }: Ending): void {
    run = null;
    if (isStopped) return;
    const pauseMs = pauseAfter(ended.ageMs());
    logger.error({ code, signal, err: error, pauseMs }, 'the scanner ended and is started again');
    for (const asked of pending.values()) asked.crashes += 1;
    failWhere(mayNotRepeat, 'the scanner ended meanwhile');
    const isTooLong = pauseMs > maxWaitMs;
    failWhere(({ crashes }) => isTooLong || crashes >= maxCrashes, crashing);
    startLater(pauseMs);
  }

  function startLater(pauseMs: number): void {
    isComing = true;
    startsAt = performance.now() + pauseMs;
    setTimeout(() => {
      isComing = false;
      start();
    }, pauseMs).unref();
  }

  /** The scanner of this moment is none any more: it is ended, and left behind if it does not end. */
  function retire(): Run | null {
    const retired = run;
    run = null;
    if (retired !== null) {
      abandoned.add(retired);
      retired.kill();
      void retired.ended.then(() => abandoned.delete(retired));
    }
    return retired;
  }

  function sample(): void {
    const weight = weights.add(run?.waitedMs() ?? null, performance.now());
    for (const asked of pending.values()) asked.samples += weight;
    const isLate = ({ samples }: Pending) => samples > limit.maxSamples;
    if (
      [...pending.values()].some((asked) => isLate(asked) && asked.question.verb === 'snapshot')
    ) {
      // An answer that came later would be missing in what the following ones build on.
      if (retire() !== null) logger.error('a scan takes too long, and the scanner is replaced');
      failWhere(mayNotRepeat, 'the scanner was replaced meanwhile');
    }
    failWhere(isLate, 'the scanner has not answered in time');
    if (run === null) {
      start();
      return;
    }
    if (!owesPing) {
      owesPing = true;
      asleep.reset();
      run.send({ id: 0, verb: 'ping' });
      return;
    }
    const isSoon = performance.now() - lastHangAt < soonMs;
    const enough = isSoon ? limit.samplesOfNextHang : limit.samplesOfHang;
    if (asleep.add(readActivity(run.pid)) > enough) void replaceHung(run);
  }

  /** What it waits for is asked before it is killed: then the kernel tells nothing any more. */
  async function replaceHung(hung: Run): Promise<void> {
    run = null;
    isComing = true;
    lastHangAt = performance.now();
    const waitedFor = await findWaitedFor(hung.pid, procRoot).catch(() => null);
    run = hung;
    retire();
    isComing = false;
    failWhere(mayNotRepeat, 'the scanner hung meanwhile');
    if (waitedFor !== null && leftAlone.add(waitedFor)) {
      const { pid, uid, file } = waitedFor;
      const details = { process: pid, uid, file };
      logger.warn(
        details,
        'a scan hangs at a process, which is left alone; the scanner is replaced',
      );
      start();
      return;
    }
    unnamedHangs += 1;
    logger.error('a scan hangs, and nothing tells at what; the scanner is replaced');
    if (unnamedHangs === 1) {
      start();
      return;
    }
    failWhere(() => true, 'scans hang, and nothing tells at what');
    startLater(pauseAfter(hung.ageMs()));
  }

  function openLine(): SnapshotLine {
    lastLine += 1;
    const line = lastLine;
    let isOpen = true;

    function askScope(
      scope: ResolvedScope,
      gaps: readonly Gap[],
      wants: SnapshotWants,
      onJson: OnJson,
    ): void {
      ask({ verb: 'snapshot', line, scope, gaps, wants }, onJson, () => isOpen);
    }

    return {
      ask: (scope, wants, tell) => {
        const onJson: OnJson = (error, json) => {
          if (isOpen) tell(error, json);
        };
        if (isResolved(scope)) {
          askScope(scope, [], wants, onJson);
          return;
        }
        resolveScope(scope, systemUsers)
          .then((resolved) => askScope(resolved.scope, resolved.gaps, wants, onJson))
          .catch((error: Error) => onJson(error, null));
      },
      close: () => {
        isOpen = false;
        run?.send({ event: 'line-closed', line });
      },
    };
  }

  function askFor<T>(question: Question): Promise<T> {
    return new Promise((resolve, reject) => {
      ask(question, (error, json) => {
        if (json === null) reject(error);
        else resolve(JSON.parse(json.toString()));
      });
    });
  }

  return {
    snapshots: { open: openLine },
    sessions: { snapshot: createOwnScan(openLine) },
    ender: {
      end: async (identities, asked) => {
        const named = identities.map(identityOf);
        const { scope } = await resolveScope(asked, systemUsers);
        return askFor<EndedSession[]>({ verb: 'end-sessions', identities: named, scope });
      },
    },
    processStats: () => askFor<ProcessStats>({ verb: 'process-stats' }).catch(() => null),
    start,
    stop: () => {
      isStopped = true;
      leftAlone.stop();
      retire();
      failWhere(() => true, 'the scanner is stopped');
    },
  };
}

/** Whether it was done is not known, and to do it twice is not the same as once. */
function mayNotRepeat({ question }: Pending): boolean {
  return question.verb === 'end-sessions';
}

/** The monitor's own scans are few: each has a line of its own, and nothing stays of what it saw. */
function createOwnScan(open: () => SnapshotLine) {
  return (scope: Scope, wants: SnapshotWants = {}) =>
    new Promise<Snapshot>((resolve, reject) => {
      const line = open();
      line.ask(scope, wants, (error, json) => {
        line.close();
        if (json === null) reject(error);
        else resolve(createSnapshotReceiver()(JSON.parse(json.toString())));
      });
    });
}
