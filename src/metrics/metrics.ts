import { Registry } from 'prom-client';
import { withTimeout } from '../lib/with-timeout.ts';
import type { MonitorStats } from '../os/process-stats.ts';
import type { Fleet } from '../sessions/fleet.ts';
import { everybody } from '../sessions/scope.ts';
import type { SessionSource } from '../sessions/session.ts';
import { addCertificateGauge } from './certificate-gauge.ts';
import type { Counters } from './counters.ts';
import { addCounts } from './counts.ts';
import { addEndings } from './endings.ts';
import { addFleetAsks } from './fleet-asks.ts';
import { addFleetGauges } from './fleet-gauges.ts';
import { addProcessGauges } from './process-gauges.ts';
import { addScanTimes } from './scan-times.ts';
import { addSnapshotGauges } from './snapshot-gauges.ts';

/** What metrics are made of. */
export interface Measured {
  readonly sessions: SessionSource;
  readonly counters: Counters;
  /** Of the monitor's processes. */
  readonly processStats: () => Promise<MonitorStats>;
  /** That of the https addresses, in PEM form; null where there are none. */
  readonly certificate?: () => string | null;
  /** Of a gateway. */
  readonly fleet?: Fleet | undefined;
}

export interface Metrics {
  readonly contentType: string;
  /** Resolves to all metrics in Prometheus' text format, after one scan of the host. Never rejects. */
  scrape(): Promise<string>;
}

/** Less than the ten seconds that Prometheus gives a scrape unless told otherwise. */
const monitorTimeoutMs = 5_000;

/**
 * The metrics of this server, in a registry of their own. No label holds anything that a client, an
 * FTP user or a file may choose.
 */
export function createMetrics(measured: Measured, timeoutMs = monitorTimeoutMs): Metrics {
  const registry = new Registry();
  const { fleet, counters } = measured;
  const { showSnapshot, showMonitor, showCertificate } = addMetrics(registry, counters);
  const showFleet = fleet && addFleetMetrics(registry, counters);
  return {
    contentType: registry.contentType,
    scrape: async () => {
      const [snapshot, processStats, servers] = await Promise.all([
        orNull(withTimeout(timeoutMs, measured.sessions.snapshot(everybody))),
        orNull(withTimeout(timeoutMs, measured.processStats())),
        fleet && orNull(withTimeout(timeoutMs, fleet.states(everybody))),
      ]);
      showSnapshot(snapshot);
      showMonitor(processStats);
      showFleet?.(servers ?? null);
      showCertificate(measured.certificate?.() ?? null);
      return registry.metrics();
    },
  };
}

/** Adds every metric there is. The functions that it returns set what only a scrape can tell. */
export function addMetrics(registry: Registry, counters: Counters) {
  const showSnapshot = addSnapshotGauges(registry);
  addCounts(registry, counters);
  addScanTimes(registry, counters.scanTimes);
  const showProcesses = addProcessGauges(registry);
  const showEndings = addEndings(registry);
  const showMonitor = (stats: MonitorStats | null) => {
    showProcesses(stats);
    showEndings(stats?.endings ?? null);
  };
  const showCertificate = addCertificateGauge(registry);
  return { showSnapshot, showMonitor, showCertificate };
}

/** Adds those of a gateway. The function that it returns takes how its servers are. */
export function addFleetMetrics(registry: Registry, { fleetAsks }: Counters) {
  const showFleet = addFleetGauges(registry);
  addFleetAsks(registry, fleetAsks);
  return showFleet;
}

async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch {
    return null;
  }
}
