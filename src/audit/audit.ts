import type { AuditEvent } from './audit-event.ts';
import { formatAudit } from './audit-line.ts';

/** The record of who came in, who was refused, and what was changed. */
export interface Audit {
  /** Writes the event down before it returns. Never throws. */
  record(event: AuditEvent): void;
}

export interface AuditOptions {
  /** The time of an event: the clock on the wall. */
  readonly now?: () => Date;
  /** Told when a line could not be written, once until one can be again. */
  readonly onProblem?: (message: string) => void;
}

/**
 * An audit log in front of `write`, which takes a whole line with its end and throws when it cannot
 * be written. A log that fails makes noise, but keeps nobody out: a full disk must not lock the
 * administrator out of the machine.
 */
export function createAudit(
  write: (line: string) => void,
  { now = () => new Date(), onProblem = () => {} }: AuditOptions = {},
): Audit {
  let isFailing = false;
  return {
    record(event) {
      try {
        write(`${formatAudit(event, now())}\n`);
        isFailing = false;
      } catch (error) {
        if (!isFailing) onProblem(`the audit log cannot be written: ${reasonOf(error)}`);
        isFailing = true;
      }
    },
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
