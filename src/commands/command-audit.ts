import { userInfo } from 'node:os';
import { type Audit, createAudit } from '../audit/audit.ts';
import type { AuditEvent } from '../audit/audit-event.ts';
import { openAuditLog } from '../audit/open-audit-log.ts';
import { printNote } from './output.ts';

type Change = Exclude<AuditEvent, { readonly event: 'login' | 'logout' | 'login-offered' }>;
type WithoutWho<Event> = Event extends { readonly by: string }
  ? Omit<Event, 'address' | 'by'>
  : never;

/** Writes down what a command has changed, and which of the system's users did it. */
export type RecordChange = (change: WithoutWho<Change>) => void;

/** Opens the audit log at its first line. */
export function openCommandAudit(path: string): RecordChange {
  const audit = createCommandAudit(path);
  return (change) => audit.record({ ...change, address: null, by: whoIsIt() } as AuditEvent);
}

/** A log that cannot be written is told of on stderr; what was done stays done. */
export function createCommandAudit(path: string): Audit {
  return createAudit(
    openAuditLog(path, (error) =>
      printNote(`warning: the audit log cannot be written: ${(error as Error).message}`),
    ),
  );
}

/** The system's user at the command line; sudo(8) names the one who called it. */
export function whoIsIt(): string {
  return process.env['SUDO_USER'] || ownName();
}

/** A user may have no entry in the system's list, and then it has no name. */
function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.geteuid?.());
  }
}
