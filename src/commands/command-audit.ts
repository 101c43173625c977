import { userInfo } from 'node:os';
import { type Audit, createAudit } from '../audit/audit.ts';
import type { AuditEvent } from '../audit/audit-event.ts';
import { type AuditFile, openAuditFile } from '../audit/audit-file.ts';
import { note } from './output.ts';
import type { StateOptions } from './state-options.ts';

/** The path of the audit log that the options and the environment name. Throws ConfigError. */
export type AuditLogOf = (options: StateOptions) => string;

type Change = Exclude<AuditEvent, { readonly event: 'login' | 'logout' }>;
type WithoutWho<Event> = Event extends { readonly by: string }
  ? Omit<Event, 'address' | 'by'>
  : never;

/** Writes down what a command has changed, and which of the system's users did it. */
export type NoteChange = (change: WithoutWho<Change>) => void;

/** A log that cannot be written is told of on stderr; what was done stays done. */
export function openCommandAudit(path: string): NoteChange {
  let file: AuditFile | null = null;
  const audit: Audit = createAudit(
    (line) => {
      file ??= openAuditFile(path);
      file.write(line);
    },
    { onProblem: (message) => note(`warning: ${message}`) },
  );
  return (change) => audit.record({ ...change, address: null, by: whoIsIt() } as AuditEvent);
}

/** sudo(8) names the user who called it. */
function whoIsIt(): string {
  return process.env['SUDO_USER'] || userInfo().username;
}
