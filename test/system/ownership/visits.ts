import { randomBytes } from 'node:crypto';
import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import { expectReply } from '../../support/ftp-reply.ts';
import type { FtpTransfer } from '../../support/ftp-transfer.ts';
import { makeHome } from '../../support/homes.ts';
import {
  type DaemonName,
  daemonNames,
  type HostDaemon,
  showingPureFtpd,
  startHostDaemon,
} from '../../support/host-daemons.ts';
import { childrenOf, isAlive, processStat } from '../../support/processes.ts';
import { type PureFtpdOptions, startPureFtpd } from '../../support/pure-ftpd.ts';
import { until } from '../../support/until.ts';
import { type TestUser, users } from '../../support/users.ts';
import type { VirtualUser } from '../../support/virtual-users.ts';

/** A row of Ftp::list_sessions, its keys in the order that goes out. */
export interface Row {
  readonly cmdline: string;
  readonly file: string;
  readonly host: string;
  readonly login: string;
  readonly pid: number;
  readonly status: 'IDLE' | 'DL' | 'UL';
  readonly user: string;
}

/** The columns of a row of Ftp::list_transfers that stay as they are, in the order that goes out. */
export interface SteadyRow {
  readonly pid: number;
  readonly start: string;
  readonly user: string | null;
  readonly owner: string;
  readonly container: string | null;
  readonly host: string;
  readonly remote_port: number | null;
  readonly local_port: number;
  readonly protocol: 'ftp' | null;
  readonly status: Row['status'];
  readonly file: string;
  readonly path: string | null;
  readonly directory: string | null;
  readonly command: string | null;
  readonly bytes_total: number | null;
  readonly started_at: string;
}

/** What somebody is about to do at the FTP server. */
export interface Plan {
  readonly daemon: DaemonName;
  /** Whose uid the session gets. */
  readonly owner: TestUser;
  readonly login: string;
  /** The client's address, another for every plan. */
  readonly from: string;
  readonly status: Row['status'];
  readonly file: string;
}

/** A session that this test opened, and so knows without asking anybody. */
export interface Visit {
  readonly uid: number;
  /** Whether a record of the daemon's own proves the login. */
  readonly isUserProven: boolean;
  /** Where it is in a container: then that account has it, whatever its uid and its login. */
  readonly container?: { readonly name: string; readonly account: string };
  /** Seconds since the epoch. */
  readonly connectedAt: number;
  readonly row: Row;
  readonly steadyRow: SteadyRow;
  /** Resolves once the server’s process has ended. */
  leave(): Promise<void>;
}

const plan = (owner: TestUser, from: number, login: string, status: Row['status'], file = '') => ({
  daemon: 'pure-ftpd' as const,
  owner,
  login,
  from: `127.0.0.${from}`,
  status,
  file,
});

/**
 * Logins and files that are named like somebody else's: only the uid tells whose session it is. The
 * login "bob" is alice's, and "bob@x.evil" begins like bob's "bob@x".
 */
export const plans: readonly Plan[] = [
  plan(users.alice, 11, 'alice', 'IDLE'),
  plan(users.alice, 12, 'alice', 'DL', 'report.pdf'),
  plan(users.alice, 13, 'bob', 'IDLE'),
  plan(users.bob, 21, 'bob@x', 'IDLE'),
  plan(users.bob, 22, 'bob@x', 'UL', 'alice'),
  plan(users.bob, 23, 'bob@x', 'DL', 'ä|".iso'),
  plan(users.carol, 31, 'bob@x.evil', 'IDLE'),
  plan(users.carol, 32, 'carol', 'DL', 'bob@x'),
  plan(users.carol, 33, 'bobby', 'UL', 'report.pdf'),
  plan(users.dave, 41, 'dave', 'IDLE'),
  plan(users.dave, 42, 'report.pdf', 'DL', 'accounts.json'),
];

/** The same at each of the daemons, from other addresses. */
export const plansOfAll: readonly Plan[] = daemonNames.flatMap((daemon, index) =>
  plans.map((each) => ({
    ...each,
    daemon,
    from: each.from.replace('127.0.0.', `127.0.${index}.`),
  })),
);

/** The logins that the daemons alone know. */
export const virtualUsers: readonly VirtualUser[] = plans
  .filter(({ owner, login }) => owner.name !== login)
  .filter(({ login }, index, all) => all.findIndex((each) => each.login === login) === index)
  .map(({ owner, login }) => ({ name: login, owner, password: randomBytes(9).toString('hex') }));

const bigFile = 500 * 1024 * 1024;
const throttleKB = 300;

/** Whether the daemon has a record of its own that proves a login: vsftpd has none. */
export function isProvenBy(daemon: DaemonName): boolean {
  return daemon !== 'vsftpd';
}

/** A pure-ftpd for those plans, whose downloads last. */
export async function startFtpServer(options: PureFtpdOptions = {}): Promise<HostDaemon> {
  await makeHomes();
  const ftpd = await startPureFtpd({ throttle: throttleKB, virtualUsers, ...options });
  return showingPureFtpd(ftpd);
}

/** All daemons for the plans of all. */
export async function startFtpServers(): Promise<HostDaemon[]> {
  await makeHomes();
  const started: HostDaemon[] = [];
  for (const name of daemonNames) {
    started.push(await startHostDaemon(name, { throttle: throttleKB, logins: virtualUsers }));
  }
  return started;
}

