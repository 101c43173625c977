import { X509Certificate } from 'node:crypto';
import { hostname } from 'node:os';
import type { AccountDirectory } from '../accounts/account.ts';
import { resolveRunAs } from '../channel/run-as.ts';
import { checkCertificate } from '../check/certificate.ts';
import { checkClock } from '../check/clock.ts';
import { checkDaemons } from '../check/daemons.ts';
import { checkStateDirectory, checkWritable } from '../check/files.ts';
import { about, type Finding } from '../check/finding.ts';
import { checkPort } from '../check/ports.ts';
import type { Config } from '../config/config.ts';
import { isHttps } from '../config/listen-address.ts';
import { daemonSettings, settings } from '../config/settings.ts';
import { connectServer } from '../control/connect-server.ts';
import { ownCommand } from '../lib/own-command.ts';
import { requirePasswordHelper } from '../os/users/password-helper.ts';
import { everybody } from '../sessions/scope.ts';
import { openConfiguredKeyPair } from '../tls/state-files.ts';
import type { Register } from './command.ts';
import { whoIsIt } from './command-audit.ts';
import { accountsOf, openCommandHost } from './command-host.ts';
import { printFindings } from './print-findings.ts';
import { settingOptions } from './setting-options.ts';

/** `check` */
export const register: Register = (program, { config, scanSettings }) => {
  const command = program
    .command('check')
    .description('look at all that a server needs here, and say what to do about what is missing')
    .option('--json', 'print JSON');
  const keys = Object.keys(settings) as (keyof typeof settings)[];
  for (const option of settingOptions(keys, daemonSettings)) command.addOption(option);
  command.action(async ({ json, ...flags }: { readonly json?: boolean }) => {
    const findings = await checkAll(config(flags), () => openCommandHost(scanSettings(flags), {}));
    printFindings(findings, json === true);
  });
};

async function checkAll(
  config: Config,
  openHost: () => ReturnType<typeof openCommandHost>,
): Promise<Finding[]> {
  const { finding, isServed } = await checkServer(config);
  const { listen, metrics, stateDir, auditLog, sessionLog } = config;
  const findings = [finding, checkRights(config), ...(await checkSessions(openHost))];
  for (const address of listen) findings.push(await checkPort(address, isServed));
  if (metrics !== null && !isServed) findings.push(await checkPort(metrics.address, false));
  findings.push(...checkTls(config));
  // A host of a fleet that listens nowhere is called by nobody.
  if (listen.length > 0) findings.push(checkProxies(config));
  findings.push(checkStateDirectory(stateDir));
  if (listen.length > 0) findings.push(checkAccounts(config));
  findings.push(...(await checkPasswordHelper(config)));
  findings.push(checkWritable('audit log', auditLog));
  if (sessionLog !== null) findings.push(checkWritable('session log', sessionLog.path));
  return [...findings, ...(await checkClock())];
}

async function checkServer({ controlSocket }: Config) {
  const { ok, note, mend } = about('server');
  const none = note(
    `None runs with this configuration: systemctl start uapid, or ${typed('serve')}`,
  );
  if (controlSocket === null) return { finding: none, isServed: false };
  const { path } = controlSocket;
  try {
    const connection = await connectServer(path, whoIsIt());
    connection?.close();
    if (connection === null) return { finding: none, isServed: false };
    return { finding: ok(`One runs, and answers at ${path}.`), isServed: true };
  } catch (error) {
    return { finding: mend((error as Error).message), isServed: true };
  }
}

/** What the server has rights to see, and as whom it speaks with the network. */
function checkRights({ runAs }: Config): Finding {
  const { ok, note, mend } = about('rights');
  if (process.geteuid?.() !== 0)
    return note(
      'A server that is not started by root sees its own user’s sessions, if that. Run this as root to see what it would see then.',
    );
  try {
    return ok(
      `root’s; the process that speaks with the network is ${resolveRunAs(runAs)?.name}’s.`,
    );
  } catch (error) {
    return mend((error as Error).message);
  }
}

async function checkSessions(
  openHost: () => ReturnType<typeof openCommandHost>,
): Promise<Finding[]> {
  const { host, close } = openHost();
  try {
    return checkDaemons(await host.sessions.snapshot(everybody));
  } catch (error) {
    return [about('daemon').mend((error as Error).message)];
  } finally {
    close();
  }
}

/** The certificate of those that call the API and of those that read metrics. */
function checkTls(config: Config): Finding[] {
  const { note, mend } = about('certificate');
  const { listen, metrics } = config;
  const findings: Finding[] = [];
  if (listen.length > 0 && !listen.some(isHttps)) {
    findings.push(
      note('No https address: browsers on other hosts and TLS clients cannot come (--listen).'),
    );
  }
  if (![...listen, ...(metrics === null ? [] : [metrics.address])].some(isHttps)) return findings;
  try {
    const { cert } = openConfiguredKeyPair(config).current();
    findings.push(...checkCertificate(new X509Certificate(cert), [hostname()], Date.now()));
  } catch (error) {
    findings.push(mend((error as Error).message));
  }
  return findings;
}

function checkProxies({ trustedProxies }: Config): Finding {
  const { ok } = about('proxy');
  return trustedProxies.length === 0
    ? ok('X-Forwarded-For is believed from nobody: behind a proxy set --trust-proxy.')
    : ok(
        `X-Forwarded-For is believed from ${trustedProxies.join(', ')}, which must set it or add to it.`,
      );
}

/** What checks the passwords of system users, where they count. */
async function checkPasswordHelper({ accountsFrom, passwordHelper }: Config): Promise<Finding[]> {
  if (accountsFrom === 'file') return [];
  const { ok, mend } = about('system passwords');
  return requirePasswordHelper(passwordHelper).then(
    () => [ok(`${passwordHelper} checks them through PAM.`)],
    (error: Error) => [mend(error.message)],
  );
}

function checkAccounts(config: Config): Finding {
  const { ok, mend } = about('accounts');
  try {
    const accounts: Pick<AccountDirectory, 'list'> = accountsOf(config);
    const all = accounts.list();
    if (all.length === 0) return mend(`There is none: ${typed('account add admin --role admin')}`);
    return ok(`${all.length}, of them ${all.filter(({ role }) => role === 'admin').length} admin.`);
  } catch (error) {
    return mend((error as Error).message);
  }
}

/** A command as whoever called this one can type it. */
function typed(command: string): string {
  const { argv, env } = process;
  return ownCommand(command, { argv, path: env['PATH'] ?? '', cwd: process.cwd() });
}
