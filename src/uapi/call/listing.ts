import type * as z from 'zod';
import type { FtpSession } from '../../sessions/session.ts';
import type { Warning } from '../../sessions/warning.ts';
import { encodeRow } from '../envelope/result-json.ts';
import { createAnswers, type Shared } from './answer.ts';
import type { Outcome } from './define-function.ts';

/** The row of a session, and what was made of it. */
interface Entry<Row> {
  readonly session: FtpSession;
  readonly row: Row;
  isChecked: boolean;
  json: Uint8Array | null;
}

/** The rows of one scan, with all that is made of them: scans that saw the very same share it. */
export interface Listing<Row extends object> extends Outcome<Row[]> {
  readonly warnings: readonly Warning[];
  readonly entries: readonly Entry<Row>[];
  readonly shared: Shared;
}

/**
 * Lists sessions in rows. A session that is as it was, which is the same object, keeps its row of the
 * listing before with its check and its JSON; when all of it is as it was, that listing itself stays.
 */
export function listSessionRows<Row extends object>(
  sessions: readonly FtpSession[],
  warnings: readonly Warning[],
  toRow: (session: FtpSession, index: number) => Row,
  previous?: Listing<Row>,
  metadata?: Readonly<Record<string, unknown>>,
): Listing<Row> {
  const isAsBefore =
    previous !== undefined &&
    isSame(previous, sessions, warnings) &&
    JSON.stringify(metadata) === JSON.stringify(previous.metadata);
  if (isAsBefore) return previous;
  const before = previous?.entries ?? [];
  let bySession: Map<FtpSession, Entry<Row>> | null = null;
  const entries = sessions.map((session, index): Entry<Row> => {
    const inPlace = before[index];
    if (inPlace?.session === session) return inPlace;
    bySession ??= new Map(before.map((entry) => [entry.session, entry]));
    return (
      bySession.get(session) ?? {
        session,
        row: toRow(session, index),
        isChecked: false,
        json: null,
      }
    );
  });
  const shared: Shared = {
    answers: createAnswers(),
    check: (element) => checkRows(entries, element),
    rowsJson: () => entries.map(jsonOf),
  };
  const listing = { data: entries.map(({ row }) => row), warnings, entries, shared };
  return metadata === undefined ? listing : { ...listing, metadata };
}

function isSame<Row extends object>(
  { entries, warnings: before }: Listing<Row>,
  sessions: readonly FtpSession[],
  warnings: readonly Warning[],
): boolean {
  return (
    entries.length === sessions.length &&
    warnings.length === before.length &&
    entries.every(({ session }, index) => session === sessions[index]) &&
    warnings.every(({ text }, index) => text === before[index]?.text)
  );
}

function checkRows(entries: readonly Entry<object>[], element: z.ZodType): void {
  for (const entry of entries) {
    if (entry.isChecked) continue;
    element.parse(entry.row);
    entry.isChecked = true;
  }
}

function jsonOf(entry: Entry<object>): Uint8Array {
  entry.json ??= encodeRow(entry.row);
  return entry.json;
}
