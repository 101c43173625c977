import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from 'prom-client';
import { type MonitorStats, type ProcessStats, readProcessStats } from '../os/process-stats.ts';

const resolutionMs = 10;

/**
 * Adds how the three processes do, under the names that are usual (prom-client's defaults, which know
 * one process alone and break promtool's rules). The function that it returns takes the process stats of the
 * two with rights, or null where nobody answers; this process's are read here.
 */
export function addProcessGauges(registry: Registry): (others: MonitorStats | null) => void {
  const options = { labelNames: ['side'], registers: [registry] };
  const startTime = new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the process began, in seconds since the epoch.',
    ...options,
  });
  const resident = new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of the process.',
    ...options,
  });
  const heap = new Gauge({
    name: 'nodejs_heap_size_used_bytes',
    help: 'Memory that JavaScript objects of the process use.',
    ...options,
  });
  const openFiles = new Gauge({
    name: 'process_open_fds',
    help: 'Open file descriptors of the process.',
    ...options,
  });
  const cpu = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Processor time of the process, user and system.',
    ...options,
  });
  const gauges = [startTime, resident, heap, openFiles];
  const showEventLoopDelay = addEventLoopDelay(registry);

  function show(side: 'http' | 'privileged' | 'scanner', processStats: ProcessStats | null): void {
    if (processStats === null) return;
    startTime.set({ side }, processStats.startedAt);
    resident.set({ side }, processStats.residentBytes);
    heap.set({ side }, processStats.heapUsedBytes);
    if (processStats.openFiles !== null) openFiles.set({ side }, processStats.openFiles);
    cpu.inc({ side }, processStats.cpuSeconds);
  }

  return (others) => {
    for (const metric of [...gauges, cpu]) metric.reset();
    showEventLoopDelay();
    show('http', readProcessStats());
    show('privileged', others?.monitor ?? null);
    show('scanner', others?.scanner ?? null);
  };
}

/**
 * Adds how late the worker's event loop gets to what is due. The function that it returns sets
 * that for the time since it was called last.
 */
function addEventLoopDelay(registry: Registry): () => void {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  const gauge = (name: string, what: string) =>
    new Gauge({
      name: `nodejs_eventloop_lag_${name}_seconds`,
      help: `${what} delay of the worker’s event loop since the last scrape.`,
      registers: [registry],
    });
  const median = gauge('p50', 'Median');
  const high = gauge('p99', '99th percentile of the');
  const longest = gauge('max', 'Longest');
  // What is measured includes the wait for the measuring timer.
  const seconds = (nanoseconds: number) => Math.max(nanoseconds / 1e9 - resolutionMs / 1000, 0);
  return () => {
    // Nothing was measured between two scrapes that come right after each other.
    if (histogram.count === 0) return;
    median.set(seconds(histogram.percentile(50)));
    high.set(seconds(histogram.percentile(99)));
    longest.set(seconds(histogram.max));
    histogram.reset();
  };
}
