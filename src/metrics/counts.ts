import { Counter, Gauge, type Registry } from 'prom-client';
import { version } from '../lib/version.ts';
import type { Counters } from './counters.ts';

type Labels = Readonly<Record<string, string>>;
type Count = readonly [labels: Labels, value: number];

/**
 * Adds what is counted elsewhere, in plain numbers that cost a request next to nothing: they become
 * metrics when somebody scrapes.
 */
export function addCounts(
  registry: Registry,
  { snapshots, failures, calls, refusals }: Counters,
): void {
  addCounter(registry, {
    name: 'uapid_logins_seen_total',
    help: 'FTP sessions that a scan showed for the first time. Who connects and leaves between two scans is not seen; a scrape is a scan, and so is any call that lists sessions.',
    labelNames: ['daemon'],
    read: () => [...snapshots.totals].map(([daemon, { logins }]) => [{ daemon }, logins]),
  });
  addCounter(registry, {
    name: 'uapid_transfer_bytes_seen_total',
    help: 'Bytes by which FTP transfers had moved on from one scan to the next that showed the same transfer. What moves before the first scan that shows a transfer and after the last one is not seen.',
    labelNames: ['daemon', 'direction'],
    read: () =>
      [...snapshots.totals].flatMap(([daemon, { bytes }]): Count[] => [
        [{ daemon, direction: 'download' }, bytes.download],
        [{ daemon, direction: 'upload' }, bytes.upload],
      ]),
  });
  addCounter(registry, {
    name: 'uapid_daemon_failures_total',
    help: 'Scans of the host in which the driver of a daemon failed or was late, so that its sessions are missing, of those that the worker was shown.',
    labelNames: ['daemon'],
    read: () => [...failures.counts].map(([daemon, count]) => [{ daemon }, count]),
  });
  addCounter(registry, {
    name: 'uapid_requests_total',
    help: 'Calls of UAPI functions by outcome: failed with an error for the caller, or broken inside. All functions that do not exist are "unknown".',
    labelNames: ['module', 'function', 'outcome'],
    read: () =>
      calls.all.flatMap(({ module, func, counts }) =>
        byLabel('outcome', counts).map(
          ([labels, value]): Count => [{ module, function: func, ...labels }, value],
        ),
      ),
  });
  addCounter(registry, {
    name: 'uapid_refused_logins_total',
    help: 'Credentials that were refused: wrong, not an administrator’s where only those count, or not looked at: after too many failures, or because too many others were being checked.',
    labelNames: ['reason'],
    read: () => byLabel('reason', refusals),
  });
  new Gauge({
    name: 'uapid_build_info',
    help: 'The version of uapid and of Node.js; always 1.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version, node: process.versions.node }, 1);
}

interface CountsElsewhere {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly read: () => readonly Count[];
}

function addCounter(registry: Registry, { read, ...configuration }: CountsElsewhere): void {
  new Counter({
    ...configuration,
    registers: [registry],
    collect() {
      this.reset();
      for (const [labels, value] of read()) this.inc(labels, value);
    },
  });
}

function byLabel(label: string, counts: object): Count[] {
  return Object.entries(counts).map(([key, value]) => [{ [label]: key }, Number(value)]);
}
