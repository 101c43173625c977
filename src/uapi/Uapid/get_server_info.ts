import { hostname } from 'node:os';
import * as z from 'zod';
import { version } from '../../lib/version.ts';
import { defineFunction, type UapiFunction } from '../call/define-function.ts';

const served = z.object({
  module: z.string().meta({ examples: ['Ftp'] }),
  name: z.string().meta({ examples: ['list_sessions'] }),
  changes: z.literal([0, 1]).describe('1 - a call changes something on the host.'),
});

const serverInfo = z
  .object({
    host: z
      .string()
      .describe('The name of the host.')
      .meta({ examples: ['ftp1.example'] }),
    version: z
      .string()
      .describe('The version of uapid.')
      .meta({ examples: ['0.1.0'] }),
    functions: z
      .array(served)
      .describe('What is served, whether or not the account may call it; by module and name.'),
  })
  .meta({ id: 'ServerInfo' });

/** uapid's own. No role and no feature: it tells programs what they are speaking with. */
export function getServerInfo(others: readonly UapiFunction[]): UapiFunction {
  const own = { module: 'Uapid', name: 'get_server_info' };
  const functions = [own, ...others]
    .map(({ module, name, ...more }): z.infer<typeof served> => {
      const changes = 'changes' in more && more.changes === true;
      return { module, name, changes: changes ? 1 : 0 };
    })
    .sort((a, b) => (`${a.module} ${a.name}` < `${b.module} ${b.name}` ? -1 : 1));
  return defineFunction({
    ...own,
    summary: 'Return the server’s name, its version and what it serves',
    description:
      'This function is an extension of uapid, unknown to cPanel. It tells every account with which host and version a program speaks, and which functions there are.',
    role: null,
    feature: null,
    parameters: {},
    data: serverInfo,
    isList: false,
    run: async () => ({ data: { host: hostname(), version, functions } }),
  });
}
