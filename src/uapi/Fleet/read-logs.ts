import { warningsOfGaps } from '../../daemons/gap-text.ts';
import { withoutUndefined } from '../../fleet/gateway/read-answer.ts';
import type { Item, PastFile, PastSession } from '../../fleet/messages/item.ts';
import { normalRange } from '../../lib/address-ranges.ts';
import type { HistoryQuery } from '../../sessions/history.ts';
import { missingTexts } from '../../sessions/missing-text.ts';
import type { Scope } from '../../sessions/scope.ts';
import type { ServersReport } from '../../sessions/servers.ts';
import { type Warning, warn } from '../../sessions/warning.ts';
import { ApiError } from '../call/api-error.ts';
import type { CallContext } from '../call/define-function.ts';
import { type HistoryTurns, inTurn } from '../Ftp/ask-history.ts';
import { requireReader } from './fleet-scope.ts';

/* The session logs of a fleet's hosts, as its gateway reads them: each host decides what was whose. */

/** As one host's own answer. */
const maxSessions = 5_000;
/** When so many words of servers about their own logs are repeated, those of others are only counted. */
const maxTold = 20;
/** What one server may say; uapid has no more causes. */
const maxToldOfOne = 8;

/** A session that was, on a server of the fleet. */
export interface PastOfServer {
  readonly line: PastSession;
  readonly from: string;
  /** Those that it has transferred, where they were asked for. */
  readonly files: readonly PastFile[];
}

/** What became of the question to the servers' logs, and what may be missing. */
export interface LogsReport {
  readonly warnings: readonly Warning[];
  readonly report: ServersReport;
}

/** The newest sessions of all logs of a scope, newest first. */
export async function readPast(
  context: CallContext<HistoryTurns>,
  scope: Scope,
  asked: Omit<HistoryQuery, 'scope'>,
): Promise<LogsReport & { readonly sessions: readonly PastOfServer[] }> {
  const newest = createNewest();
  const { warnings, report } = await readLogs(context, scope, asked, (from, items) => {
    const files = new Map<string, PastFile[]>();
    for (const each of items) {
      if (!('file' in each)) continue;
      const { session } = each.file;
      const own = files.get(session);
      if (own === undefined) files.set(session, [each.file]);
      else own.push(each.file);
    }
    newest.add(
      items.flatMap((each) =>
        'past' in each ? [{ line: each.past, from, files: files.get(each.past.id) ?? [] }] : [],
      ),
    );
  });
  return { sessions: newest.all(), warnings: [...warnings, ...newest.warnings()], report };
}

/** Reads the logs of a scope's servers; what they say of what is missing, and which are. */
export async function readLogs(
  context: CallContext<HistoryTurns>,
  scope: Scope,
  { file = null, session = null, files = false, ...asked }: Omit<HistoryQuery, 'scope'>,
  onItems: (server: string, items: readonly Item[]) => void,
): Promise<LogsReport> {
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

/** Keeps the newest of what comes, in whatever order hosts answer. */
function createNewest() {
  let kept: PastOfServer[] = [];
  let isCut = false;
  const startOf = ({ line }: PastOfServer) => line.connected_at ?? line.ended_at ?? '';
  return {
    add(more: readonly PastOfServer[]): void {
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
