import * as z from 'zod';
import type { FtpAccount } from '../../sessions/ftp-account.ts';
import { defineFunction } from '../call/define-function.ts';
import { accountTypes, ftpAccountsOf, typeParameters } from './ftp-accounts.ts';

export const ftpAccountRow = z
  .object({
    homedir: z.string().describe('The account’s home directory.'),
    type: accountTypes.describe('main - a system user. sub - an account of the daemon’s own.'),
    user: z.string().describe('The login.'),
  })
  .meta({ id: 'FtpAccount' });

/** https://api.docs.cpanel.net/openapi/cpanel/operation/list_ftp/ describes the original. */
export const listFtp = defineFunction({
  module: 'Ftp',
  name: 'list_ftp',
  summary: 'Return FTP accounts',
  description:
    'This function lists the FTP accounts that pure-ftpd’s puredb or ProFTPD’s AuthUserFile tells, and the system’s users, where a daemon lets them in: an account’s own, an administrator’s all. A file that others than root could have written is not read; what is missing for such a reason is told.',
  role: 'FTP',
  feature: 'ftpaccts',
  parameters: typeParameters,
  data: z.array(ftpAccountRow),
  isList: true,
  run: async (context) => {
    const { accounts, warnings } = await ftpAccountsOf(context);
    return { data: accounts.map(toFtpRow), warnings };
  },
});

export function toFtpRow({ home, type, user }: FtpAccount): z.infer<typeof ftpAccountRow> {
  return { homedir: home, type, user };
}
