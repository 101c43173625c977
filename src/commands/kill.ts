import { ownershipOf } from '../access/owner.ts';
import type { ScanSettings } from '../config/config.ts';
import { warningsOfGaps } from '../daemons/gap-text.ts';
import { localHost } from '../sessions/identity.ts';
import type { FtpSession } from '../sessions/session.ts';
import type { EndedSession } from '../sessions/session-ender.ts';
import { printable } from '../terminal/printable.ts';
import { summariseEndings } from '../uapi/Ftp/end-sessions.ts';
import type { Register } from './command.ts';
import { openCommandHost } from './command-host.ts';
import { exitCodes } from './exit-codes.ts';
import { type HostOptions, hostOptions } from './host-options.ts';
import { printNote, printRows } from './output.ts';

interface KillOptions extends HostOptions {
  readonly login?: boolean;
}

/** `kill LOGIN|PID…` */
export const register: Register = (program, { scanSettings }) => {
  const command = program
    .command('kill')
    .description(
      'end FTP sessions: of a number the one with that PID, else all of that FTP login. Nothing but a session of this moment is ever ended.',
    )
    .argument('<login|pid...>')
    .option('--login', 'take numbers for FTP logins too');
  for (const option of hostOptions('auditLog')) command.addOption(option);
  command.action((words: string[], options: KillOptions) =>
    killSessions(scanSettings(options), words, options),
  );
};

/**
 * Ends the sessions that the words name and prints what became of each. The exit code tells when
 * one is still there, or else a word names none.
 */
async function killSessions(
  settings: ScanSettings,
  words: readonly string[],
  options: KillOptions,
): Promise<void> {
  const { host, account, close } = openCommandHost(settings, options);
  try {
    const { scope, isEmpty, warnings } = await ownershipOf(account, host);
    const none = { sessions: [], gaps: [] };
    const seen = isEmpty ? none : await host.sessions.snapshot(scope);
    for (const { text } of [...warnings, ...warningsOfGaps(seen.gaps)]) {
      printNote(`warning: ${printable(text)}`);
    }
    const { targets, missing } = choose(seen.sessions, new Set(words), options.login === true);
    const results = targets.length === 0 ? [] : await host.sessionEnder.end(targets, scope);
    printResults(targets, results);
    const notEnded = summariseEndings(results).warnings.map(({ text }) => text);
    for (const text of [...notEnded, ...missing]) printNote(printable(text));
    if (missing.length > 0) process.exitCode = exitCodes.unknown.code;
    if (results.some(isThere)) process.exitCode = exitCodes.failed.code;
  } finally {
    close();
  }
}

interface Choice {
  readonly targets: readonly FtpSession[];
  /** What fits no session, in sentences. */
  readonly missing: readonly string[];
}

/**
 * The sessions that the words name. A number never stands for a login unless `areLogins`: else a PID
 * that is gone by now could end the sessions of somebody whose login happens to be that number.
 */
function choose(
  sessions: readonly FtpSession[],
  words: ReadonlySet<string>,
  areLogins: boolean,
): Choice {
  const targets = new Set<FtpSession>();
  const missing: string[] = [];
  for (const word of words) {
    const isPid = !areLogins && /^\d+$/.test(word);
    const found = sessions.filter(({ host, pid, user }) =>
      isPid ? host === localHost && String(pid) === word : user === word,
    );
    for (const session of found) targets.add(session);
    if (found.length > 0) continue;
    missing.push(
      isPid
        ? `there is no session with the PID ${word} (a login of digits needs --login)`
        : `there is no session of the login ${JSON.stringify(word)}`,
    );
  }
  return { targets: [...targets], missing };
}

function printResults(targets: readonly FtpSession[], results: readonly EndedSession[]): void {
  if (results.length === 0) return;
  const rows = results.map(({ outcome }, index) => {
    const { pid, user, remoteAddress } = targets[index] ?? {};
    return [outcome, String(pid), printable(user ?? '-'), remoteAddress ?? '-'];
  });
  printRows(['OUTCOME', 'PID', 'USER', 'FROM'], rows);
}

function isThere({ outcome }: EndedSession): boolean {
  return outcome === 'remains' || outcome === 'denied';
}
