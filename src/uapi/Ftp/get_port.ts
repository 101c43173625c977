import * as z from 'zod';
import { ApiError } from '../call/api-error.ts';
import { defineFunction } from '../call/define-function.ts';
import { type DaemonAbsence, type KnownDaemon, runningDaemon } from './running-daemon.ts';

export const getPort = defineFunction({
  module: 'Ftp',
  name: 'get_port',
  summary: 'Return FTP server’s port',
  description:
    'This function tells the port that the FTP daemon listens on, the lowest if there are several.',
  role: 'FTP',
  feature: 'ftpaccts',
  parameters: {},
  data: z.object({
    port: z
      .int()
      .min(1)
      .max(65535)
      .meta({ examples: [21] }),
  }),
  isList: false,
  run: async (context) => {
    return portOf(await runningDaemon(context));
  },
});

/** The answer about a daemon. Throws ApiError where there is no port to tell. */
export function portOf(daemon: KnownDaemon | DaemonAbsence) {
  if ('absence' in daemon) {
    throw new ApiError(daemon.absence.map(({ text }) => text).join(' '), 'daemon-unseen');
  }
  const port = daemon.ports?.[0];
  if (port === undefined) {
    throw new ApiError(
      `The port that ${daemon.name} listens on cannot be seen. Run uapid as root.`,
      'daemon-unseen',
    );
  }
  return { data: { port } };
}
