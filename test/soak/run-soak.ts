import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { GapLine, SessionLine } from '../../src/session-log/log-line.ts';
import { readHistory } from '../../src/session-log/read-history.ts';
import { makeHome } from '../support/homes.ts';
import {
  type DaemonName,
  daemonNames,
  type HostDaemon,
  startHostDaemon,
} from '../support/host-daemons.ts';
import { startUapid } from '../support/uapid.ts';
import { sandboxFolder } from '../support/users.ts';
import type { DriverReport, Orders } from './driver.ts';
import { createHistory, type History, type SessionHistory } from './history.ts';
import { createCallers } from './http-callers.ts';
import { owners, virtualUsers } from './identities.ts';
import { createLedger, type Ledger } from './ledger.ts';
import type { Answer } from './log.ts';
import { type CheckedLog, type CheckedMoment, checkLog, checkMoment } from './log-checker.ts';
import { watchStarvation } from './starvation.ts';
import { endless, short } from './visit.ts';

export interface SoakOptions {
  readonly seconds: number;
  readonly clients: number;
  /** Every one that there is unless given; the clients go to them in turn. */
  readonly daemons?: readonly DaemonName[];
  /** Goes on after these seconds, up to thirty times as long, until enough was seen. */
  readonly isEnough?: (result: SoakResult) => boolean;
  /** Told every ten seconds. */
  readonly onProgress?: (result: SoakResult) => void;
}

export interface SoakResult {
  readonly ledger: Ledger;
  readonly seconds: number;
  /** Connections that were open at once; the mean leaves out the first and last seconds. */
  readonly connected: { readonly mean: number; readonly max: number };
  /** The session log of the first server, held against the drivers' own; null before the end. */
  readonly log:
    | (CheckedLog & {
        readonly sessions: number;
        readonly lines: number;
        readonly gaps: readonly GapLine[];
        readonly moments: readonly CheckedMoment[];
        /** Where the log is, and beside it what the drivers logged; null without faults. */
        readonly kept: string | null;
      })
    | null;
}

const sources = ['procfs', 'ps-list'] as const;
const settlingMs = 6_000;
const leavingMs = 60_000;

/**
 * Lets clients come and go at real daemons on one host for so long while callers list through every process
 * source, and checks every answer. Needs the sandbox. Rejects when the soak itself breaks down;
 * what uapid did wrong is in the result.
 */
export async function runSoak({
  seconds,
  clients,
  daemons = daemonNames,
  isEnough = () => true,
  onProgress,
}: SoakOptions): Promise<SoakResult> {
  const starvation = watchStarvation();
  const ledger = createLedger(undefined, starvation.share);
  const connected = { sum: 0, count: 0, max: 0 };
  /** Everything that the drivers logged: the ledger forgets what no answer can be about. */
  const whole = createHistory();
  const sessionLog = join(sandboxFolder, 'soak-sessions.log');
  let log: SoakResult['log'] = null;
  let asked: [number, number] = [0, 0];
  let began = performance.now();
  const result = (): SoakResult => ({
    ledger,
    seconds: (performance.now() - began) / 1000,
    connected: {
      mean: connected.sum / Math.max(1, connected.count),
      max: connected.max,
    },
    log,
  });
  for (const owner of owners) {
    await makeHome(owner, [
      [endless.name, endless.bytes],
      [short.name, short.bytes],
    ]);
  }
  const ftpds: HostDaemon[] = [];
  for (const name of daemons) {
    const maxClients = clients + 50;
    ftpds.push(await startHostDaemon(name, { throttle: 200, logins: virtualUsers, maxClients }));
  }
  for (const { pid } of ftpds) preferFtp(pid);
  const uapids = await Promise.all(
    sources.map((source, index) =>
      startUapid([
        ...['--log-level', 'warn', '--process-source', source],
        ...(index === 0 ? ['--session-log', sessionLog] : []),
      ]),
    ),
  );
  const end = new AbortController();
  const progress = setInterval(() => onProgress?.(result()), 10_000);
  try {
    const callers = uapids.flatMap((uapid, index) =>
      createCallers(uapid, `${sources[index]} over HTTP`),
    );
    const scanning = startChild('scanning-caller.js');
    scanning.child.on('message', (answer: Answer | null) => answer && ledger.answer(answer));
    const driver = startChild('driver.js');
    let failure: string | undefined;
    let isLeaving = false;
    driver.child.on('message', (report: DriverReport) => {
      ledger.log(report.changes, report.completeUntil);
      for (const change of report.changes) whole.add(change);
      failure ??= report.failure;
      const sinceMs = performance.now() - began;
      if (sinceMs < settlingMs || isLeaving) return;
      connected.sum += report.connected;
      connected.count++;
      connected.max = Math.max(connected.max, report.connected);
    });
    const places = ftpds.map(({ name, host, port, pid }) => ({
      daemon: name,
      host,
      port,
      master: pid,
    }));
    began = performance.now();
    driver.child.send({ places, clients } satisfies Orders);
    const calls = callers.map((caller) => caller.call(end.signal, (a) => ledger.answer(a)));
    await Promise.race([sleep(seconds * 1000), driver.ended, scanning.ended]);
    const isOver = () => performance.now() - began > 30 * seconds * 1000;
    while (!isOver() && !isEnough(result())) {
      await Promise.race([sleep(1000), driver.ended, scanning.ended]);
    }
    isLeaving = true;
    const now = Date.now();
    asked = [now - seconds * 1000, now];
    if (driver.child.connected) driver.child.send('stop');
    await inTime(driver.ended, 'the FTP clients leave');
    if (failure !== undefined) throw new Error(`The driver failed: ${failure}`);
    end.abort();
    scanning.child.send('stop');
    await inTime(Promise.all([scanning.ended, ...calls]), 'the callers end');
    // All sessions have ended, so the log is complete for good.
    ledger.log([], Infinity);
    // It writes down what it knows before it ends.
    await uapids[0]?.stop();
    log = await checkSessionLog(sessionLog, whole, asked);
    return result();
  } finally {
    clearInterval(progress);
    starvation.stop();
    end.abort();
    for (const uapid of uapids) await uapid.stop();
    rmSync(sessionLog, { force: true });
    for (const ftpd of ftpds) await ftpd.stop();
  }
}