export async function stopAll(ftpds: readonly HostDaemon[]): Promise<void> {
  await Promise.all(ftpds.map((each) => each.stop()));
}

async function makeHomes(): Promise<void> {
  for (const { owner, file, status } of plans) {
    if (status === 'DL') await makeHome(owner, [[file, bigFile]]);
    await makeHome(owner, [[`${folderOf(owner)}/kept`, '']]);
  }
}

/** Carries the plans out, one after the other, so that they come in that order. */
export async function pay(ftpds: readonly HostDaemon[], wanted: readonly Plan[]): Promise<Visit[]> {
  const visits: Visit[] = [];
  for (const each of wanted) {
    const ftpd = ftpds.find(({ name }) => name === each.daemon);
    if (ftpd === undefined) throw new Error(`no ${each.daemon} was started`);
    visits.push(await visit(ftpd, each));
  }
  return visits;
}

/** Ends visits, all at once. */
export async function leaveAll(visits: readonly Visit[]): Promise<void> {
  await Promise.all(visits.map((each) => each.leave()));
}

/** Many idle sessions at once, of which nobody asks for details. */
export async function crowd(ftpd: HostDaemon, { owner, login, from }: Plan, count: number) {
  const before = childrenOf(ftpd.pid).length;
  const clients: FtpClient[] = [];
  for (let i = 0; i < count; i++) {
    const client = await connectFtp({ host: ftpd.host, port: ftpd.port, localAddress: from });
    await client.login(login, passwordOf(owner, login));
    clients.push(client);
  }
  return {
    async leave() {
      await Promise.all(clients.map((client) => client.quit()));
      const hasLeft = () => childrenOf(ftpd.pid).length === before;
      await until(hasLeft, { what: 'the crowd has left', timeoutMs: 60_000 });
    },
  };
}

/** Where the idle wait. */
function folderOf({ name }: TestUser): string {
  return `only "${name}" | é`;
}

async function visit(ftpd: HostDaemon, planned: Plan): Promise<Visit> {
  const { owner, login, from, status } = planned;
  const { client, connectedAt } = await connectWithinSecond(ftpd, from);
  const pid = await ftpd.logIn(client, { name: login, password: passwordOf(owner, login) });
  if (status === 'IDLE') {
    expectReply(await client.command(`CWD ${folderOf(owner)}`), 250);
    await ftpd.becomesIdle(client);
  }
  const transfer = await begin(client, status, planned.file);
  const doing = { user: login, from, status, file: planned.file };
  const file = ftpd.fileOf(doing);
  return {
    uid: owner.uid,
    isUserProven: isProvenBy(ftpd.name),
    connectedAt,
    row: {
      cmdline: ftpd.titleOf(doing),
      file,
      host: from,
      login: ctime(connectedAt),
      pid,
      status,
      user: login,
    },
    steadyRow: {
      pid,
      start: processStat(pid)?.startTime ?? '',
      user: login,
      owner: owner.name,
      container: null,
      host: from,
      remote_port: client.localPort,
      local_port: ftpd.port,
      protocol: ftpd.name === 'pure-ftpd' ? null : 'ftp',
      status,
      file,
      path: file === '' ? '' : `${owner.home}/${planned.file}`,
      directory: status === 'IDLE' ? `/${folderOf(owner)}` : '/',
      command: ftpd.commandOf(doing),
      bytes_total: status === 'DL' ? bigFile : null,
      started_at: `${new Date(connectedAt * 1000).toISOString().slice(0, 19)}Z`,
    },
    async leave() {
      await transfer?.abort();
      client.destroy();
      const hasEnded = () => !isAlive(pid);
      await until(hasEnded, { what: `session ${pid} has ended`, timeoutMs: 60_000 });
    },
  };
}

async function begin(
  client: FtpClient,
  status: Row['status'],
  file: string,
): Promise<FtpTransfer | null> {
  if (status === 'DL') return await client.startDownload(file);
  // Some bytes and an open end, so that it stays an upload without keeping anybody busy.
  return status === 'UL' ? await client.startUpload(file, { bytes: 1000 }) : null;
}

function passwordOf(owner: TestUser, login: string): string {
  return virtualUsers.find(({ name }) => name === login)?.password ?? owner.password;
}

/** Connects so that there is no doubt in which second it was. */
export async function connectWithinSecond(ftpd: HostDaemon, localAddress: string) {
  for (;;) {
    // The daemon's clock may be some milliseconds behind, and the start of a process is told in ticks.
    await until(() => Date.now() % 1000 > 50 && Date.now() % 1000 < 900, { what: 'a second ends' });
    const connectedAt = Math.floor(Date.now() / 1000);
    const client = await connectFtp({ host: ftpd.host, port: ftpd.port, localAddress });
    if (Math.floor(Date.now() / 1000) === connectedAt) return { client, connectedAt };
    await client.quit();
  }
}

/** ctime(3) by way of what JavaScript prints of a date: "Tue Apr 07 2020 16:23:23 GMT…". */
export function ctime(seconds: number): string {
  const [day, month, date, year, time] = new Date(seconds * 1000).toString().split(' ');
  return `${day} ${month} ${String(Number(date)).padStart(2)} ${time} ${year}`;
}
