import type { UapiFunction } from './call/define-function.ts';
import { listServers } from './Fleet/list_servers.ts';
import { listFleetSessions, listFleetTransfers } from './Fleet/list-functions.ts';
import { functions } from './functions.ts';
import { getServerInfo } from './Uapid/get_server_info.ts';

const instead: readonly UapiFunction[] = [listFleetSessions, listFleetTransfers];

const others: readonly UapiFunction[] = [
  ...functions
    .filter(({ module }) => module !== 'Uapid')
    .map(
      (each) =>
        instead.find(({ module, name }) => module === each.module && name === each.name) ?? each,
    ),
  listServers,
];

/** Every function that the gateway of a fleet answers; those that know one host alone say so. */
export const fleetFunctions: readonly UapiFunction[] = [...others, getServerInfo(others)];
