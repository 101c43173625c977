import * as z from 'zod';
import { FleetError, type ServersReport } from '../../sessions/servers.ts';
import type { SessionCounts } from '../../sessions/session-counts.ts';
import { type CallContext, defineFunction, type Outcome } from '../call/define-function.ts';
import { serversMetadata } from '../envelope/servers-metadata.ts';
import { askCounts } from './ask-fleet.ts';
import { fleetParameters } from './fleet-scope.ts';
import { missingWarnings } from './fleet-warnings.ts';
import { serverState } from './server-state.ts';

const count = z.int().min(0).nullable();

/** The form of a row. */
export const serverCountRow = z
  .object({
    server: z
      .string()
      .describe('Its name in the fleet.')
      .meta({ examples: ['web1'] }),
    state: serverState,
    sessions: count.describe(
      'How many of the sessions there the account may see; null if missing.',
    ),
    downloads: count.describe('How many of them are in a download.'),
    uploads: count.describe('How many of them are in an upload.'),
    last_answer: z
      .string()
      .nullable()
      .describe('Of a server that is missing: when it answered last, in ISO 8601 and UTC.'),
  })
  .meta({ id: 'FleetCount' });
type Row = z.infer<typeof serverCountRow>;

/**
 * uapid's own, at a gateway alone: every server of the account's with the number of its sessions there. A
 * server that is missing is a row too, also where none has answered: a list of servers is never short.
 */
export const countSessions = defineFunction({
  module: 'Fleet',
  name: 'count_sessions',
  summary: 'Return the servers of the account with the number of sessions on each',
  description:
    'This function is an extension of uapid, unknown to cPanel, at the gateway of a fleet. It counts the sessions that Ftp::list_transfers lists, by server, also where there are too many for a list; servers that did not answer are rows as well.',
  role: 'FTP',
  feature: 'ftpaccts',
  parameters: fleetParameters,
  data: z.array(serverCountRow),
  isList: true,
  run: async (context) => {
    const asked = await askCounts(context).catch((error) => missingAll(error, context));
    if (!('told' in asked)) return { data: [], ...asked };
    const { told, warnings, metadata } = asked;
    return { data: rowsOf(told.servers, told.counts), warnings, metadata };
  },
});

/** No server has answered: each is told missing, unless the caller wants all or nothing. */
function missingAll(error: unknown, { args }: CallContext): Outcome<Row[]> {
  const servers = error instanceof FleetError ? error.servers : null;
  if (servers === null || args.get('complete') === '1') throw error;
  return {
    data: rowsOf(servers, new Map()),
    warnings: missingWarnings(servers),
    metadata: serversMetadata(servers),
  };
}

function rowsOf({ missing }: ServersReport, counts: ReadonlyMap<string, SessionCounts>): Row[] {
  const others = missing.map(
    ({ server, cause, answeredAt }): Row => ({
      server,
      state: cause,
      sessions: null,
      downloads: null,
      uploads: null,
      last_answer: answeredAt === undefined ? null : new Date(answeredAt).toISOString(),
    }),
  );
  const rows = Array.from(
    counts,
    ([server, own]): Row => ({ server, state: 'answers', ...own, last_answer: null }),
  );
  return [...others, ...rows];
}
