import { ApiError } from '../call/api-error.ts';
import type { Arguments } from '../call/arguments.ts';
import { readSwitch, readWholeNumber } from './read-parameters.ts';
import type { Row, Transform, Transformed } from './row.ts';

/** A request for a part of the list; what is undefined was not asked for. */
interface Request {
  readonly administrator: boolean;
  readonly start: number | undefined;
  readonly size: number | undefined;
  readonly page: number | undefined;
}

/**
 * Cuts one page out of the list. Without a size it is the whole list from the start on: hiding
 * sessions behind a default size that nobody asked for would make a list look complete. A page
 * beyond the end is empty. The account's parameters come before the administrator's.
 */
// biome-ignore lint/correctness/useYield: cutting a page takes no time.
export const paginate: Transform = function* (rows, args) {
  const request = readPagination(args) ?? readChunk(args);
  return request === undefined ? { rows, metadata: {} } : cut(rows, request);
};

/** `api.paginate`, or the presence of one of its parts; `api.paginate=0` is off. */
function readPagination(args: Arguments): Request | undefined {
  const on = readSwitch(args, 'api.paginate');
  if (on === false) return undefined;
  const start = readStart(args, 'api.paginate_start');
  const size = readWholeNumber(args, 'api.paginate_size');
  const page = readWholeNumber(args, 'api.paginate_page');
  if (((page ?? 1) - 1) * (size ?? 1) > Number.MAX_SAFE_INTEGER - 2 ** 31) {
    throw new ApiError('api.paginate_page is too large for this api.paginate_size.');
  }
  const asked = on ?? [start, size, page].some((part) => part !== undefined);
  return asked ? { administrator: false, start, size, page } : undefined;
}

function readChunk(args: Arguments): Request | undefined {
  const on = readSwitch(args, 'api.chunk.enable');
  if (on === false) return undefined;
  const start = readStart(args, 'api.chunk.start');
  const size = readWholeNumber(args, 'api.chunk.size');
  const asked = on ?? (start !== undefined || size !== undefined);
  return asked ? { administrator: true, start, size, page: undefined } : undefined;
}

/** The first record, counted from 1. Clients send -1 for "from the first on". */
function readStart(args: Arguments, name: string): number | undefined {
  return args.get(name) === '-1' ? 1 : readWholeNumber(args, name);
}

/**
 * The page number tells where the first record lies in a list cut from record 1 on, because
 * clients ask for a page by its first record. There is at least one page, of at least one record,
 * even when the list is empty: clients divide by both.
 */
function cut(rows: readonly Row[], request: Request): Transformed {
  const total = rows.length;
  const size = request.size ?? Math.max(total, 1);
  const first = (request.start ?? 1) + ((request.page ?? 1) - 1) * size;
  const pages = Math.max(Math.ceil(total / size), 1);
  const current = Math.floor((first - 1) / size) + 1;
  const paginate = {
    total_pages: pages,
    total_results: total,
    current_page: current,
    results_per_page: size,
    start_result: first,
  };
  // Where cPanel's own JavaScript client looks after a request with api.chunk.
  const chunk = { start: first, size, current, chunks: pages, records: total };
  return {
    rows: rows.slice(first - 1, first - 1 + size),
    metadata: request.administrator ? { paginate, chunk } : { paginate },
  };
}
