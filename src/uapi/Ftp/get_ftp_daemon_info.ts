import * as z from 'zod';
import { daemonDescriptions } from '../../daemons/descriptions.ts';
import { defineFunction } from '../call/define-function.ts';
import { runningDaemon } from './running-daemon.ts';

const bit = z.literal([0, 1]);

const info = z
  .object({
    enabled: bit.describe('1 - An FTP daemon runs.'),
    name: z
      .string()
      .describe('The daemon’s name; blank if none runs.')
      .meta({ examples: daemonDescriptions.map((each) => each.info.name) }),
    supports: z.object({
      login_without_domain: bit.describe('1 - Users may log in under a name without a domain.'),
      quota: bit.describe('1 - The daemon can limit what a user stores.'),
    }),
  })
  .meta({ id: 'FtpDaemon' });

const none = { login_without_domain: 0, quota: 0 } as const;

export const getFtpDaemonInfo = defineFunction({
  module: 'Ftp',
  name: 'get_ftp_daemon_info',
  summary: 'Return FTP server’s information',
  description: 'This function tells which FTP daemon runs on the server.',
  role: 'FTP',
  feature: 'ftpaccts',
  parameters: {},
  data: info,
  isList: false,
  run: async (context) => {
    const daemon = await runningDaemon(context);
    if ('absence' in daemon) {
      return { data: { enabled: 0, name: '', supports: none }, warnings: [daemon.absence] };
    }
    const known = daemonDescriptions.find(({ name }) => name === daemon.name)?.info;
    return { data: { enabled: 1, name: known?.name ?? '', supports: known?.supports ?? none } };
  },
});
