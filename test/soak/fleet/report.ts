import { fleetFaults } from './checker.ts';
import type { FleetSoakResult } from './run-fleet-soak.ts';

/** One line that tells how far it is. */
export function fleetProgress({ seconds, answers, rows, named, faults }: FleetSoakResult): string {
  return `${Math.round(seconds)} s: ${answers} answers, ${rows} rows, servers named ${named} times, ${faults.length} faults`;
}

/** What was checked and what was found, with the first faults. */
export function fleetSummary(result: FleetSoakResult): string {
  const happened = [...result.happened].sort(([one], [other]) => one.localeCompare(other));
  return [
    `seed ${result.seed}: npm run soak -- --fleet --seed ${result.seed}`,
    fleetProgress(result),
    ...happened.map(([what, times]) => `${what.padEnd(34)}${String(times).padStart(12)}`),
    ...fleetFaults.map((kind) => {
      const count = result.faults.filter((fault) => fault.kind === kind).length;
      return `${`faults: ${kind}`.padEnd(34)}${String(count).padStart(12)}`;
    }),
    ...result.faults.slice(0, 10).map(({ kind, detail }) => `${kind}: ${detail}`),
  ].join('\n');
}
