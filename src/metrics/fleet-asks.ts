import { Counter, Histogram, type Registry } from 'prom-client';

/** How often a gateway has asked hosts of its fleet, how long that took and what came of it. */
export interface FleetAsks {
  /** Takes one round: how long it took, in ms, and what became of each question. */
  add(durationMs: number, outcomes: readonly string[]): void;
  /** By outcome, since the worker began. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Of seconds; in no registry. */
  readonly durations: Histogram;
}

/** From a few hosts at once to a deadline that some let pass. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 2.5, 5];

/** Those that a gateway names, so that each is there from the first scrape on. */
const known = [
  'answer',
  'absent',
  'silent',
  'busy',
  'lost',
  'malformed',
  'refused',
  'cloned',
  'not-asked',
  'unsigned',
  'too-large',
];

export function createFleetAsks(): FleetAsks {
  const outcomes = new Map(known.map((outcome) => [outcome, 0]));
  const durations = new Histogram({
    name: 'uapid_fleet_ask_seconds',
    help: 'At the gateway of a fleet: how long a round of questions took, from the first question to the last answer or the deadline; callers share rounds.',
    buckets,
    registers: [],
  });
  return {
    outcomes,
    durations,
    add: (durationMs, told) => {
      durations.observe(durationMs / 1000);
      for (const outcome of told) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    },
  };
}

export function addFleetAsks(registry: Registry, asks: FleetAsks): void {
  registry.registerMetric(asks.durations);
  new Counter({
    name: 'uapid_fleet_answers_total',
    help: 'At the gateway of a fleet: questions to its hosts by what became of each, each question of a round once, however often a busy host was asked it.',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [outcome, count] of asks.outcomes) this.inc({ outcome }, count);
    },
  });
}
