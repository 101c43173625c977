import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fleet } from '../../../../src/sessions/fleet.ts';
import type { Scope } from '../../../../src/sessions/scope.ts';
import type { FtpSession } from '../../../../src/sessions/session.ts';
import type { EndCaller, EndedSession } from '../../../../src/sessions/session-ender.ts';
import { fleetFunctions } from '../../../../src/uapi/fleet-functions.ts';
import { functions } from '../../../../src/uapi/functions.ts';
import { buildApp } from '../../../../src/worker/app.ts';
import { basic, ftpSession, password, snapshot, testServices } from '../../../support/app.ts';
import { person } from '../../../support/person.ts';

const people = [
  person('admin', { role: 'admin' }),
  person('rita', { role: 'reseller' }),
  person('ann', {
    owner: 'rita',
    placements: [
      { host: 'web1', systemUser: 'alice' },
      { host: 'web2', systemUser: 'ann' },
    ],
  }),
];

type Outcome = Pick<EndedSession, 'outcome' | 'why'>;

/** A gateway with a session on each of two servers; what is to be ended there comes to these outcomes. */
async function gateway(outcomes: Readonly<Record<string, Outcome>> = {}) {
  const ended: { places: string[]; scope: Scope; caller: EndCaller | undefined }[] = [];
  const all = [
    ftpSession({ host: 'web1', pid: 7, ownerName: 'alice', user: 'alice' }),
    ftpSession({ host: 'web2', pid: 7, ownerName: 'ann', user: 'alice' }),
  ];
  const inScope =
    (scope: Scope) =>
    ({ host }: FtpSession) =>
      scope.kind === 'everybody' ||
      (scope.kind === 'placed' && scope.hosts.some(([name]) => name === host));
  const fleet = { servers: () => ['web1', 'web2'], states: async () => [] } as unknown as Fleet;
  const services = testServices({
    fleet,
    functions: fleetFunctions(functions),
    accounts: {
      find: (name) => people.find((each) => each.name === name),
      list: () => people,
      ownedBy: (reseller) => people.filter(({ owner }) => owner === reseller),
      generation: () => password,
      verify: async (_name, given) => given === password,
    },
    sessions: {
      snapshot: async (scope) => snapshot({ sessions: all.filter(inScope(scope)), daemons: [] }),
    },
    sessionEnder: {
      end: async (identities, scope, caller) => {
        ended.push({ places: identities.map(({ host, pid }) => `${host} ${pid}`), scope, caller });
        return identities.map(({ host, pid, startTime }) => ({
          identity: { host, pid, startTime },
          session: null,
          outcome: 'ended',
          ...outcomes[host],
        }));
      },
    },
  });
  const app = await buildApp(services);
  const call = async (account: string, url: string) => {
    const answer = await app.inject({ url: `/execute/Ftp/${url}`, headers: basic(account) });
    return answer.json();
  };
  return { app, call, ended, auditLines: services.auditLines };
}

test('whoever sees other people’s sessions, and whoever names a PID, has to name the server', async () => {
  const { call, ended, auditLines } = await gateway();
  for (const [account, query] of [
    ['admin', 'kill_session'],
    ['admin', 'kill_session?login=all'],
    ['admin', 'kill_session?login=alice'],
    ['rita', 'kill_session?login=alice'],
    ['rita', 'kill_session?login=all&server='],
    ['ann', 'kill_session?pid=7'],
    ['ann', 'kill_session?id=7&login=alice'],
    ['ann', 'end_session?pid=7&start=1'],
    ['admin', 'end_session?pid=7&start=1&server='],
    ['admin', 'end_session?pid=7&start=1'],
  ] as const) {
    const { status, metadata, errors } = await call(account, query);
    assert.deepEqual([status, metadata.error_codes], [0, ['server-needed']], query);
    assert.match(errors[0], /Nothing was ended\.$/);
  }
  assert.deepEqual(ended, []);
  assert.equal(auditLines.length, 10, 'each is in the audit log');
  assert.ok(auditLines.every((line) => / call-refused .*reason=arguments/.test(line)));
});

test('with the server each ends what is its own there, and it is told whose call it was', async () => {
  const { call, ended, auditLines } = await gateway();
  await call('rita', 'kill_session?login=alice&server=web2');
  await call('ann', 'kill_session?pid=7&server=web1');
  await call('admin', 'end_session?pid=7&start=1&server=web2');
  await call('ann', 'kill_session');
  assert.deepEqual(
    ended.map(({ places, caller }) => [caller?.by, ...places].join(' ')),
    ['rita web2 7', 'ann web1 7', 'admin web2 7', 'ann web1 7 web2 7'],
  );
  assert.deepEqual(ended[1]?.scope, { kind: 'placed', hosts: [['web1', ['alice']]] });
  assert.deepEqual(ended[2]?.scope, { kind: 'placed', hosts: [['web2', null]] });
  assert.match(auditLines[0] ?? '', /account="ann" by="rita" .*outcome=ended host=web2\n$/);
});

test('what some servers did is told with what others did not, and nothing done at all is a failure', async () => {
  const why =
    'The server “web2” did not confirm within 8 s; the session may or may not have ended.';
  const some = await gateway({ web2: { outcome: 'unconfirmed', why } });
  const partly = await some.call('ann', 'kill_session');
  assert.deepEqual(
    [partly.status, partly.messages, partly.warnings, partly.metadata.warning_codes],
    [1, ['1 FTP session was ended.'], [why], ['session-unconfirmed']],
  );
  const none = await some.call('ann', 'kill_session?server=web2');
  assert.deepEqual(
    [none.status, none.metadata.error_codes, none.errors],
    [0, ['session-unconfirmed'], [`No FTP session was ended. ${why}`]],
  );
  const refused = await gateway({ web1: { outcome: 'refused', why: 'It refuses.' } });
  const { status, metadata } = await refused.call('ann', 'end_session?server=web1&pid=7&start=1');
  assert.deepEqual([status, metadata.error_codes], [0, ['session-not-ended']]);
});

test('a gateway’s own document tells of server= in every function that takes it', async () => {
  const { app } = await gateway();
  await app.ready();
  const { paths = {} } = app.swagger() as { readonly paths?: Record<string, unknown> };
  for (const name of [
    'list_sessions',
    'list_transfers',
    'list_history',
    'list_history_files',
    'list_ftp',
    'list_ftp_with_disk',
    'get_ftp_daemon_info',
    'get_port',
    'server_name',
    'kill_session',
    'end_session',
  ]) {
    const told = JSON.stringify(paths[`/execute/Ftp/${name}`]);
    assert.match(told, /parameters\/server"|"name":"server"/, name);
  }
  await app.close();
});
