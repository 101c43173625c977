import type { Arguments } from '../call/arguments.ts';
import { readSwitch, refuseTooMany } from './read-parameters.ts';
import type { Row, Transform } from './row.ts';
import { countWork, isPauseDue } from './work.ts';

const workOfRow = 50;

/**
 * Leaves of every row the columns asked for, in the row's own order. Names that no row has are
 * ignored. `api.columns=0` and `api.columns.enable=0` turn off their own grammar; without the
 * switch, the names are enough, as for filters.
 */
export const columns: Transform = function* (rows, args, work) {
  const parameters = [
    ...readNames(args, 'api.columns', /^api\.columns_\d{1,9}$/),
    ...readNames(args, 'api.columns.enable', /^api\.columns\.(?!enable$|verbose$)\w{1,64}$/),
  ];
  refuseTooMany(parameters);
  if (parameters.length === 0) return { rows, metadata: {} };
  const wanted = new Set(parameters.map((parameter) => args.get(parameter)));
  const cut: Row[] = [];
  for (const row of rows) {
    cut.push(Object.fromEntries(Object.entries(row).filter(([name]) => wanted.has(name))));
    countWork(work, workOfRow);
    if (isPauseDue(work)) yield;
  }
  return { rows: cut, metadata: {} };
};

/** The names of the arguments that ask for a column; forms send empty ones. */
function readNames(args: Arguments, enable: string, pattern: RegExp): string[] {
  if (readSwitch(args, enable) === false) return [];
  return [...args.keys()].filter((name) => pattern.test(name) && args.get(name) !== '');
}
