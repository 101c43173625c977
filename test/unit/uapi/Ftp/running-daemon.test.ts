import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ofUids, type Scope } from '../../../../src/sessions/scope.ts';
import type { Snapshot } from '../../../../src/sessions/session.ts';
import { snapshot, testServices } from '../../../support/app.ts';
import { codeOf } from '../../../support/codes.ts';
import { as, request, withServer } from '../../../support/http.ts';

/** What /execute/Ftp/FUNCTION answers alice on a host that looks like that. */
async function ask(func: string, seen: Partial<Snapshot>): Promise<string> {
  const sessions = { snapshot: async () => snapshot(seen) };
  const answer = await withServer(testServices({ sessions }), (server) =>
    server.send(request(`GET /execute/Ftp/${func}`, [as('alice')])),
  );
  assert.equal(answer.status, 200);
  return answer.body;
}

const fine = (data: string, ...warnings: readonly string[]) =>
  warnings.length === 0
    ? `{"data":${data},"errors":null,"messages":null,"metadata":{},"status":1,"warnings":null}`
    : `{"data":${data},"errors":null,"messages":null,"metadata":{"warning_codes":${JSON.stringify(warnings.map(codeOf))}},"status":1,"warnings":${JSON.stringify(warnings)}}`;
const failed = (error: string) =>
  `{"data":null,"errors":["${error}"],"messages":null,"metadata":{"error_codes":["daemon-unseen"]},"status":0,"warnings":null}`;

const none = 'uapid sees no FTP daemon of this server’s own that waits for connections.';
const hidden: Partial<Snapshot> = {
  daemons: [],
  gaps: [{ cause: 'processes-hidden', ownerUid: null }],
};
const daemon = (ports: readonly number[] | null) => [{ name: 'pure-ftpd', pid: 99, ports }];

test('get_ftp_daemon_info tells name and abilities of the daemon that runs', async () => {
  assert.equal(
    await ask('get_ftp_daemon_info', {}),
    fine('{"enabled":1,"name":"pure-ftpd","supports":{"login_without_domain":1,"quota":1}}'),
  );
});

test('get_ftp_daemon_info: no daemon is not enabled, with a warning', async () => {
  assert.equal(
    await ask('get_ftp_daemon_info', { daemons: [] }),
    fine('{"enabled":0,"name":"","supports":{"login_without_domain":0,"quota":0}}', none),
  );
});

const vsftpd = { name: 'vsftpd', pid: 98, ports: [21] };

test('get_ftp_daemon_info has no name for a daemon that its callers do not know, and says so', async () => {
  assert.equal(
    await ask('get_ftp_daemon_info', { daemons: [vsftpd] }),
    fine(
      '{"enabled":1,"name":"","supports":{"login_without_domain":1,"quota":0}}',
      'The FTP daemon is vsftpd, which this function has no name for.',
    ),
  );
});

test('get_ftp_daemon_info tells of a daemon with a name where there are several', async () => {
  assert.equal(
    await ask('get_ftp_daemon_info', { daemons: [vsftpd, ...daemon([2121])] }),
    fine('{"enabled":1,"name":"pure-ftpd","supports":{"login_without_domain":1,"quota":1}}'),
  );
});

test('server_name tells the daemon that runs, or that none does', async () => {
  assert.equal(await ask('server_name', {}), fine('"pure-ftpd"'));
  assert.equal(await ask('server_name', { daemons: [] }), fine('""', none));
});

test('get_port tells the lowest port that the daemon listens on', async () => {
  assert.equal(await ask('get_port', {}), fine('{"port":2121}'));
  assert.equal(await ask('get_port', { daemons: daemon([21, 2121]) }), fine('{"port":21}'));
  assert.equal(
    await ask('get_port', { daemons: [...daemon([2121]), ...daemon(null), vsftpd] }),
    fine('{"port":21}'),
  );
});

test('get_port makes no port up: none without a daemon, none where it cannot be seen', async () => {
  assert.equal(await ask('get_port', { daemons: [] }), failed(none));
  const unseen = 'The port that pure-ftpd listens on cannot be seen. Run uapid as root.';
  assert.equal(await ask('get_port', { daemons: daemon(null) }), failed(unseen));
  assert.equal(await ask('get_port', { daemons: daemon([]) }), failed(unseen));
});

test('where processes are hidden nobody is told that no daemon runs', async () => {
  for (const func of ['get_ftp_daemon_info', 'server_name', 'get_port']) {
    const body = await ask(func, hidden);
    assert.match(body, /hides other users’ processes/, func);
    assert.doesNotMatch(body, /sees no FTP daemon/, func);
  }
});

test('a daemon that is seen beside hidden processes is told without a warning', async () => {
  const { gaps = [] } = hidden;
  assert.equal(await ask('server_name', { gaps }), fine('"pure-ftpd"'));
});

test('nobody’s sessions are looked at to tell the daemon', async () => {
  const scopes: Scope[] = [];
  const sessions = {
    snapshot: async (scope: Scope) => {
      scopes.push(scope);
      return snapshot();
    },
  };
  await withServer(testServices({ sessions }), (server) =>
    server.send(request('GET /Ftp/server_name', [as('admin')])),
  );
  assert.deepEqual(scopes, [ofUids([])]);
});
