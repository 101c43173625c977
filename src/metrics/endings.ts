import { Counter, type Registry } from 'prom-client';
import { createEndingCounts, type EndingCounts } from '../sessions/count-endings.ts';

/**
 * Adds how many sessions were ended. The monitor counts them, since it ends those of commands too: the
 * function that it returns takes its counts, or null where it does not answer, when the last ones stay.
 */
export function addEndings(registry: Registry): (counts: EndingCounts | null) => void {
  const counter = new Counter({
    name: 'uapid_ended_sessions_total',
    help: 'FTP sessions that were to be ended on demand, by the API, the page or a command, by outcome.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const show = (counts: EndingCounts) => {
    counter.reset();
    for (const [outcome, count] of Object.entries(counts)) counter.inc({ outcome }, count);
  };
  show(createEndingCounts());
  return (counts) => {
    if (counts !== null) show(counts);
  };
}
