import type { AccountStore } from './auth/account-store.ts';
import { describeGaps } from './ftp/gap-text.ts';
import type { SessionSource, Snapshot } from './ftp/session.ts';
import { version } from './version.ts';

interface Started {
  readonly urls: readonly string[];
  /** The password of the account "admin" if this start made it. */
  readonly firstPassword: string | null;
  readonly accounts: AccountStore;
  readonly sessions: SessionSource;
}

/** Says on standard output what a started server is, what it sees and how to ask it. */
export async function greet({ urls, firstPassword, accounts, sessions }: Started): Promise<void> {
  const lines = [`uapid ${version} listens on ${urls.join(', ')}`];
  lines.push(...describeSight(await sessions.snapshot(null)));
  const url = `${urls[0]}/Ftp/list_sessions`;
  if (firstPassword !== null) {
    lines.push(
      '',
      'This is the first start: the account admin (role admin) has been made.',
      `Its password, shown only now: ${firstPassword}`,
      '',
      `  curl -u admin:${firstPassword} ${url}`,
      '',
    );
  } else if (accounts.isEmpty()) {
    lines.push('There is no account yet. Make one: uapid account add admin --role admin');
  } else {
    lines.push(`Try: curl -u NAME ${url}`);
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

function describeSight({ daemons, sessions, gaps }: Snapshot): string[] {
  const count = sessions.length === 1 ? '1 session' : `${sessions.length} sessions`;
  const seen =
    daemons.length === 0
      ? 'No FTP daemon is to be seen here'
      : `Sees ${daemons.map(({ name, pid }) => `${name} (pid ${pid})`).join(', ')}`;
  return [`${seen}; ${count} logged in.`, ...describeGaps(gaps).map((text) => `Warning: ${text}`)];
}
