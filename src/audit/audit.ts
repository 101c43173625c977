import type { AuditEvent } from './audit-event.ts';
import { formatAudit } from './audit-line.ts';

/** The record of who came in, who was refused, and what was changed. */
export interface Audit {
  /** Writes the event down before it returns. Never throws. */
  record(event: AuditEvent): void;
}

/**
 * An audit log in front of `write`, which takes a whole line with its end and never throws
 * (`openAuditLog`). `now` gives the time of an event: the clock on the wall.
 */
export function createAudit(
  write: (line: string) => void,
  now: () => Date = () => new Date(),
): Audit {
  return { record: (event) => write(`${formatAudit(event, now())}\n`) };
}
