import type { Violation } from './checker.ts';
import { violationKinds } from './checker.ts';
import type { SoakResult } from './run-soak.ts';

/** One line that tells how far the soak is. */
export function progressLine(result: SoakResult): string {
  const { ledger, seconds, connected } = result;
  const { looks, rows, violations } = totals(result);
  const clients = `${Math.round(connected.mean)} clients (at most ${connected.max})`;
  const checked = `${looks} looks, ${rows} rows, ${ledger.uncertaintiesMs.length} events checked`;
  return `${Math.round(seconds)} s: ${clients}; ${checked}, ${violations} violations`;
}

/** The sum of all sources. */
export function totals({ ledger, log }: SoakResult) {
  const counters = [...ledger.counters.values()];
  return {
    looks: counters.reduce((sum, { looks }) => sum + looks, 0),
    rows: counters.reduce((sum, { rows }) => sum + rows, 0),
    violations:
      [...ledger.counts.values()].reduce((sum, count) => sum + count, 0) +
      (log?.faults.length ?? 0),
  };
}

/** What was checked and what was found, with all evidence for the first violations. */
export function summary(result: SoakResult): string {
  const { ledger } = result;
  const moments = result.log?.moments ?? [];
  const { uncertaintiesMs } = ledger;
  const { looks, rows } = totals(result);
  const late = [...ledger.counters.values()].reduce((sum, each) => sum + each.late, 0);
  const counters = [...ledger.counters].sort(([a], [b]) => a.localeCompare(b));
  return [
    line('source', 'looks', 'rows', 'median ms', 'longest ms'),
    ...counters.map(([source, { looks, rows, durationsMs }]) => {
      const [median, longest] = [quantile(durationsMs, 0.5), quantile(durationsMs, 1)];
      return line(source, looks, rows, median, longest);
    }),
    line('all', looks, rows),
    '',
    line('events of the log', uncertaintiesMs.length),
    line('their uncertainty: median ms', quantile(uncertaintiesMs, 0.5)),
    line('their uncertainty: 95 % up to ms', quantile(uncertaintiesMs, 0.95)),
    line('sessions with a pid used before', ledger.reusedPids),
    line('clients connected, on average', Math.round(result.connected.mean)),
    line('clients connected, at most', result.connected.max),
    line('late while the machine starved', late),
    '',
    ...violationKinds.map((kind) => line(`violations: ${kind}`, ledger.counts.get(kind) ?? 0)),
    ...ledger.violations.map(evidence),
    '',
    line('sessions that logged in', result.log?.sessions ?? 0),
    line('lines of the session log', result.log?.lines ?? 0),
    line('gaps that it tells', result.log?.gaps.length ?? 0),
    line('sessions missing and told by gaps', result.log?.missingAndTold ?? 0),
    line('moments that it is asked about', moments.length),
    line('who is named for them', sum(moments.map(({ named }) => named))),
    line('who is missing and told by gaps', sum(moments.map((each) => each.missingAndTold))),
    line('faults of the session log', result.log?.faults.length ?? 0),
    ...(result.log?.faults ?? []).slice(0, 10).map(({ kind, detail }) => `${kind}: ${detail}`),
    ...(result.log?.kept == null ? [] : [`The session log is kept in ${result.log.kept}.`]),
  ].join('\n');
}

const sum = (values: readonly number[]) => values.reduce((total, each) => total + each, 0);

function line(name: string, ...values: readonly (string | number)[]): string {
  return name.padEnd(34) + values.map((value) => String(value).padStart(12)).join('');
}

/** A whole number that this share of the values is at most. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.ceil((sorted.length - 1) * share)] ?? 0);
}

function evidence({ kind, detail, answer, row, log }: Violation): string {
  const facts = { answer, row, log };
  return `\n${kind.toUpperCase()}: ${detail}\n${JSON.stringify(facts, null, 1)}`;
}
