import { parseMoment } from '../lib/moment.ts';
import { addressFilter } from '../session-log/history-query.ts';
import type { HistoryQuery } from '../sessions/history.ts';
import type { FleetOptions } from './fleet-options.ts';
import { UsageError } from './usage-error.ts';

/** The options of `history`. */
export interface HistoryOptions extends FleetOptions {
  readonly login?: string;
  readonly from?: string;
  readonly since?: string;
  readonly until?: string;
  readonly at?: string;
  readonly file?: string;
  readonly files?: boolean;
  readonly json?: boolean;
  readonly follow?: boolean;
}

/** Which sessions that were are wanted, but for whose. Throws UsageError. */
export function wishesOf(
  { login, from, since, until, at, file, files, json }: HistoryOptions,
  now: Date,
): Omit<HistoryQuery, 'scope'> {
  if (at !== undefined && (since ?? until) !== undefined) {
    throw new UsageError('--at goes without --since and --until');
  }
  const moment = (text: string | undefined) => (text === undefined ? null : parseMoment(text, now));
  const [begin, end] = checked(() => [moment(at ?? since), moment(at ?? until)] as const);
  if (begin !== null && end !== null && begin > end) {
    throw new UsageError('--until is before --since');
  }
  checked(() => from !== undefined && addressFilter(from));
  return {
    login: login ?? null,
    from: from ?? null,
    since: begin,
    until: end,
    file: file ?? null,
    files: files === true || json === true,
  };
}

/** What makes no sense is the caller's matter. */
function checked<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}
