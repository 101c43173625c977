import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { runUapid } from '../../support/cli-run.ts';
import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import { wrongClockCommands, wrongClockLibrary } from '../../support/wrong-clock/wrong-clock.ts';
import { type FleetScene, openFleetScene } from './fleet-scene.ts';
import { type RunningHost, startHost } from './start-host.ts';

const { alice } = users;
const offSeconds = { ahead: 90, behind: -90 } as const;
type Server = keyof typeof offSeconds;
const servers = ['ahead', 'behind'] as const;
/** Times are told in whole seconds. */
const slackMs = 2_000;

interface Row {
  readonly server: Server;
  readonly pid: number;
  readonly start: string;
  readonly started_at: string;
  readonly connected_seconds: number;
}

describe('hosts whose clock is 90 s ahead and 90 s behind, with all of their programs', {
  skip: needsSandbox(),
}, () => {
  let scene: FleetScene;
  let hosts: readonly RunningHost[] = [];
  const clients: FtpClient[] = [];
  let rows: ReadonlyMap<Server, Row>;
  let openedAt: number;
  let listedAt: number;

  before(async () => {
    await makeHome(alice, []);
    // A certificate that is made now is not valid yet to a host that is behind.
    const authorityEnv = { LD_PRELOAD: wrongClockLibrary(-3_600) };
    scene = await openFleetScene(servers, {}, { authorityEnv });
    hosts = await Promise.all(
      scene.hosts.map(({ flags, ...member }) =>
        startHost({
          ...member,
          flags: [...flags, '--fleet-allow', 'list,end'],
          prepare: wrongClockCommands(offSeconds[member.name as Server]),
        }),
      ),
    );
    openedAt = Date.now();
    for (const host of hosts) {
      const client = await connectFtp(host);
      clients.push(client);
      await client.login(alice.name, alice.password);
    }
    const listed: readonly Row[] = await bothOf('list_transfers');
    rows = new Map(listed.map((row) => [row.server, row]));
    listedAt = Date.now();
  });
  after(async () => {
    for (const client of clients) client.destroy();
    await Promise.all(hosts.map((host) => host.kill()));
    await scene?.close();
  });

  /** The rows of a list, as soon as it has those of both hosts. */
  const bothOf = (name: string) =>
    until(
      async () => {
        const { data } = await scene.ask(`Ftp/${name}`);
        return data?.length === servers.length && data;
      },
      { what: 'both sessions are listed' },
    );

  const isAbout = (time: string, server: Server) => {
    const said = Date.parse(time) - offSeconds[server] * 1_000;
    assert.ok(said >= openedAt - slackMs && said <= listedAt + slackMs, `${server}: ${time}`);
  };

  test('are named with how far it is off, by the API and by fleet check', async () => {
    const data = await until(
      async () => {
        const asked = await scene.ask('Fleet/list_servers');
        return asked.data?.every((row: { state: string }) => row.state === 'answers') && asked.data;
      },
      { what: 'both answer in time' },
    );
    for (const { server, clock_offset_seconds: off } of data) {
      assert.ok(Math.abs(off - offSeconds[server as Server]) < 5, `${server}: ${off}`);
    }
    assert.equal(data.length, servers.length);
    const check = await runUapid(['fleet', 'check', ...scene.gatewayFlags]);
    assert.match(check.stdout, /^MEND {2}host ahead +Its clock is [89]\d s ahead of/m);
    assert.match(check.stdout, /^MEND {2}host behind +Its clock is [89]\d s behind/m);
  });

  test('have their times told as they say them, and how long something lasts as it does', async () => {
    for (const [server, row] of rows) {
      isAbout(row.started_at, server);
      assert.ok(row.connected_seconds * 1_000 <= listedAt - openedAt + slackMs);
    }
    const data = await bothOf('list_sessions');
    // Of the same two sessions, whose servers it does not tell.
    assert.deepEqual(
      data.map(({ login }: { login: string }) => Date.parse(login)).sort(),
      Array.from(rows.values(), (row) => Date.parse(row.started_at)).sort(),
    );
  });

  test('end no session, say why, and lose none of their rows', async () => {
    for (const [server, { pid, start }] of rows) {
      const query = `server=${server}&pid=${pid}&start=${start}`;
      const { status, errors } = await scene.ask(`Ftp/end_session?${query}`);
      assert.equal(status, 0);
      assert.match(
        errors?.join() ?? '',
        new RegExp(
          `^No FTP session was ended\\. The clock of “${server}” is [89]\\d s ${server}; it refuses to end sessions until that is mended\\.$`,
        ),
      );
    }
    assert.deepEqual(
      (await bothOf('list_transfers')).map(({ pid }: Row) => pid).sort(),
      Array.from(rows.values(), ({ pid }) => pid).sort(),
    );
  });
});
