import { normalAddress } from '../lib/client-address.ts';
import { localHost } from '../sessions/identity.ts';
import type { AuditEvent } from './audit-event.ts';
import type { Claim } from './claim.ts';

/** What every line begins with. The filters of log readers depend on it. */
export const auditPrefix = 'uapid-audit:';

/** The fields after the address, each where the event has it. New ones go to the end. */
const order = [
  'account',
  'by',
  'door',
  'scheme',
  'reason',
  'role',
  'state',
  'token',
  'pid',
  'start',
  'login',
  'outcome',
  'feature',
  'function',
  'kind',
  'dropped',
  'claimed',
  'host',
  'via',
  'sessions',
] as const;

/** Fields whose text is somebody else's; it stands in quotes even when it is harmless. */
const foreign: ReadonlySet<string> = new Set(['account', 'by', 'token', 'login']);

/** The most UTF-16 code units of a text that are written. An account's name has at most as many. */
const maxUnits = 128;

/** Which part of a line is the word of the worker alone. */
interface Marked {
  /**
   * "line": all but the time; "caller": who wanted it, while what became of it the monitor has
   * seen; "nothing": it has seen all of it, and the worker did not say for whom it was.
   */
  readonly claimed: 'line' | 'caller' | 'nothing';
}

/** An end that nobody was named for. */
interface UnclaimedEnd extends Marked {
  readonly event: 'session-ended';
  readonly address: null;
  readonly account: null;
  readonly by: null;
  readonly host: string;
  readonly pid: number;
  readonly start: string;
  readonly login: string | null;
  readonly outcome: string;
}

/** Lines of the worker that were too many to be written. */
interface LinesDropped {
  readonly event: 'lines-dropped';
  readonly address: null;
  readonly kind: 'refusals' | 'seen' | 'others';
  readonly dropped: number;
}

type Written = AuditEvent | (Claim & Marked) | UnclaimedEnd | LinesDropped;

/**
 * An event as one line without its end: at most 4095 bytes of printable ASCII, so that a write of
 * it to a pipe is never torn apart (PIPE_BUF is at least 4096 on Linux). Prefix, UTC time with
 * milliseconds, event, `address`, then the other fields as KEY=VALUE, one space before each.
 * The address, or "-" for none, stands before everything that a client may choose. Values have no
 * space in them, so that a line falls apart into its fields at its spaces.
 */
export function formatAudit(event: Written, at: Date): string {
  const address = (event.address === null ? null : normalAddress(event.address)) ?? '-';
  const values: Partial<Record<string, unknown>> = { ...event };
  // Of most there is but one.
  if (values['host'] === localHost) delete values['host'];
  const fields = order
    .filter((key) => values[key] !== undefined)
    .map((key) => `${key}=${fieldValue(key, values[key])}`);
  return [auditPrefix, at.toISOString(), event.event, `address=${address}`, ...fields].join(' ');
}

function fieldValue(key: string, value: unknown): string {
  if (value === null) return '-';
  if (typeof value === 'number') return String(value);
  const text = String(value);
  return !foreign.has(key) && /^[a-z0-9-]{1,32}$/i.test(text) ? text : quoted(text);
}

/**
 * A JSON string of letters, digits and . _ @ + : / - alone; every other UTF-16 code unit is \uXXXX,
 * also quote, backslash, space, percent and equals sign: nothing in it means anything to a log
 * reader, a terminal, a shell or a format string. A ~ at its end says that the text was longer.
 */
function quoted(text: string): string {
  const escaped = text.slice(0, maxUnits).replace(/[^A-Za-z0-9._@+:/-]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `"${escaped}${text.length > maxUnits ? '~' : ''}"`;
}
