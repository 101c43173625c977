import { type Change, type Fact, type Interval, now } from './log.ts';

/** A change that has begun and is not known to be done yet. */
export interface OpenChange {
  /** Logs it as done by now, or by the moment `to`. Later calls do nothing. */
  close(fact: Fact, to?: number): void;
  /** It had no effect: logs nothing. */
  dismiss(): void;
}

export interface VisitorsLog {
  /** To be called before the change's cause is sent. */
  open(session: number): OpenChange;
  /** Everything logged since the last call. */
  take(): { readonly changes: Change[]; readonly completeUntil: number };
}

/** The log of all visitors of one process. */
export function createVisitorsLog(): VisitorsLog {
  const open = new Set<Interval>();
  let done: Change[] = [];
  return {
    open(session) {
      const began: Interval = { from: now(), to: Infinity };
      const clockFrom = Date.now();
      open.add(began);
      return {
        close(fact, to = now()) {
          if (!open.delete(began)) return;
          const clock = { from: clockFrom, to: Date.now() };
          done.push({ session, from: began.from, to, clock, fact });
        },
        dismiss: () => void open.delete(began),
      };
    },
    take() {
      let completeUntil = now();
      for (const { from } of open) {
        // What begins at this very moment is not in it.
        completeUntil = Math.min(completeUntil, from - 1e-6);
      }
      const changes = done;
      done = [];
      return { changes, completeUntil };
    },
  };
}
