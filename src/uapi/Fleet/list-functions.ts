import * as z from 'zod';
import type { FtpSession } from '../../sessions/session.ts';
import { createTransferWatch } from '../../sessions/transfer-watch.ts';
import { defineFunction } from '../call/define-function.ts';
import { type Listing, listSessionRows } from '../call/listing.ts';
import { createPerSnapshot } from '../call/per-snapshot.ts';
import { listedOf, listSessions, toSessionRow } from '../Ftp/list_sessions.ts';
import { listTransfers, transferRow, transferRows } from '../Ftp/list_transfers.ts';
import { askFleet } from './ask-fleet.ts';
import { fleetParameters } from './fleet-scope.ts';

/* The lists of Ftp as a gateway answers them: of all servers of the caller's. */

const atGateway =
  'This is the gateway of a fleet: it lists the sessions of all servers of the fleet on which the account is placed, an administrator’s of all servers. Servers that did not answer are named in the warnings and in metadata.servers.';

export const listFleetSessions = defineFunction({
  ...listSessions,
  description: `${listSessions.description} ${atGateway}`,
  parameters: fleetParameters,
  run: async (context) => {
    const asked = await askFleet(context);
    if (!('snapshot' in asked)) return { ...asked, data: [] };
    const { key, snapshot, warnings, metadata } = asked;
    return context.kept.of(key, snapshot, (previous) =>
      listSessionRows(listedOf(snapshot.sessions), warnings, toSessionRow, previous, metadata),
    );
  },
});

const transferOfServer = transferRow
  .extend({ server: z.string().describe('The server in the fleet that the session is on.') })
  .meta({ id: 'FleetTransfer' });
type Row = z.infer<typeof transferOfServer>;

export const listFleetTransfers = defineFunction({
  ...listTransfers,
  description: `${listTransfers.description} ${atGateway}`,
  parameters: fleetParameters,
  data: z.array(transferOfServer),
  keep: () => ({ scans: createPerSnapshot<Listing<Row>>(), watch: createTransferWatch() }),
  run: async ({ kept, ...context }) => {
    const asked = await askFleet({ ...context, kept: undefined }, { details: true });
    if (!('snapshot' in asked)) return { ...asked, data: [] };
    const { key, snapshot, warnings, metadata } = asked;
    return kept.scans.of(key, snapshot, () => {
      const toRow = transferRows(snapshot, kept.watch(key, snapshot), new Map());
      const withServer = (session: FtpSession, index: number): Row => ({
        ...toRow(session, index),
        server: session.host,
      });
      return listSessionRows(snapshot.sessions, warnings, withServer, undefined, metadata);
    });
  },
});
