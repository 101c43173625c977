import * as z from 'zod';
import { daemonDescriptions } from '../../daemons/descriptions.ts';
import { warn } from '../../sessions/warning.ts';
import { defineFunction, type Outcome } from '../call/define-function.ts';
import { type DaemonAbsence, type KnownDaemon, runningDaemon } from './running-daemon.ts';

const bit = z.literal([0, 1]);

const info = z
  .object({
    enabled: bit.describe('1 - An FTP daemon runs.'),
    name: z
      .string()
      .describe('The daemon’s name; blank if none runs, or if its name is not one of the examples.')
      .meta({ examples: daemonDescriptions.flatMap(({ info }) => info.name || []) }),
    supports: z.object({
      login_without_domain: bit.describe('1 - Users may log in under a name without a domain.'),
      quota: bit.describe('1 - The daemon can limit what a user stores.'),
    }),
  })
  .meta({ id: 'FtpDaemon' });

type Info = z.infer<typeof info>;

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
    return daemonInfo(await runningDaemon(context, isPublished));
  },
});

/** The answer about a daemon. */
export function daemonInfo(daemon: KnownDaemon | DaemonAbsence): Outcome<Info> {
  if ('absence' in daemon) {
    return { data: { enabled: 0, name: '', supports: none }, warnings: daemon.absence };
  }
  const { name = '', supports = none } = infoOf(daemon.name) ?? {};
  const data: Info = { enabled: 1, name, supports };
  if (name !== '') return { data };
  const nameless = `The FTP daemon is ${daemon.name}, which this function has no name for.`;
  return { data, warnings: [warn('daemon-nameless', nameless)] };
}

function infoOf(daemon: string) {
  return daemonDescriptions.find(({ name }) => name === daemon)?.info;
}

/** True for a daemon that callers of this function know by name. */
export function isPublished(daemon: string): boolean {
  return (infoOf(daemon)?.name ?? '') !== '';
}
