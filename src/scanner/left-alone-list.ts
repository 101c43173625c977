import type { LeftAloneProcess } from '../os/processes/left-alone.ts';
import { isLiving } from '../os/processes/procfs/facts.ts';
import { type ProbeOptions, probe } from './probe.ts';
import type { WaitedFor } from './waited-for.ts';

export interface LeftAloneListOptions extends ProbeOptions {
  /** Called when a process is not to be left alone any more. */
  readonly onChange: () => void;
  readonly firstPauseMs?: number;
}

/** The processes that scanners leave alone, and when each of them is tried again. */
export interface LeftAloneList {
  readonly processes: readonly LeftAloneProcess[];
  /** False when it is in the list already, or there are too many: leaving it alone does not help. */
  add(process: WaitedFor): boolean;
  stop(): void;
}

interface Entry {
  readonly waitedFor: WaitedFor;
  timer: NodeJS.Timeout;
}

const maxProcesses = 1_000;
const defaultFirstPauseMs = 60_000;
const maxPauseMs = 3_600_000;

/**
 * A process is tried again after a minute and then after pauses that double, up to an hour, beside
 * all scans (`probe`). One that hangs again goes on with the pause that it had. One that has ended is
 * forgotten.
 */
export function createLeftAloneList({
  onChange,
  firstPauseMs = defaultFirstPauseMs,
  ...place
}: LeftAloneListOptions): LeftAloneList {
  const { procRoot } = place;
  const entries = new Map<string, Entry>();
  /** The next pause of each process that was ever here. */
  const pauses = new Map<string, number>();

  function wait(key: string, waitedFor: WaitedFor): NodeJS.Timeout {
    const pauseMs = pauses.get(key) ?? firstPauseMs;
    pauses.delete(key);
    pauses.set(key, Math.min(pauseMs * 2, maxPauseMs));
    const [oldest] = pauses.keys();
    if (pauses.size > maxProcesses && oldest !== undefined) pauses.delete(oldest);
    return setTimeout(() => void tryAgain(key, waitedFor), pauseMs).unref();
  }

  function forgetEnded(): void {
    for (const [key, { waitedFor, timer }] of entries) {
      if (isLiving(procRoot, waitedFor)) continue;
      clearTimeout(timer);
      entries.delete(key);
    }
  }

  async function tryAgain(key: string, waitedFor: WaitedFor): Promise<void> {
    const isOver = !isLiving(procRoot, waitedFor) || (await probe(waitedFor, place));
    const entry = entries.get(key);
    if (entry === undefined) return;
    if (isOver) {
      entries.delete(key);
      onChange();
    } else {
      entry.timer = wait(key, waitedFor);
    }
  }

  return {
    get processes() {
      return [...entries.values()].map(({ waitedFor: { pid, startTime, uid } }) => ({
        pid,
        startTime,
        uid,
      }));
    },
    add: (waitedFor) => {
      const key = `${waitedFor.pid} ${waitedFor.startTime}`;
      if (entries.size >= maxProcesses) forgetEnded();
      if (entries.has(key) || entries.size >= maxProcesses) return false;
      entries.set(key, { waitedFor, timer: wait(key, waitedFor) });
      return true;
    },
    stop: () => {
      for (const { timer } of entries.values()) clearTimeout(timer);
      entries.clear();
    },
  };
}
