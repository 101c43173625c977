import * as z from 'zod';
import type { PastFile } from '../../fleet/messages/item.ts';
import { defineFunction } from '../call/define-function.ts';
import { serversMetadata } from '../envelope/servers-metadata.ts';
import { createHistoryTurns } from '../Ftp/ask-history.ts';
import { readHistoryArguments } from '../Ftp/history-arguments.ts';
import { listHistory, pastRow, toPastRow } from '../Ftp/list_history.ts';
import { filesOf, listHistoryFiles, pastFileRow, toFileRow } from '../Ftp/list_history_files.ts';
import { nobody, readComplete, requireComplete } from './ask-fleet.ts';
import { fleetParameters, fleetScopeOf, requireReader } from './fleet-scope.ts';
import { oneServer, scopeOfOneServer } from './one-server.ts';
import { readLogs, readPast } from './read-logs.ts';

/* The session logs of a fleet's hosts, as its gateway reads them: each host decides what was whose. */

const server = z
  .string()
  .describe('The server in the fleet whose log tells of it.')
  .meta({ examples: ['web1'] });

const pastOfServer = pastRow.extend({ server }).meta({ id: 'FleetPastSession' });
const fileOfServer = pastFileRow.extend({ server }).meta({ id: 'FleetPastFile' });

export const listFleetHistory = defineFunction({
  ...listHistory,
  description: `${listHistory.description} This is the gateway of a fleet: it reads the logs of all servers on which the account is placed, of the system users of its places, an administrator’s of all servers. Servers that keep no log or did not answer are named.`,
  parameters: { ...listHistory.parameters, ...fleetParameters },
  data: z.array(pastOfServer),
  keep: createHistoryTurns,
  run: async (context) => {
    const { account, args } = context;
    const mustBeComplete = readComplete(args.get('complete'));
    const asked = await readHistoryArguments(args, new Date());
    const { scope, isEmpty, warnings: own } = fleetScopeOf(context, { isList: true });
    if (isEmpty) return { data: [], warnings: own, metadata: { servers: nobody } };
    const { gateway } = requireReader(context.host.fleetReader);
    const { sessions, warnings, report } = await readPast(context, scope, asked);
    requireComplete(report, mustBeComplete);
    const teller = account.role === 'admin' ? null : `${account.name} via ${gateway}`;
    return {
      data: sessions.map(({ line, from }) => ({ ...toPastRow(line, teller), server: from })),
      warnings: [...own, ...warnings],
      metadata: serversMetadata(report),
    };
  },
});

export const listFleetHistoryFiles = defineFunction({
  ...listHistoryFiles,
  description: `${listHistoryFiles.description} At the gateway of a fleet a session’s name is one server’s: server= says which, and may be left out by an account that is placed on one alone.`,
  parameters: { ...listHistoryFiles.parameters, server: oneServer },
  data: z.array(fileOfServer),
  keep: createHistoryTurns,
  run: async (context) => {
    const asked = filesOf(context.args);
    const files: { readonly file: PastFile; readonly from: string }[] = [];
    const scope = scopeOfOneServer(context);
    const { warnings, report } = await readLogs(context, scope, asked, (from, items) => {
      for (const each of items) if ('file' in each) files.push({ file: each.file, from });
    });
    return {
      data: files.map(({ file, from }) => ({ ...toFileRow(file), server: from })),
      warnings,
      metadata: serversMetadata(report),
    };
  },
});
