import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { version } from '../../../src/lib/version.ts';
import { runUapid } from '../../support/cli-run.ts';
import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { type TestUser, users } from '../../support/users.ts';
import { type FleetScene, openFleetScene, type Result } from './fleet-scene.ts';
import { type RunningHost, startHost } from './start-host.ts';

const skip = needsSandbox();
const { alice, bob } = users;

interface Visit {
  readonly server: string;
  readonly user: string;
  readonly client: FtpClient;
}

describe('a gateway, a real nats-server and three real hosts with their FTP servers', {
  skip,
}, () => {
  let scene: FleetScene;
  let hosts: Map<string, RunningHost>;
  const visits: Visit[] = [];

  before(async () => {
    for (const user of [alice, bob]) await makeHome(user, [['big.bin', 5_000_000]]);
    scene = await openFleetScene(['web1', 'web2', 'web3'], {
      // Equal names on several hosts are several users.
      ann: [
        ['web1', 'alice'],
        ['web3', 'bob'],
      ],
      ben: [['web2', 'bob']],
      cid: [],
    });
    const started = await Promise.all(scene.hosts.map(startHost));
    hosts = new Map(started.map((host) => [host.name, host]));
    await until(whole, { what: 'all hosts are connected' });
  });
  after(async () => {
    for (const { client } of visits) client.destroy();
    await Promise.all(Array.from(hosts?.values() ?? [], (host) => host.kill()));
    await scene?.close();
  });

  const whole = async () => {
    const { metadata } = await scene.ask('Ftp/list_sessions');
    return metadata.servers?.answered === 3;
  };

  async function visit(server: string, { name: user, password }: TestUser): Promise<Visit> {
    const host = hosts.get(server);
    assert.ok(host !== undefined);
    const client = await connectFtp(host);
    await client.login(user, password);
    const made = { server, user, client };
    visits.push(made);
    return made;
  }

  const placeOf = ({ server, user, client }: Visit) => `${server} ${user} ${client.localPort}`;

  /** What list_transfers tells of the same, and the servers that are named as missing. */
  function told({ data, metadata }: Result): { rows: string[]; missing: string[] } {
    const rows = (data ?? []) as { server: string; owner: string; remote_port: number }[];
    return {
      rows: rows
        .map(({ server, owner, remote_port }) => `${server} ${owner} ${remote_port}`)
        .sort(),
      missing: (metadata.servers?.missing ?? [])
        .map(({ server, cause }) => `${server} ${cause}`)
        .sort(),
    };
  }

  const places = (of: readonly Visit[]) => of.map(placeOf).sort();

  async function untilTold(account: string | undefined, rows: readonly string[]): Promise<Result> {
    return until(
      async () => {
        const result = await scene.ask('Ftp/list_transfers', account);
        assert.deepEqual(told(result).rows, rows);
        return result;
      },
      { what: `the list is whole for ${account ?? 'the administrator'}` },
    );
  }

  test('everybody sees the sessions on all servers that are its own, and no other', async () => {
    await visit('web1', alice);
    await visit('web1', bob);
    await visit('web2', alice);
    await visit('web2', bob);
    await visit('web3', bob);
    await visit('web3', alice);
    await untilTold(undefined, places(visits));
    const own = (keep: readonly string[]) =>
      places(visits.filter(({ server, user }) => keep.includes(`${server} ${user}`)));
    await untilTold('ann', own(['web1 alice', 'web3 bob']));
    await untilTold('ben', own(['web2 bob']));
    const nobody = await scene.ask('Ftp/list_transfers', 'cid');
    assert.deepEqual(nobody.data, []);
    assert.deepEqual(nobody.warnings, ['The account “cid” is placed on no server of this fleet.']);
  });

  /** What `uapid sessions --fleet` says on the gateway's machine. */
  const sessions = (...more: string[]) => runUapid(['sessions', ...scene.gatewayFlags, ...more]);

  test('uapid sessions --fleet lists the sessions of all servers, of one, and of an account', async () => {
    const all = await sessions();
    assert.equal(all.code, 0, all.stderr);
    const [headings = '', ...lines] = all.stdout.trimEnd().split('\n');
    assert.match(headings, /^SERVER +PID +USER/);
    const servers = lines.map((line) => line.split(' ')[0]).sort();
    assert.deepEqual(servers, ['web1', 'web1', 'web2', 'web2', 'web3', 'web3']);
    const one = JSON.parse(
      (await sessions('--server', 'web3', '--account', 'ann', '--json')).stdout,
    );
    assert.deepEqual(
      one.sessions.map(({ server, owner }: Record<string, string>) => `${server} ${owner}`),
      ['web3 bob'],
    );
    assert.deepEqual(one.servers, { asked: 1, answered: 1, missing: [] });
    const none = await sessions('--server', 'web9');
    assert.equal(none.code, 3);
    assert.match(none.stderr, /There is no server “web9” in this fleet/);
  });

  test('list_sessions has the seven published columns and no other', async () => {
    const { data, status, warnings, metadata } = await scene.ask('Ftp/list_sessions', 'ben');
    assert.equal(status, 1);
    assert.equal(warnings, null);
    assert.equal(data.length, 1);
    const columns = ['cmdline', 'file', 'host', 'login', 'pid', 'status', 'user'];
    assert.deepEqual(Object.keys(data[0]).sort(), columns);
    assert.deepEqual(metadata.servers, { asked: 1, answered: 1, missing: [] });
  });

  test('server= narrows to one of the account’s own servers, and any other is none of its', async () => {
    const one = await scene.ask('Ftp/list_transfers?server=web3', 'ann');
    assert.deepEqual(
      told(one).rows.map((row) => row.slice(0, 8)),
      ['web3 bob'],
    );
    for (const server of ['web2', 'web9', '*']) {
      const { status, metadata } = await scene.ask(`Ftp/list_sessions?server=${server}`, 'ann');
      assert.deepEqual([status, metadata.error_codes], [0, ['server-unknown']], server);
    }
    const all = await scene.ask('Ftp/list_sessions?server=web2');
    assert.equal(all.data.length, 2);
  });

  test('Fleet::list_servers tells administrators how each server is, and nobody else', async () => {
    const askedAt = Date.now();
    const { data } = await scene.ask('Fleet/list_servers');
    const rows = data as {
      server: string;
      state: string;
      version: string;
      sessions: number;
      daemons: string[];
      last_answer: string;
      clock_offset_seconds: number;
    }[];
    for (const row of rows) {
      assert.equal(row.version, version);
      assert.ok(Date.parse(row.last_answer) >= askedAt, row.last_answer);
      // They have one clock, and a host scans after it was asked.
      assert.ok(Math.abs(row.clock_offset_seconds) <= 30, `${row.clock_offset_seconds}`);
    }
    assert.deepEqual(
      rows.map(({ server, state, sessions, daemons }) => [server, state, sessions, daemons.join()]),
      ['web1', 'web2', 'web3'].map((server) => [server, 'answers', 2, 'pure-ftpd']),
    );
    const { status, metadata } = await scene.ask('Fleet/list_servers', 'ann');
    assert.deepEqual([status, metadata.error_codes], [0, ['not-administrator']]);
  });

  test('what answers for one server alone asks which one', async () => {
    for (const name of ['Ftp/get_port', 'Ftp/list_ftp', 'Ftp/get_ftp_daemon_info']) {
      const { status, metadata } = await scene.ask(name);
      assert.deepEqual([status, metadata.error_codes], [0, ['server-needed']], name);
    }
    await untilTold(undefined, places(visits));
  });

  test('a server that is killed and one that is stopped are named, and the rows of the others are whole', async () => {
    await hosts.get('web1')?.kill();
    await hosts.get('web2')?.tell('freeze');
    const left = places(visits.filter(({ server }) => server === 'web3'));
    const result = await until(
      async () => {
        const seen = await scene.ask('Ftp/list_transfers');
        assert.deepEqual(told(seen), { rows: left, missing: ['web1 absent', 'web2 silent'] });
        return seen;
      },
      { what: 'both are named' },
    );
    assert.match(
      result.warnings?.join(' ') ?? '',
      /The server “web1” is not connected to the fleet/,
    );
    assert.match(
      result.warnings?.join(' ') ?? '',
      /The server “web2” did not answer in time \(last answer/,
    );
    const shown = await sessions();
    assert.equal(shown.code, 3, shown.stderr);
    assert.match(shown.stdout, /^web3 .*\n(?:web3 .*\n)\nMISSING +CAUSE\n/m);
    assert.match(shown.stdout, /^web1 +not connected$/m);
    assert.match(shown.stdout, /^web2 +no answer in time$/m);
    const nobody = await sessions('--server', 'web1,web2', '--json');
    assert.equal(nobody.code, 3);
    assert.deepEqual(
      JSON.parse(nobody.stdout).servers.missing.map(
        ({ server, cause }: Record<string, string>) => `${server} ${cause}`,
      ),
      ['web1 absent', 'web2 silent'],
    );
    const complete = await scene.ask('Ftp/list_transfers?complete=1');
    assert.deepEqual([complete.status, complete.metadata.error_codes], [0, ['servers-missing']]);
    const ben = await scene.ask('Ftp/list_sessions', 'ben');
    assert.equal(ben.status, 0, 'nobody that it asked has answered');
    assert.match(
      ben.errors?.[0] ?? '',
      /^No server answered: 1 is connected and silent \(web2\)\.$/,
    );
    await hosts.get('web2')?.tell('thaw');
    await untilTold(
      'ben',
      places(visits.filter(({ server, user }) => server === 'web2' && user === 'bob')),
    );
  });

  test('without the messaging server the gateway says so, and blames no host', async () => {
    await scene.nats.stop('SIGKILL');
    await until(
      async () => {
        const { status, errors } = await scene.ask('Ftp/list_sessions');
        assert.equal(status, 0);
        return errors?.[0]?.startsWith('The gateway has lost its messaging server');
      },
      { what: 'the loss is told' },
    );
  });
});