/** How many moments the log is asked about, spread over the soak. */
const momentCount = 9;

/** Reads a session log as `uapid history` does, and for moments in the middle as with `--at`. */
async function checkSessionLog(path: string, history: History, [from, to]: [number, number]) {
  const read = async (moment: number | null) => {
    const lines: SessionLine[] = [];
    const gaps: GapLine[] = [];
    const query = { scope: { kind: 'everybody' }, login: null, from: null } as const;
    const onSession = (line: SessionLine) => void lines.push(line);
    const onGap = (gap: GapLine) => void gaps.push(gap);
    await readHistory(path, { ...query, since: moment, until: moment }, { onSession, onGap });
    return { lines, gaps };
  };
  const { lines, gaps } = await read(null);
  const sessions = [...history.all()];
  const checked = checkLog(sessions, lines, gaps);
  const moments: CheckedMoment[] = [];
  for (let i = 1; i <= momentCount; i++) {
    const moment = Math.round(from + ((to - from) * i) / (momentCount + 1));
    moments.push(checkMoment(sessions, { moment, ...(await read(moment)) }, gaps));
  }
  const faults = [...checked.faults, ...moments.flatMap((each) => each.faults)];
  return {
    sessions: sessions.filter(({ loggedIn }) => loggedIn !== null).length,
    lines: lines.length,
    gaps,
    moments,
    ...checked,
    faults,
    kept: faults.length === 0 ? null : keep(path, sessions),
  };
}

/** Copies a log to where it outlives the sandbox, with what the drivers logged beside it. */
function keep(path: string, sessions: readonly SessionHistory[]): string {
  const folder = mkdtempSync('/var/tmp/uapid-soak-');
  copyFileSync(path, join(folder, 'sessions.log'));
  const lines = sessions.map(
    ({ session, connected, loggedIn, ended }) =>
      `${JSON.stringify({ session, connected, loggedIn, ended })}\n`,
  );
  writeFileSync(join(folder, 'drivers.log'), lines.join(''));
  return folder;
}

interface Child {
  readonly child: ChildProcess;
  /** Rejects when it ends with another code than 0. */
  readonly ended: Promise<void>;
}

/** Starts a program of this folder, which ends with this process at the latest. */
function startChild(name: string): Child {
  const child = fork(fileURLToPath(new URL(name, import.meta.url)), {
    execArgv: ['--enable-source-maps'],
  });
  const ended = once(child, 'exit').then(([code, signal]) => {
    if (code !== 0) throw new Error(`${name} ended with ${code ?? signal}`);
  });
  ended.catch(() => undefined);
  return { child, ended };
}

async function inTime(work: Promise<unknown>, what: string): Promise<void> {
  const tooLate = new AbortController();
  const limit = sleep(leavingMs, undefined, { signal: tooLate.signal }).then(() => {
    throw new Error(`Waited ${leavingMs} ms in vain until ${what}`);
  });
  limit.catch(() => undefined);
  await Promise.race([work, limit]).finally(() => tooLate.abort());
}

/**
 * Where the kernel shares processors by session (sched(7), autogroup), each process of a server has as
 * large a share as all FTP sessions together, and callers who never pause would leave them too little.
 */
function preferFtp(pid: number): void {
  const path = `/proc/${pid}/autogroup`;
  if (existsSync(path)) writeFileSync(path, '-15');
}
