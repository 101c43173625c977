import * as z from 'zod';
import type { FtpAccount } from '../../sessions/ftp-account.ts';
import { defineFunction } from '../call/define-function.ts';
import { accountTypes, ftpAccountsOf, typeParameters } from './ftp-accounts.ts';

const megabyte = 1024 * 1024;

const row = z
  .object({
    accttype: accountTypes.describe('main - a system user. sub - an account of the daemon’s own.'),
    deleteable: z.literal(0).describe('0 - uapid deletes no FTP account.'),
    dir: z.string().describe('The account’s home directory.'),
    diskquota: z
      .union([z.number(), z.literal('unlimited')])
      .nullable()
      .describe('What it may store, in MB; null where no file of the daemon’s tells.'),
    diskused: z.null().describe('What it stores: only files in its own home could tell.'),
    diskusedpercent: z.null(),
    diskusedpercent20: z.null(),
    htmldir: z.string().describe('The same as dir.'),
    login: z.string().describe('The login.'),
    reldir: z
      .string()
      .nullable()
      .describe('The home, relative to that of its system user; null where it is not below that.'),
    serverlogin: z.string().describe('The login.'),
    user: z.string().describe('The login.'),
  })
  .meta({ id: 'FtpAccountWithDisk' });

type Row = z.infer<typeof row>;

/** https://api.docs.cpanel.net/openapi/cpanel/operation/list_ftp_with_disk/ describes the original. */
export const listFtpWithDisk = defineFunction({
  module: 'Ftp',
  name: 'list_ftp_with_disk',
  summary: 'Return FTP accounts’ disk information',
  description:
    'This function lists the FTP accounts as list_ftp does, with the quota that the daemon’s own file has. What an account stores is not told.',
  role: 'FTP',
  feature: 'ftpaccts',
  parameters: typeParameters,
  data: z.array(row),
  isList: true,
  run: async (context) => {
    const { accounts, warnings } = await ftpAccountsOf(context);
    return { data: accounts.map(toDiskRow), warnings };
  },
});

export function toDiskRow({ user, type, home, ownerHome, quotaBytes }: FtpAccount): Row {
  return {
    accttype: type,
    deleteable: 0,
    dir: home,
    diskquota: typeof quotaBytes === 'number' ? quotaBytes / megabyte : quotaBytes,
    diskused: null,
    diskusedpercent: null,
    diskusedpercent20: null,
    htmldir: home,
    login: user,
    reldir: ownerHome === null ? null : relativeTo(ownerHome, home),
    serverlogin: user,
    user,
  };
}

function relativeTo(folder: string, path: string): string | null {
  if (path === folder) return '';
  return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : null;
}
