import * as z from 'zod';
import { defineFunction } from '../call/define-function.ts';
import { runningDaemon } from './running-daemon.ts';

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
    const daemon = await runningDaemon(context);
    return 'absence' in daemon ? { data: '', warnings: daemon.absence } : { data: daemon.name };
  },
});
