import type { AccountStore } from '../accounts/account-store.ts';
import { formatSharedLogins } from '../accounts/shared-logins.ts';
import { formatUids } from '../accounts/shared-uids.ts';
import { formatGaps } from '../daemons/gap-text.ts';
import { listed } from '../lib/listed.ts';
import { localZone } from '../lib/local-time/local-zone.ts';
import type { Logger } from '../lib/log.ts';
import { version } from '../lib/version.ts';
import type { ContainerRule } from '../os/containers/rule.ts';
import { createSystemUsers } from '../os/users/system-users.ts';
import { everybody } from '../sessions/scope.ts';
import type { SessionSource, Snapshot } from '../sessions/session.ts';
import { printable } from '../terminal/printable.ts';
import { reachableUrl } from './reachable-url.ts';

interface Started {
  readonly urls: readonly string[];
  readonly metricsUrl: string | null;
  /** Why none are served though nobody forbade it. */
  readonly metricsProblem: string | null;
  /** The file with the token that they ask for; null when they ask for none. */
  readonly metricsToken: string | null;
  /** Whether the https ones among them have a certificate that no authority stands behind. */
  readonly hasSelfSignedCert: boolean;
  /** The password of the account "admin" if this start made it. */
  readonly firstPassword: string | null;
  /** What makes the account "admin". */
  readonly accountCommand: string;
  readonly accounts: AccountStore;
  /** Whose the daemons of which containers are, by the configuration. */
  readonly containers: readonly ContainerRule[];
  readonly sessions: SessionSource;
}

/**
 * Says on standard output what a started server is, what it sees and how to ask it. Where that cannot be
 * written the server serves all the same, and its log says what is missed by it.
 */
export async function printBanner(started: Started, logger: Logger): Promise<void> {
  const { urls, firstPassword, accounts, containers, sessions } = started;
  const isSilent = urls.length === 0;
  const lines = isSilent
    ? [`uapid ${version} listens nowhere, and answers its fleet`]
    : [
        `uapid ${version} listens on ${urls.join(', ')}`,
        `The sessions in a browser: ${reachableUrl(urls)}/`,
      ];
  lines.push(...formatMetrics(started));
  lines.push(...(await formatFirstScan(sessions)));
  if (!isSilent) lines.push(...(await formatAccounts(accounts)));
  lines.push(...formatContainers(containers, accounts));
  const { problem } = localZone();
  if (problem !== null) lines.push(`Warning: ${printable(problem)}.`);
  const curl = (name: string) => curlCommand(name, started);
  if (isSilent) {
    // Nobody can ask it here.
  } else if (firstPassword !== null) {
    lines.push(
      '',
      'This is the first start: the account admin (role admin) has been made.',
      `Its password, shown only now: ${firstPassword}`,
      '',
      `  ${curl(`admin:${firstPassword}`)}`,
      '',
    );
  } else if (accounts.isEmpty()) {
    lines.push(`There is no account yet. Make one: ${started.accountCommand}`);
    lines.push(`Then: ${curl('admin')}`);
  } else {
    lines.push(`Try: ${curl('NAME')}`);
  }
  process.stdout.write(`${lines.join('\n')}\n`, (error) => {
    if (error == null) return;
    logger.error({ err: error, urls }, 'listens, and the start-up banner cannot be written');
  });
}

function curlCommand(user: string, { urls, hasSelfSignedCert }: Started): string {
  const url = reachableUrl(urls);
  const flags = url.startsWith('https:') && hasSelfSignedCert ? '-k -u' : '-u';
  return `curl ${flags} ${user} ${url}/Ftp/list_sessions`;
}

function formatMetrics({ metricsUrl, metricsProblem, metricsToken }: Started): string[] {
  if (metricsProblem !== null) return [`Warning: no metrics are served. ${metricsProblem}`];
  if (metricsUrl === null) return [];
  const condition =
    metricsToken === null
      ? 'They are for everybody who reaches that address.'
      : `They ask for the bearer token in ${metricsToken}.`;
  return [`Metrics: ${metricsUrl}/metrics`, condition];
}

/** Users of a directory that does not answer are left out, as nobody has their sessions then. */
async function formatAccounts(accounts: AccountStore): Promise<string[]> {
  const all = accounts.list();
  const names = [...new Set(all.flatMap(({ systemUser }) => systemUser ?? []))];
  const sentences: string[] = [];
  try {
    sentences.push(...formatUids(all, await createSystemUsers().uidsOf(names)));
  } catch (error) {
    sentences.push(`whose uids the accounts have cannot be told: ${(error as Error).message}`);
  }
  const shared = formatSharedLogins(all);
  if (shared !== null) sentences.push(shared);
  return sentences.map((text) => `Warning: ${text}`);
}

/** An account of that name can be made later. */
function formatContainers(
  containers: readonly ContainerRule[],
  accounts: Pick<AccountStore, 'list'>,
): string[] {
  const known = new Set(accounts.list().map(({ name }) => name));
  const missing = containers.filter(({ account }) => !known.has(account));
  if (missing.length === 0) return [];
  const which = listed(missing.map(({ match, account }) => `${match}: ${account}`));
  return [
    `Warning: ${printable(`the configuration gives containers to accounts that do not exist, so administrators alone see the sessions there (${which}).`)}`,
  ];
}

/** The server is there and has an account by now, so a scan that fails does not end its start. */
async function formatFirstScan(sessions: SessionSource): Promise<string[]> {
  try {
    return formatSnapshot(await sessions.snapshot(everybody));
  } catch (error) {
    return [
      `Warning: which sessions there are cannot be told: ${(error as Error).message}. GET /readyz tells when they can.`,
    ];
  }
}

function formatSnapshot({ daemons, containedDaemons = [], sessions, gaps }: Snapshot): string[] {
  const count = sessions.length === 1 ? '1 session' : `${sessions.length} sessions`;
  const seen = [
    ...daemons.map(({ name, pid }) => `${name} (pid ${pid})`),
    ...new Set(containedDaemons.map(({ name, container }) => `${name} in ${container.name}`)),
  ];
  const what = seen.length === 0 ? 'No FTP daemon is to be seen here' : `Sees ${listed(seen)}`;
  return [`${what}; ${count} logged in.`, ...formatGaps(gaps).map((text) => `Warning: ${text}`)];
}
