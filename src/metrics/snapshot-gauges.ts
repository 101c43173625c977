import { Gauge, type Registry } from 'prom-client';
import { daemonDescriptions } from '../daemons/descriptions.ts';
import { gapCauses } from '../daemons/gap-text.ts';
import type { SessionState, Snapshot } from '../sessions/session.ts';

/** What is of no kind that this uapid knows. */
const other = 'other';

const states: readonly SessionState[] = ['idle', 'download', 'upload'];

/**
 * Adds what one scan of the host shows. The function that it returns takes the scan, or null when
 * there was none in time: then nothing is said of the host but that.
 */
export function addSnapshotGauges(registry: Registry): (snapshot: Snapshot | null) => void {
  const registers = [registry];
  const up = new Gauge({
    name: 'uapid_collector_up',
    help: 'Whether the scan that this scrape asked for came back in time (1), or failed or did not (0).',
    registers,
  });
  const sessions = new Gauge({
    name: 'uapid_sessions',
    help: 'FTP sessions that are logged in, as this scrape found them.',
    labelNames: ['daemon', 'state'],
    registers,
  });
  const daemons = new Gauge({
    name: 'uapid_daemons',
    help: 'FTP daemons that run: master processes, as this scrape found them.',
    labelNames: ['daemon'],
    registers,
  });
  const gaps = new Gauge({
    name: 'uapid_gaps',
    help: 'What this scrape could not see of the host, one for each session or fact, by cause.',
    labelNames: ['cause'],
    registers,
  });
  const daemonNames: ReadonlySet<string> = new Set(daemonDescriptions.map(({ name }) => name));
  const causes: ReadonlySet<string> = new Set(gapCauses);
  /** A host of a fleet may say anything, and each text would be a series more for good. */
  const among = (known: ReadonlySet<string>, text: string) => (known.has(text) ? text : other);

  return (snapshot) => {
    up.set(snapshot === null ? 0 : 1);
    for (const gauge of [sessions, daemons, gaps]) gauge.reset();
    if (snapshot === null) return;
    for (const daemon of daemonNames) {
      for (const state of states) sessions.set({ daemon, state }, 0);
      daemons.set({ daemon }, 0);
    }
    for (const cause of gapCauses) gaps.set({ cause }, 0);
    for (const { daemon, state } of snapshot.sessions) {
      sessions.inc({ daemon: among(daemonNames, daemon), state });
    }
    for (const { name } of snapshot.daemons) daemons.inc({ daemon: among(daemonNames, name) });
    for (const { cause } of snapshot.gaps) gaps.inc({ cause: among(causes, cause) });
  };
}
