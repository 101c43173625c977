import { join } from 'node:path';
import { pureFtpdPrograms } from './daemons.ts';
import type { FtpClient } from './ftp-client.ts';
import { titleOf } from './processes.ts';
import { proftpdPrograms } from './proftpd/programs.ts';
import { startProftpd } from './proftpd.ts';
import { type PureFtpd, startPureFtpd } from './pure-ftpd.ts';
import { until } from './until.ts';
import { users } from './users.ts';
import type { VirtualUser } from './virtual-users.ts';
import { type VsftpdRelease, vsftpdProgram } from './vsftpd/programs.ts';
import { servingProcesses, settle, startVsftpd } from './vsftpd/vsftpd.ts';

/** The FTP daemons that one host may run beside each other. */
export const daemonNames = ['pure-ftpd', 'proftpd', 'vsftpd'] as const;
export type DaemonName = (typeof daemonNames)[number];

/** What a client of a session does, as it knows itself. */
export interface Doing {
  readonly user: string;
  /** The client's address. */
  readonly from: string;
  readonly status: 'IDLE' | 'DL' | 'UL';
  /** As the client named it; "" when idle. */
  readonly file: string;
}

/** One of the daemons, and how its sessions show. */
export interface HostDaemon {
  readonly name: DaemonName;
  readonly host: string;
  readonly port: number;
  /** The master, or the listener. */
  readonly pid: number;
  /** Logs in; resolves to the pid of the session once its title says that it is idle. */
  logIn(client: FtpClient, user: Pick<VirtualUser, 'name' | 'password'>): Promise<number>;
  /** Waits until the titles tell that a command is over, which the daemon says after its reply. */
  becomesIdle(client: FtpClient): Promise<void>;
  /** What the daemon tells of the command that runs. */
  commandOf(doing: Doing): string | null;
  /** The file that has its own accounts, where one is read. */
  readonly accountsFile?: string;
  /** The title of a session's process. */
  titleOf(doing: Doing): string;
  /** A file as the daemon's sessions tell it. */
  fileOf(doing: Doing): string;
  stop(): Promise<void>;
}

export interface HostDaemonOptions {
  /** Kilobytes a second of a download, so that it lasts. */
  readonly throttle: number;
  /**
   * Logins beside those of the system's users. To vsftpd all are guests, the system's users too, each
   * by a uid of its owner's; it lets them in whatever their password is.
   */
  readonly logins: readonly VirtualUser[];
  /** Clients at once; as many as a daemon takes by default unless given. */
  readonly maxClients?: number;
  /** Debian 12's unless given. */
  readonly vsftpd?: VsftpdRelease;
}

/**
 * Fetches what these daemons need, once: a sandbox cannot. Resolves to what is needed where that
 * fails, in one sentence; to undefined when all of it is there.
 */
export async function fetchDaemons(names: readonly DaemonName[]): Promise<string | undefined> {
  const fetches = {
    'pure-ftpd': () => pureFtpdPrograms(),
    proftpd: () => proftpdPrograms('own', ''),
    vsftpd: () => vsftpdProgram('debian-12'),
  };
  for (const name of names) {
    try {
      await fetches[name]();
    } catch (error) {
      const reason = (error as Error).message.trim().split('\n').at(-1)?.replace(/\.$/, '');
      return `Debian's package of ${name} could not be fetched, for which apt-get has to reach its mirror once (what it fetches is kept in .cache): ${reason}.`;
    }
  }
  return undefined;
}

/** Starts one of the daemons, whose titles are on. One that is not stopped ends with this process. */
export async function startHostDaemon(
  name: DaemonName,
  options: HostDaemonOptions,
): Promise<HostDaemon> {
  return { 'pure-ftpd': pureFtpd, proftpd, vsftpd }[name](options);
}

