import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { version } from '../../../src/lib/version.ts';
import { runUapid } from '../../support/cli-run.ts';
import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import { type PureFtpd, startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { type RunningUapid, startUapid } from '../../support/uapid.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import { type FleetScene, openFleetScene } from './fleet-scene.ts';
import { copyOlderProgram, olderVersion } from './older-program.ts';

const { alice } = users;

interface Row {
  readonly server: string;
  readonly remote_port: number;
}

/** Each host of it is a whole uapid, and all see the same FTP server. */
describe('a gateway whose hosts are two machines with one key, and an older uapid', {
  skip: needsSandbox(),
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'uapid-strange-'));
  let scene: FleetScene;
  let ftpd: PureFtpd;
  let client: FtpClient;
  const running: RunningUapid[] = [];

  const start = async (
    host: string,
    { stateDir, program }: { readonly stateDir?: string; readonly program?: string } = {},
  ) => {
    const member = scene.hosts.find(({ name }) => name === host) ?? assert.fail(host);
    const started = await startUapid(member.flags, program, stateDir ?? member.stateDir);
    running.push(started);
    return started;
  };

  before(async () => {
    await makeHome(alice, []);
    [scene, ftpd] = await Promise.all([openFleetScene(['web1', 'old']), startPureFtpd()]);
    // As a disk is copied: before it has ever started.
    const web1 = scene.hosts.find(({ name }) => name === 'web1') ?? assert.fail();
    cpSync(web1.stateDir, join(folder, 'copy'), { recursive: true });
    client = await connectFtp(ftpd);
    await client.login(alice.name, alice.password);
    await Promise.all([start('web1'), start('old', { program: copyOlderProgram(folder) })]);
  });
  after(async () => {
    client?.destroy();
    await Promise.all([...running, ftpd].map((each) => each?.stop()));
    await scene?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The rows of the one session that there is, by the servers that tell it, and the servers that are missing. */
  async function list() {
    const { data, metadata, warnings } = await scene.ask('Ftp/list_transfers');
    const rows: readonly Row[] = data ?? [];
    return {
      rows: rows.map(({ server, remote_port }) => `${server} ${remote_port}`).sort(),
      missing: metadata.servers?.missing ?? [],
      warnings: warnings ?? [],
    };
  }

  const rowsOf = (...servers: readonly string[]) =>
    servers.map((server) => `${server} ${client.localPort}`);

  const untilWhole = () =>
    until(
      async () => {
        const { rows, missing } = await list();
        assert.deepEqual({ rows, missing }, { rows: rowsOf('old', 'web1'), missing: [] });
        return true;
      },
      { what: 'the list is whole', everyMs: 200, timeoutMs: 60_000 },
    );

  /** Waits until each server is told in that way: on a busy machine one may be silent once, and never anything else. */
  async function untilTold(
    name: string,
    columns: readonly string[],
    told: Readonly<Record<string, readonly unknown[]>>,
  ): Promise<void> {
    const states = new Set<unknown>();
    await until(
      async () => {
        const { data } = await scene.ask(name);
        const rows = data as Record<string, unknown>[];
        for (const { state } of rows) states.add(state);
        const cells = rows.map((row) => [row['server'], columns.map((column) => row[column])]);
        assert.deepEqual(Object.fromEntries(cells), told);
        return true;
      },
      { what: `${name} tells both servers` },
    );
    for (const [wanted] of [...Object.values(told), ['silent']]) states.delete(wanted);
    assert.deepEqual([...states], []);
  }

  test('the older one’s sessions are listed and counted as all others’ are, and its version is told', async () => {
    await untilWhole();
    await untilTold('Fleet/list_servers', ['state', 'version', 'sessions'], {
      old: ['answers', olderVersion, 1],
      web1: ['answers', version, 1],
    });
    await untilTold('Fleet/count_sessions', ['state', 'sessions'], {
      old: ['answers', 1],
      web1: ['answers', 1],
    });
    const log = running.map((each) => each.log()).join('');
    assert.match(log, /"refusal":"malformed"/, 'it was asked what it does not know');
  });

  test('of two that answer as one host no row is told, both runs are, and the rows are back once one is gone', async () => {
    const copy = await start('web1', { stateDir: join(folder, 'copy') });
    const found = await until(
      async () => {
        const told = await list();
        assert.deepEqual(told.rows, rowsOf('old'));
        assert.equal(told.missing[0]?.cause, 'cloned');
        return told;
      },
      { what: 'the copy is noticed' },
    );
    const [missing, ...others] = found.missing;
    assert.deepEqual([missing?.server, others], ['web1', []]);
    assert.equal(new Set(missing?.instances).size, 2);
    assert.deepEqual(found.warnings, [
      'The server “web1” is two machines (a copied key?): both answer as web1, so its sessions are left out. Make a new key on one of them: uapid fleet key --new',
    ]);
    await untilTold('Fleet/list_servers', ['state'], { old: ['answers'], web1: ['cloned'] });
    await until(
      async () => {
        const { stdout } = await runUapid(['fleet', 'check', ...scene.gatewayFlags]);
        assert.match(stdout, /^MEND {2}host web1 +Two machines answer under its name/m);
        assert.match(stdout, new RegExp(`^note {2}host old +It runs uapid ${olderVersion}, `, 'm'));
        return true;
      },
      { what: 'both answers come while it checks' },
    );
    await copy.stop();
    await untilWhole();
  });
});
