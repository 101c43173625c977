import type { TestContext } from 'node:test';
import { connectFtp, type FtpClient } from '../../../support/ftp-client.ts';
import type { PureFtpd } from '../../../support/pure-ftpd.ts';
import type { TestUser } from '../../../support/users.ts';

/** Somebody logs in by FTP and stays until the end of the test. */
export async function visit(t: TestContext, ftpd: PureFtpd, user: TestUser): Promise<FtpClient> {
  const client = await connectFtp(ftpd);
  t.after(() => client.destroy());
  await client.login(user.name, user.password);
  return client;
}