async function pureFtpd(options: HostDaemonOptions): Promise<HostDaemon> {
  const { throttle, logins: virtualUsers, maxClients } = options;
  const limits = maxClients === undefined ? [] : ['-c', `${maxClients}`, '-C', `${maxClients}`];
  const started = await startPureFtpd({ throttle, virtualUsers, args: limits });
  return { ...showingPureFtpd(started), accountsFile: join(started.folder, 'virtual.pdb') };
}

/** A pure-ftpd, however it was started, as one of the daemons. */
export function showingPureFtpd({ host, port, pid, stop }: PureFtpd): HostDaemon {
  const states = { IDLE: 'IDLE', DL: 'DOWNLOAD', UL: 'UPLOAD' };
  return {
    name: 'pure-ftpd',
    ...{ host, port, pid, stop },
    logIn: async (client, user) => {
      await client.login(user.name, user.password);
      return client.sessionPid();
    },
    // Its title says so of a command that it does not tell of.
    becomesIdle: async () => {},
    commandOf: () => null,
    titleOf: ({ status }) => `pure-ftpd (${states[status]})`,
    fileOf: ({ file }) => file,
  };
}

async function proftpd({ throttle, logins }: HostDaemonOptions): Promise<HostDaemon> {
  const { host, port, pid, stop } = await startProftpd({ throttle, virtualUsers: logins });
  return {
    name: 'proftpd',
    ...{ host, port, pid, stop },
    logIn: async (client, user) => {
      await client.login(user.name, user.password);
      return titled(await client.sessionPid(), ': IDLE');
    },
    becomesIdle: async (client) => {
      await titled(await client.sessionPid(), ': IDLE');
    },
    commandOf: (doing) => withoutQuotes(running(doing)),
    titleOf: (doing) =>
      withoutQuotes(`proftpd: ${doing.user} - ${doing.from}: ${commandOf(doing)}`),
    fileOf: ({ file }) => file,
  };
}

async function vsftpd(options: HostDaemonOptions): Promise<HostDaemon> {
  const { throttle, logins, vsftpd: release } = options;
  const others = Object.values(users).filter(({ name }) =>
    logins.every((each) => each.name !== name),
  );
  const guests = [...logins, ...others.map((owner) => ({ name: owner.name, owner }))];
  const { host, port, pid, stop } = await startVsftpd({
    titles: true,
    guests,
    maxRate: throttle * 1_000,
    ...(release === undefined ? {} : { release }),
  });
  return {
    name: 'vsftpd',
    ...{ host, port, pid, stop },
    logIn: async (client, user) => {
      await client.login(user.name, user.password);
      await settle(client);
      return (await servingProcesses(client)).session.pid;
    },
    becomesIdle: settle,
    commandOf: (doing) => printable(running(doing)),
    titleOf: (doing) => printable(`vsftpd: ${doing.from}/${doing.user}: ${commandOf(doing)}`),
    // By the file itself, from the session's root.
    fileOf: ({ file }) => (file === '' ? '' : `/${file}`),
  };
}

/** The title follows the reply. */
async function titled(pid: number, end: string): Promise<number> {
  await until(() => titleOf(pid)?.endsWith(end), { what: `the title of ${pid} ends in ${end}` });
  return pid;
}

function commandOf({ status, file }: Doing): string {
  return { IDLE: 'IDLE', DL: `RETR ${file}`, UL: `STOR ${file}` }[status];
}

function running(doing: Doing): string | null {
  return doing.status === 'IDLE' ? null : commandOf(doing);
}

/** As ProFTPD puts a command together anew from words, a quoted one without its quotes. */
function withoutQuotes<T extends string | null>(text: T): T {
  return (text?.replaceAll(/(?<= )"([^"]*)"/g, '$1') ?? text) as T;
}

/** As vsftpd shows a text: each byte that is no printable ASCII is a question mark. */
function printable<T extends string | null>(text: T): T {
  if (text === null) return text;
  return Buffer.from(text)
    .toString('latin1')
    .replaceAll(/[^ -~]/g, '?') as T;
}
