import { formatBytes } from '../page/browser/formats.ts';
import { keyOf } from '../page/browser/session.ts';
import type { Capabilities } from './capabilities.ts';
import { styled } from './capabilities.ts';
import { drawMissing, type MissingRow, noSessions } from './missing-table.ts';
import { cut, printable, wrap } from './printable.ts';
import { isDescending, orderRows, type SessionOrder } from './session-order.ts';
import { drawLeftOut, drawWarnings, layOutSessions, type SessionRow } from './session-table.ts';
import type { WatchState } from './watch-state.ts';

/** What a scan saw, and when. */
export interface Observation {
  readonly at: Date;
  readonly rows: readonly SessionRow[];
  readonly warnings: readonly string[];
  /** At the gateway of a fleet. */
  readonly servers?: ObservedServers;
}

/** How many servers of a fleet were asked, and which did not answer. */
export interface ObservedServers {
  readonly asked: number;
  readonly answered: number;
  readonly missing: readonly MissingRow[];
}

export interface WatchFrame {
  /** The name of the host that is looked at. */
  readonly host: string;
  /** An error where nothing can be seen. */
  readonly observed: Observation | Error;
  readonly state: WatchState;
  /** Whether there is a keyboard. */
  readonly hasKeys: boolean;
}

const mark = '> ';

/** The lines of a watch, at most `height` of them. What stands below the table always shows. */
export function drawWatch(frame: WatchFrame, terminal: Capabilities, height: number): string[] {
  const { host, observed, state, hasKeys } = frame;
  const keys = hasKeys ? drawKeys(state, terminal) : [];
  if (observed instanceof Error) {
    // What was seen before is not shown: it would look as if it still were so.
    const text = `${observed.message} Asking again.`;
    return [drawHost(host, terminal), ...drawWarnings([text], terminal), ...keys];
  }
  const shown = orderRows(observed.rows, state.order);
  const head = drawHead(host, observed.rows, shown.length, state.order, terminal);
  if (state.mode === 'help')
    return [...head, '', ...help.map((line) => cutTo(line, terminal)), ...keys];
  const missing = drawMissing(observed.servers?.missing ?? [], terminal);
  const warnings = [...missing, ...drawWarnings(observed.warnings, terminal)];
  if (shown.length === 0) {
    const nothing = observed.rows.length === 0 ? noSessions(observed.servers) : 'No session fits.';
    return [...head, ...lined(nothing, terminal), ...warnings, ...keys];
  }
  const margin = hasKeys ? mark.length : 0;
  const width = terminal.width === null ? null : Math.max(1, terminal.width - margin);
  const table = layOutSessions(shown, observed.at, { ...terminal, width });
  const below = [...drawLeftOut(table.leftOut, terminal), ...warnings, ...keys];
  const at = shown.findIndex((row) => keyOf(row) === state.selected);
  const lines = table.lines.map((line, index) => {
    if (margin === 0) return line;
    return index === at ? styled(`${mark}${line}`, 'inverse', terminal) : `  ${line}`;
  });
  const room = Math.max(1, height - head.length - 1 - below.length);
  const headings = `${' '.repeat(margin)}${table.headings}`;
  return [...head, headings, ...windowOf(lines, at, room), ...below];
}

/** So many lines with the one at `at` among them; the last line tells how many there are beside. */
function windowOf(lines: readonly string[], at: number, room: number): string[] {
  if (lines.length <= room) return [...lines];
  const count = Math.max(1, room - 1);
  const from = Math.max(0, Math.min(at - count + 1, lines.length - count));
  const shown = lines.slice(from, from + count);
  if (room < 2) return shown;
  const above = from > 0 ? `${from} above` : '';
  const hidden = lines.length - from - count;
  return [...shown, [above, `${hidden} more`].filter(Boolean).join(', ')];
}

/** The host's name, how many sessions there are, what they move, and which are shown. */
export function drawHead(
  host: string,
  rows: readonly SessionRow[],
  shown: number,
  order: SessionOrder,
  terminal: Capabilities,
): string[] {
  const count = `${rows.length} ${rows.length === 1 ? 'session' : 'sessions'}`;
  const idle = rows.filter(({ status }) => status === 'IDLE').length;
  const parts = [
    `${printable(host)}: ${count}`,
    ...totalOf(rows, 'DL', 'download'),
    ...totalOf(rows, 'UL', 'upload'),
    ...(idle === 0 ? [] : [`${idle} idle`]),
  ];
  const chosen = [
    `by ${order.key}, ${isDescending(order) ? 'descending' : 'ascending'}`,
    ...(order.isActive ? ['active ones'] : []),
    ...(order.text === '' ? [] : [`with "${printable(order.text)}"`]),
    ...(shown === rows.length ? [] : [`${shown} of ${rows.length} shown`]),
  ];
  const text = `${parts.join(', ')}; ${chosen.join(', ')}`;
  return lined(text, terminal).map((line) => styled(line, 'bold', terminal));
}

function drawHost(host: string, terminal: Capabilities): string {
  return styled(cutTo(printable(host), terminal), 'bold', terminal);
}

function cutTo(line: string, { width }: Capabilities): string {
  return width === null ? line : cut(line, width, 'end', '~');
}

/** Rates that nobody knows yet are no zero. */
function totalOf(
  rows: readonly SessionRow[],
  status: SessionRow['status'],
  word: string,
): string[] {
  const moving = rows.filter((row) => row.status === status);
  if (moving.length === 0) return [];
  const rates = moving.flatMap(({ rate_bytes_per_second: rate }) => (rate === null ? [] : [rate]));
  const total = rates.reduce((sum, rate) => sum + rate, 0);
  const rate = rates.length === 0 ? '' : ` at ${formatBytes(total)}/s`;
  return [`${moving.length} ${word}${moving.length === 1 ? '' : 's'}${rate}`];
}

const help = [
  '  s        sort by the next column',
  '  r        reverse the order',
  '  a        only sessions with a transfer, or all',
  '  /        filter by user, owner, address, file; Enter keeps it, Esc clears it',
  '  arrows   select a session; PgUp, PgDn, Home and End too',
  '  e        end the selected session, after a question',
  '  q        quit, as Ctrl-C',
];

/** What the keyboard does now: a question, a text that is typed, or the keys. */
function drawKeys({ mode, target, order, message }: WatchState, terminal: Capabilities): string[] {
  if (mode === 'question' && target !== null) {
    const question = `${describe(target)}: end this session? y ends it, any other key does not.`;
    return lined(question, terminal).map((line) => styled(line, 'yellow', terminal));
  }
  if (mode === 'filter') {
    return lined(`filter: ${printable(order.text)}_  (Enter keeps it, Esc clears it)`, terminal);
  }
  if (mode === 'help') return ['', ...lined('Any key goes back.', terminal)];
  const said = message === '' ? [] : lined(printable(message), terminal);
  const keys = 's sort  r reverse  a active  / filter  arrows select  e end  ? help  q quit';
  return [...said, ...lined(keys, terminal).map((line) => styled(line, 'dim', terminal))];
}

/** Names a session so that it can be told from every other one. */
export function describe({ pid, user, host, file, started_at: start }: SessionRow): string {
  const login = user === null ? 'A session of an unknown user' : `The session of ${user}`;
  const from = host === null ? '' : ` from ${host}`;
  const since = start === null ? '' : ` since ${start}`;
  const what = file === null || file === '' ? '' : `, file ${file}`;
  return printable(`${login} (PID ${pid}${from}${since}${what})`);
}

function lined(text: string, { width }: Capabilities): string[] {
  return width === null ? [text] : wrap(text, width);
}
