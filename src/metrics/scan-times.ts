import { Counter, Histogram, type Registry } from 'prom-client';
import type { Snapshot } from '../sessions/session.ts';

/** How often the host was looked at and how long that took, where the looking is done. */
export interface ScanTimes {
  /** Takes any snapshot; several of one scan count once. */
  add(snapshot: Pick<Snapshot, 'scanNumber' | 'durationMs'>): void;
  /** The number of the last scan that was shown. */
  readonly scans: number;
  /** Of seconds; in no registry. */
  readonly durations: Histogram;
}

/** From a host with few sessions to one that is read through ps-list under load. */
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createScanTimes(): ScanTimes {
  const durations = new Histogram({
    name: 'uapid_look_duration_seconds',
    help: 'How long a scan of the host took the monitor, of those that the worker was shown.',
    buckets,
    registers: [],
  });
  let scans = 0;
  return {
    durations,
    get scans() {
      return scans;
    },
    add: ({ scanNumber, durationMs }) => {
      if (scanNumber <= scans) return;
      scans = scanNumber;
      durations.observe(durationMs / 1000);
    },
  };
}

export function addScanTimes(registry: Registry, times: ScanTimes): void {
  registry.registerMetric(times.durations);
  new Counter({
    name: 'uapid_looks_total',
    help: 'Scans of the host since the monitor began, up to the last one that the worker was shown; requests share them.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(times.scans);
    },
  });
}
