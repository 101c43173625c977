import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openAccountStore } from '../../../src/accounts/account-store.ts';
import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { type TestUser, users } from '../../support/users.ts';
import { type FleetScene, openFleetScene } from '../fleet/fleet-scene.ts';
import { type RunningHost, startHost } from '../fleet/start-host.ts';
import {
  api2Clients,
  type Outcome,
  type PublishedClient,
  publishedClients,
} from './client-table.ts';
import { type Sender, type SenderLanguage, startSender } from './sender.ts';
import { addCredentials, type Credentials, ports, run } from './uapid-on-cpanel-ports.ts';

const { alice, bob } = users;

/** Of a row what does not depend on the process. */
interface Seen {
  readonly user: string;
  readonly host: string;
  readonly status: string;
  readonly file: string;
}

/** What each client is to be given, with the server that no client hears of. */
const visits: readonly (Seen & { readonly server: string })[] = [
  { server: 'web1', user: 'alice', host: '127.0.1.1', status: 'IDLE', file: '' },
  { server: 'web1', user: 'alice', host: '127.0.1.2', status: 'DL', file: 'big.bin' },
  { server: 'web2', user: 'alice', host: '127.0.1.3', status: 'IDLE', file: '' },
  { server: 'web2', user: 'bob', host: '127.0.1.4', status: 'IDLE', file: '' },
];

describe('published clients of cPanel at a gateway with two hosts, unchanged', {
  skip: needsSandbox(),
}, () => {
  const address = `127.${[0, 0, 0].map(() => randomInt(2, 255)).join('.')}`;
  const senders = new Map<SenderLanguage, Sender>();
  const open: FtpClient[] = [];
  let scene: FleetScene;
  let hosts: Map<string, RunningHost>;
  let own: Credentials;
  let root: Credentials;

  before(async () => {
    for (const user of [alice, bob]) await makeHome(user, [['big.bin', 30_000_000]]);
    scene = await openFleetScene(['web1', 'web2'], {}, { prepareGateway });
    const certificate = readFileSync(join(scene.gatewayDir, 'tls', 'cert.pem'), 'utf8');
    // cpanel-rest-api has no setting for it; it uses the process' own agent.
    https.globalAgent.options.ca = certificate;
    const started = await Promise.all(scene.hosts.map(startHost));
    hosts = new Map(started.map((host) => [host.name, host]));
    for (const visit of visits) open.push(await begin(visit));
    const all = [...publishedClients, ...api2Clients].map(({ language }) => language);
    for (const language of new Set(all)) {
      if (language !== 'javascript') senders.set(language, await startSender(language));
    }
    await untilRows(visits.length);
  });
  after(async () => {
    for (const client of open) client.destroy();
    for (const sender of senders.values()) await sender.stop();
    await Promise.all(Array.from(hosts?.values() ?? [], (host) => host.kill()));
    await scene?.close();
  });

  async function prepareGateway(stateDir: string): Promise<readonly string[]> {
    root = await addCredentials(stateDir, 'root', { role: 'admin' });
    own = await addCredentials(stateDir, alice.name);
    const placements = ['web1', 'web2'].map((host) => ({ host, systemUser: alice.name }));
    await openAccountStore(stateDir).place(new Map([[alice.name, placements]]));
    run(stateDir, ['tls', 'self-signed', '--force', '--host', address]);
    const urls = Object.values(ports).map((port) => `https://${address}:${port}`);
    return ['--listen', urls.join(',')];
  }

  async function begin({ server, user, host, file }: (typeof visits)[number]): Promise<FtpClient> {
    const { port } = hosts.get(server) ?? assert.fail();
    const client = await connectFtp({ host: '127.0.0.1', port, localAddress: host });
    const { name, password }: TestUser = user === 'alice' ? alice : bob;
    await client.login(name, password);
    if (file !== '') await client.startDownload(file);
    return client;
  }

  const untilRows = (count: number) =>
    until(async () => (await scene.ask('Ftp/list_sessions')).data?.length === count, {
      what: `the gateway lists ${count} sessions`,
    });

  function list(client: PublishedClient, func: string): Promise<Outcome> {
    const credentials = client.as === 'administrator' ? root : own;
    const knock = { ...credentials, host: address, by: client.by[0] ?? 'token' } as const;
    const noSender = { send: () => assert.fail('it sends by itself'), stop: async () => {} };
    const sender = senders.get(client.language as SenderLanguage) ?? noSender;
    return client.call(knock, { func, user: alice.name }, sender);
  }

  async function checkAll(expected: readonly Seen[]): Promise<void> {
    const asked = [
      ...publishedClients.map((client) => [client, 'list_sessions', 'number'] as const),
      ...api2Clients.map((client) => [client, 'listftpsessions', 'string'] as const),
    ];
    for (const [client, func, pidType] of asked) {
      const outcome = await list(client, func);
      assert.ok('data' in outcome, `${client.name}: ${JSON.stringify(outcome)}`);
      const rows = outcome.data as (Seen & { readonly pid: unknown })[];
      const seen = rows.map(({ user, host, status, file }) => ({ user, host, status, file }));
      assert.deepEqual(seen.sort(byHost), expected, client.name);
      for (const row of rows) {
        assert.equal(typeof row.pid, pidType, client.name);
        assert.deepEqual(Object.keys(row).sort(), columns, client.name);
      }
    }
  }

  const ownOf = (servers: readonly string[]): Seen[] =>
    visits
      .filter(({ server, user }) => user === 'alice' && servers.includes(server))
      .map(({ server: _server, ...seen }) => seen);

  test('each lists the account’s sessions of both hosts, in the seven published columns', () =>
    checkAll(ownOf(['web1', 'web2'])));

  test('each lists those of the host that is left when the other is gone', async () => {
    await hosts.get('web2')?.kill();
    await untilRows(2);
    await checkAll(ownOf(['web1']));
  });
});

const columns = ['cmdline', 'file', 'host', 'login', 'pid', 'status', 'user'];
const byHost = (one: Seen, other: Seen) => one.host.localeCompare(other.host);
