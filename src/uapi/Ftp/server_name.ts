import * as z from 'zod';
import { defineFunction, type Outcome } from '../call/define-function.ts';
import { type DaemonAbsence, type KnownDaemon, runningDaemon } from './running-daemon.ts';

export const serverName = defineFunction({
  module: 'Ftp',
  name: 'server_name',
  summary: 'Return FTP server’s name',
  description: 'This function tells the name of the FTP daemon that runs; blank if none does.',
  role: 'FTP',
  feature: 'ftpaccts',
  parameters: {},
  data: z.string().meta({ examples: ['pure-ftpd'] }),
  isList: false,
  run: async (context) => {
    return nameOf(await runningDaemon(context));
  },
});

/** The answer about a daemon. */
export function nameOf(daemon: KnownDaemon | DaemonAbsence): Outcome<string> {
  return 'absence' in daemon ? { data: '', warnings: daemon.absence } : { data: daemon.name };
}
