import * as z from 'zod';
import { everybody, ofHosts } from '../../sessions/scope.ts';
import { ApiError } from '../call/api-error.ts';
import { defineFunction } from '../call/define-function.ts';
import { callTexts } from './call-texts.ts';
import { requireFleet } from './fleet-scope.ts';
import { serverState } from './server-state.ts';

const row = z
  .object({
    server: z.string().describe('Its name in the fleet.'),
    state: serverState,
    version: z.string().nullable().describe('Its uapid’s version, by its last answer.'),
    daemons: z.array(z.string()).describe('The FTP daemons that it sees.'),
    sessions: z.int().min(0).nullable().describe('How many sessions it has.'),
    last_answer: z.string().nullable().describe('When it answered last, in ISO 8601 and UTC.'),
    clock_offset_seconds: z
      .number()
      .nullable()
      .describe('How much its clock is ahead of the gateway’s, with one decimal.'),
  })
  .meta({ id: 'FleetServer' });

/** uapid's own, at a gateway alone: each server that is let in, asked anew at each call. */
export const listServers = defineFunction({
  module: 'Fleet',
  name: 'list_servers',
  summary: 'Return the servers of the fleet',
  description:
    'This function is an extension of uapid, unknown to cPanel, at the gateway of a fleet. It asks every server and tells administrators how each is.',
  role: 'FTP',
  feature: 'ftpaccts',
  parameters: {
    server: z.string().optional().describe('The name of the server that alone is wanted.'),
  },
  data: z.array(row),
  isList: true,
  run: async ({ account, args, host }) => {
    const fleet = requireFleet(host.fleet);
    if (account.role !== 'admin') {
      throw new ApiError(callTexts.forAdministrators, 'not-administrator');
    }
    const server = args.get('server') || null;
    if (server !== null && !fleet.servers().includes(server)) {
      throw new ApiError(callTexts.unknownServer(server.slice(0, 64)), 'server-unknown');
    }
    const states = await fleet.states(server === null ? everybody : ofHosts([server]));
    return {
      data: states.map(({ answeredAt, clockAheadMs, daemons, ...rest }) => ({
        ...rest,
        daemons: [...daemons],
        last_answer: answeredAt === null ? null : new Date(answeredAt).toISOString(),
        clock_offset_seconds: clockAheadMs === null ? null : Math.round(clockAheadMs / 100) / 10,
      })),
    };
  },
});
