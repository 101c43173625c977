import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import { type PureFtpd, startPureFtpd } from '../../support/pure-ftpd.ts';
import { type TestUser, users } from '../../support/users.ts';

/** What list_sessions has to say of a session, known from its own client. */
export interface Visitor {
  readonly pid: number;
  readonly user: string;
  readonly host: string;
  readonly status: 'DL' | 'UL' | 'IDLE';
  readonly file: string;
}

/** A pure-ftpd and who is connected to it, none of whom moves until it is stopped. */
export interface VisitedFtpd {
  readonly visitors: readonly Visitor[];
  /** Another client, logged in as that user. */
  connect(user: TestUser): Promise<FtpClient>;
  stop(): Promise<void>;
}

/** How many sessions a user has of each kind. */
export type Counts = Readonly<Record<Visitor['status'], number>>;

/** Slow and large enough for a download to outlast any test. */
const [throttle, size] = [10, 30_000_000];

/** Starts a real pure-ftpd with real sessions of alice and bob, each from an address of its own. */
export async function startVisitedFtpd(counts: {
  readonly alice: Counts;
  readonly bob: Counts;
}): Promise<VisitedFtpd> {
  const ftpd = await startPureFtpd({ throttle });
  const visitors: Visitor[] = [];
  for (const name of ['alice', 'bob'] as const) {
    await makeHome(users[name], [['big.bin', size]]);
    for (const status of ['DL', 'UL', 'IDLE'] as const) {
      for (let count = 0; count < counts[name][status]; count++) {
        const host = `127.0.1.${visitors.length + 1}`;
        visitors.push(await visit(ftpd, users[name], host, status));
      }
    }
  }
  const connect = async ({ name, password }: TestUser) => {
    const client = await connectFtp(ftpd);
    await client.login(name, password);
    return client;
  };
  return { visitors, connect, stop: () => ftpd.stop() };
}

async function visit(
  ftpd: PureFtpd,
  user: TestUser,
  host: string,
  status: Visitor['status'],
): Promise<Visitor> {
  const client = await connectFtp({ host: ftpd.host, port: ftpd.port, localAddress: host });
  await client.login(user.name, user.password);
  const pid = await client.sessionPid();
  const files = { DL: 'big.bin', UL: `upload from ${host}`, IDLE: '' };
  const file = files[status];
  if (status === 'DL') await client.startDownload(file);
  if (status === 'UL') await client.startUpload(file, { bytes: 8_192 });
  return { pid, user: user.name, host, status, file };
}
