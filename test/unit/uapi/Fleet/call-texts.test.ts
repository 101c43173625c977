import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lostTexts } from '../../../../src/fleet/gateway/ending-text.ts';
import { FleetError } from '../../../../src/sessions/servers.ts';
import { buildApp } from '../../../../src/worker/app.ts';
import { basic, ftpSession } from '../../../support/app.ts';
import { callErrors, callerTexts } from '../../../support/fleet-errors.ts';
import { type FakeServer, fleetServices } from '../../../support/fleet-services.ts';

const said = callerTexts();

/** What a call at a gateway with these servers is answered: errors and warnings, and whether it failed. */
async function gateway(
  servers: readonly (readonly [string, FakeServer])[],
  placed: readonly string[] = [],
  facts: Parameters<typeof fleetServices>[2] = {},
) {
  const app = await buildApp(fleetServices(new Map(servers), placed, facts));
  return async (account: string, url: string) => {
    const answer = await app.inject({ url: `/execute/${url}`, headers: basic(account) });
    const { status, errors, warnings, metadata } = answer.json();
    const { asked } = metadata.servers ?? {};
    return { status, texts: [...(errors ?? []), ...(warnings ?? [])], asked };
  };
}

const two = [
  ['web1', [ftpSession({ pid: 1 })]],
  ['web2', [ftpSession({ pid: 1 })]],
] as const;

test('whoever lacks a place, a server or a right at a gateway is told so, as docs/fleet.md has it', async () => {
  const call = await gateway(two);
  const placed = await gateway(two, ['web1']);
  const both = await gateway(two, ['web1', 'web2']);
  const empty = await gateway([]);
  const lists = ['Ftp/list_sessions', 'Ftp/list_transfers', 'Ftp/list_history'];
  lists.push('Fleet/count_sessions');
  for (const list of lists) {
    assert.deepEqual(await call('alice', list), { status: 1, texts: [said.unplaced], asked: 0 });
    assert.deepEqual(await empty('admin', list), {
      status: 1,
      texts: [said.noServerYet],
      asked: 0,
    });
    const elsewhere = await placed('alice', `${list}?server=web2`);
    const none = undefined;
    assert.deepEqual(elsewhere, { status: 0, texts: [said.placedElsewhere], asked: none });
    const unknown = await call('admin', `${list}?server=web9`);
    assert.deepEqual(unknown, { status: 0, texts: [said.unknownServer], asked: none });
  }
  for (const [ask, account, url, text] of [
    [call, 'admin', 'Fleet/list_servers?server=web9', said.unknownServer],
    [call, 'alice', 'Fleet/list_servers', said.forAdministrators],
    [call, 'admin', 'Ftp/get_port', said.severalServers],
    [both, 'alice', 'Ftp/get_ftp_daemon_info', said.severalServers],
    [call, 'alice', 'Ftp/server_name', said.unplaced],
    [empty, 'admin', 'Ftp/get_port', said.noServerYet],
    [call, 'admin', 'Ftp/kill_session?login=all', said.loginOfSeveral],
    [both, 'alice', 'Ftp/kill_session?pid=1', said.pidOfSeveral],
    [both, 'alice', 'Ftp/end_session?pid=1&start=1', said.endNeedsServer],
  ] as const) {
    const { status, texts } = await ask(account, url);
    assert.deepEqual([status, texts], [0, [text]], url);
  }
  const documented = callErrors().map(([text]) => text);
  for (const text of Object.values(said)) assert.ok(documented.includes(`\`${text}\``), text);
});

test('that no server answered, or the gateway has lost its way to all, is an error at each function', async () => {
  const absent = ['web1', 'web2', 'web3'].map((name) => [name, 'absent'] as const);
  const call = await gateway(absent);
  const lost = await gateway(two, [], {
    sessions: {
      snapshot: async () => {
        throw new FleetError('fleet-connection-lost', lostTexts['messaging server']);
      },
    },
  });
  const texts = (given: string) => callErrors().find(([text]) => text.includes(given))?.[0];
  for (const url of ['Ftp/list_sessions', 'Ftp/list_transfers', 'Ftp/get_port?server=web1']) {
    const { status, texts: told } = await call('admin', url);
    assert.deepEqual([status, told.length], [0, 1], url);
    assert.match(told[0], /^No server answered: (?:3 are|1 is) not connected \(web1/);
    assert.equal(`\`${(await lost('admin', url)).texts}\``, texts('lost its messaging server'));
  }
});
