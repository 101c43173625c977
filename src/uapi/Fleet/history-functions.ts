import * as z from 'zod';
import { warningsOfGaps } from '../../daemons/gap-text.ts';
import { withoutUndefined } from '../../fleet/gateway/read-answer.ts';
import type { Item, PastFile, PastSession } from '../../fleet/messages/item.ts';
import { normalRange } from '../../lib/address-ranges.ts';
import type { HistoryQuery } from '../../sessions/history.ts';
import { missingTexts } from '../../sessions/missing-text.ts';
import type { ServersReport } from '../../sessions/servers.ts';
import { type Warning, warn } from '../../sessions/warning.ts';
import { ApiError } from '../call/api-error.ts';
import { type CallContext, defineFunction } from '../call/define-function.ts';
import { createHistoryTurns, type HistoryTurns, inTurn } from '../Ftp/ask-history.ts';
import { readHistoryArguments } from '../Ftp/history-arguments.ts';
import { listHistory, pastRow, toPastRow } from '../Ftp/list_history.ts';
import { filesOf, listHistoryFiles, pastFileRow, toFileRow } from '../Ftp/list_history_files.ts';
import { readComplete } from './ask-fleet.ts';
import { fleetParameters, fleetScopeOf, requireReader } from './fleet-scope.ts';
import { serversMetadata } from './fleet-warnings.ts';
import { oneServer, scopeOfOneServer } from './one-server.ts';

/* The session logs of a fleet's hosts, as its gateway reads them: each host decides what was whose. */

/** As one host's own answer. */
const maxSessions = 5_000;
/** When so many words of servers about their own logs are repeated, those of others are only counted. */
const maxTold = 20;
/** What one server may say; uapid has no more causes. */
const maxToldOfOne = 8;

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
    if (isEmpty) return { data: [], warnings: own };
    const { gateway } = requireReader(context.host.fleetReader);
    const newest = createNewest();
    const told = await readLogs(context, scope, asked, (from, items) => {
      newest.add(items.flatMap((each) => ('past' in each ? [{ line: each.past, from }] : [])));
    });
    requireComplete(told.report, mustBeComplete);
    const teller = account.role === 'admin' ? null : `${account.name} via ${gateway}`;
    return {
      data: newest.all().map(({ line, from }) => ({ ...toPastRow(line, teller), server: from })),
      warnings: [...own, ...told.warnings, ...newest.warnings()],
      metadata: serversMetadata(told.report),
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

/** Reads the logs of a scope's servers; what they say of what is missing, and which are. */
async function readLogs(
  context: CallContext<HistoryTurns>,
  scope: ReturnType<typeof fleetScopeOf>['scope'],
  { file = null, session = null, files = false, ...asked }: Omit<HistoryQuery, 'scope'>,
  onItems: (server: string, items: readonly Item[]) => void,
): Promise<{ readonly warnings: readonly Warning[]; readonly report: ServersReport }> {
  const reader = requireReader(context.host.fleetReader);
  // Each host would say so of itself.
  if (asked.from !== null && normalRange(asked.from) === null) {
    throw new ApiError('The argument “from” is no IP address and no range (ADDRESS/BITS).');
  }
  const question = { ...asked, file: file || null, session, files };
  const words: Warning[] = [];
  let others = 0;
  const report = await inTurn(context, () =>
    reader.read(scope, { verb: 'history', question }, (from, items) => {
      const said = warningsIn(items);
      if (words.length < maxTold) {
        for (const each of said.slice(0, maxToldOfOne)) words.push(prefixed(from, each));
      } else if (said.length > 0) others += 1;
      onItems(from, items);
    }),
  );
  const missing = missingTexts(report.missing);
  return {
    report,
    warnings: [
      ...missing.map(({ cause, text }) => warn(`server-${cause}`, text)),
      ...words,
      ...(others === 0
        ? []
        : [warn('history-gap', `${others} more servers say that sessions may be missing.`)]),
    ],
  };
}

function warningsIn(items: readonly Item[]): readonly Warning[] {
  const own = items.flatMap((each) => ('warning' in each ? [each.warning] : []));
  const gaps = items.flatMap((each) => ('gap' in each ? [withoutUndefined(each.gap)] : []));
  return [...warningsOfGaps(gaps), ...own];
}

const prefixed = (from: string, { code, text }: Warning): Warning => ({
  code,
  text: `${from}: ${text}`,
});

function requireComplete({ missing }: ServersReport, mustBeComplete: boolean): void {
  if (!mustBeComplete || missing.length === 0) return;
  const texts = missingTexts(missing).map(({ text }) => text);
  throw new ApiError(texts.join(' '), 'servers-missing');
}

interface Past {
  readonly line: PastSession;
  readonly from: string;
}

/** Keeps the newest of what comes, in whatever order hosts answer. */
function createNewest() {
  let kept: Past[] = [];
  let isCut = false;
  const startOf = ({ line }: Past) => line.connected_at ?? line.ended_at ?? '';
  return {
    add(more: readonly Past[]): void {
      // A spread of what a foreign host sent could be more arguments than a call takes.
      kept = kept.concat(more);
      kept.sort((one, other) => (startOf(one) < startOf(other) ? 1 : -1));
      if (kept.length <= maxSessions) return;
      kept = kept.slice(0, maxSessions);
      isCut = true;
    },
    all: () => kept,
    warnings: (): Warning[] =>
      isCut
        ? [
            warn(
              'history-cut',
              `There were more sessions than one answer holds: it has the newest ${maxSessions}. Ask for a shorter time, or for one server, login or address.`,
            ),
          ]
        : [],
  };
}
