/** What a client sends with these is a secret, and some daemons show it (RFC 959, 4.1.1). */
const withSecret: readonly string[] = ['PASS', 'ACCT'];

/** A command with its argument as one text; null for what a daemon shows of a session that waits. */
export function commandText(command: string, argument: string): string | null {
  if (command === '' || command.toUpperCase() === 'IDLE') return null;
  const isShown = argument !== '' && !withSecret.includes(command.toUpperCase());
  return isShown ? `${command} ${argument}` : command;
}
