import type { ScanSettings } from '../config/config.ts';
import { type HistoryQuery, maxFileTextLength, maxFromLength } from '../sessions/history.ts';
import { isLoginPattern } from '../sessions/scope.ts';
import { FleetError } from '../sessions/servers.ts';
import type { Warning } from '../sessions/warning.ts';
import { capabilitiesOf } from '../terminal/capabilities.ts';
import { drawMissing, type MissingRow, noSessions } from '../terminal/missing-table.ts';
import { printable } from '../terminal/printable.ts';
import { serversMetadata } from '../uapi/envelope/servers-metadata.ts';
import { fleetScopeOf } from '../uapi/Fleet/fleet-scope.ts';
import { type PastOfServer, readPast } from '../uapi/Fleet/read-logs.ts';
import { createHistoryTurns } from '../uapi/Ftp/ask-history.ts';
import { connectFleet, type FleetConnection, refusedOf } from './connect-fleet.ts';
import { exitCodes } from './exit-codes.ts';
import type { GatewayPlace } from './fleet-options.ts';
import { createTableOutput, type PastLine } from './history-output.ts';
import { type HistoryOptions, wishesOf } from './history-wishes.ts';
import { endWithReader, printJsonLine, printNote } from './output.ts';
import { UsageError } from './usage-error.ts';

/** What the servers of a fleet have told, newest last. */
interface FleetPast {
  readonly sessions: readonly PastOfServer[];
  readonly missing: readonly MissingRow[];
  readonly answered: number;
  readonly warnings: readonly Warning[];
}

/**
 * Shows sessions that were on all servers of a fleet on stdout; whoever reads the exit code alone learns
 * that servers are missing.
 */
export async function showFleetHistory(
  place: GatewayPlace,
  settings: ScanSettings,
  options: HistoryOptions,
): Promise<void> {
  endWithReader();
  const now = new Date();
  const wishes = fleetWishesOf(options, now);
  const fleet = await connectFleet(place, settings, options);
  try {
    const past = await readFleet(fleet, wishes);
    if (options.json) printLines(past);
    else printTable(past, options, now);
    for (const { text } of past.warnings) printNote(`warning: ${printable(text)}`);
    if (past.missing.length > 0) process.exitCode = exitCodes.unknown.code;
  } finally {
    await fleet.close();
  }
}

/** What no server would take is said here, once. */
function fleetWishesOf(options: HistoryOptions, now: Date): Omit<HistoryQuery, 'scope'> {
  const wishes = wishesOf(options, now);
  const { login, from, file } = wishes;
  if (login !== null && !isLoginPattern(login)) {
    throw new UsageError('--login takes an FTP login, or "*" and the end of some');
  }
  if ((from ?? '').length > maxFromLength) throw new UsageError('--from is longer than a range');
  if ((file ?? '').length > maxFileTextLength) {
    throw new UsageError('--file is longer than any path');
  }
  return wishes;
}

async function readFleet(
  { callWith }: FleetConnection,
  wishes: Omit<HistoryQuery, 'scope'>,
): Promise<FleetPast> {
  const call = callWith(createHistoryTurns());
  let own: readonly Warning[] = [];
  try {
    const { scope, isEmpty, warnings: ofScope } = fleetScopeOf(call, { isList: true });
    own = ofScope;
    if (isEmpty) return { sessions: [], missing: [], answered: 0, warnings: own };
    const { sessions, warnings, report } = await readPast(call, scope, wishes);
    const { answered, missing } = serversMetadata(report).servers;
    // Each missing server has a line of its own.
    const others = warnings.filter(({ code }) => !code.startsWith('server-'));
    return {
      sessions: [...sessions].reverse(),
      missing,
      answered,
      warnings: [...own, ...others],
    };
  } catch (error) {
    if (!(error instanceof FleetError) || error.servers === null) throw refusedOf(error);
    const { missing } = serversMetadata(error.servers).servers;
    return { sessions: [], missing, answered: 0, warnings: own };
  }
}

/** A line for each session, as in the log of its server, and then one for each server that is missing. */
function printLines({ sessions, missing }: FleetPast): void {
  for (const { line, from, files } of sessions) {
    const event = line.end === null ? 'begin' : 'session';
    printJsonLine({ event, server: from, ...line, files });
  }
  for (const each of missing) printJsonLine({ event: 'missing', ...each });
}

function printTable(
  { sessions, missing, answered }: FleetPast,
  { files: showsFiles = false }: HistoryOptions,
  now: Date,
): void {
  const rows = sessions.map(
    ({ line, from, files }): PastLine => ({ ...line, server: from, files }),
  );
  const nothing = noSessions({ answered, missing });
  createTableOutput({ isFollowed: false, showsFiles, nothing, now }).first(rows);
  const lines = drawMissing(missing, capabilitiesOf(process.stdout, process.env));
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}
