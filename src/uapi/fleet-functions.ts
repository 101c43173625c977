import type { UapiFunction } from './call/define-function.ts';
import { countSessions } from './Fleet/count_sessions.ts';
import {
  fleetServerName,
  getFleetDaemonInfo,
  getFleetPort,
  listFleetFtp,
  listFleetFtpWithDisk,
} from './Fleet/daemon-functions.ts';
import { endFleetSession, killFleetSession } from './Fleet/end-functions.ts';
import { listFleetHistory, listFleetHistoryFiles } from './Fleet/history-functions.ts';
import { listServers } from './Fleet/list_servers.ts';
import { listFleetSessions, listFleetTransfers } from './Fleet/list-functions.ts';
import { getServerInfo } from './Uapid/get_server_info.ts';

const instead: readonly UapiFunction[] = [
  listFleetSessions,
  listFleetTransfers,
  killFleetSession,
  endFleetSession,
  listFleetHistory,
  listFleetHistoryFiles,
  listFleetFtp,
  listFleetFtpWithDisk,
  getFleetDaemonInfo,
  getFleetPort,
  fleetServerName,
];

/**
 * What the gateway of a fleet answers in place of the functions of one host; those that know one host
 * alone say so.
 */
export function fleetFunctions(functions: readonly UapiFunction[]): readonly UapiFunction[] {
  const others = functions
    .filter(({ module }) => module !== 'Uapid')
    .map(
      (each) =>
        instead.find(({ module, name }) => module === each.module && name === each.name) ?? each,
    );
  const all = [...others, countSessions, listServers];
  return [...all, getServerInfo(all)];
}
