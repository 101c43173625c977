import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openAccountStore } from '../../../src/accounts/account-store.ts';
import type { Finding } from '../../../src/check/finding.ts';
import { checkFleet } from '../../../src/check/fleet.ts';
import { openHostsStore } from '../../../src/fleet/inventory/hosts-store.ts';
import { ensureKeys } from '../../../src/fleet/key-files.ts';
import { addAccount } from '../../support/add-account.ts';
import { runUapid } from '../../support/cli-run.ts';
import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import { logText, pastSession } from '../../support/history-lines.ts';
import { makeHome } from '../../support/homes.ts';
import { localPair, putPair } from '../../support/key-pairs.ts';
import { type PureFtpd, startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { type RunningUapid, startUapid } from '../../support/uapid.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';

const { alice, bob } = users;

/** What the host's log has from before: of each a session of the night, the one of alice with a file. */
const past = {
  alice: pastSession(11, '01:00:00', {
    owner: alice.uid,
    transfers: 1,
    bytes: 5,
    files: [
      {
        at: '2026-11-28T01:00:30.000Z',
        direction: 'upload',
        bytes: 5,
        seconds: null,
        whole: true,
        file: '/www/index.php',
      },
    ],
  }),
  bob: pastSession(12, '02:00:00', { owner: bob.uid, owner_name: bob.name, user: bob.name }),
};

describe('a gateway that asks a real host over https, and no messaging server', {
  skip: needsSandbox(),
}, () => {
  let ftpd: PureFtpd;
  let client: FtpClient;
  let host: RunningUapid;
  let gateway: RunningUapid;
  let tlsFiles: { readonly cert: string; readonly key: string };

  before(async () => {
    await makeHome(alice, []);
    const folder = mkdtempSync(join(tmpdir(), 'uapid-https-fleet-'));
    const state = join(folder, 'gw1');
    const { signing } = await ensureKeys(state, { replace: false });
    const pair = await localPair();
    const files = putPair(folder, pair);
    tlsFiles = files;
    const both = ['--listen', 'https://127.0.0.1:0'];
    const tls = ['--tls-cert', files.cert, '--tls-key', files.key];
    const member = ['--fleet', 'https', '--fleet-host', 'web1'];
    const log = join(folder, 'sessions.log');
    writeFileSync(log, logText(past.alice, past.bob), { mode: 0o600 });
    const trust = ['--fleet-gateways', `gw1=${signing}`, '--fleet-allow', 'list,end'];
    [ftpd, host] = await Promise.all([
      startPureFtpd(),
      startUapid([...both, ...tls, ...member, ...trust, '--session-log', log]),
    ]);
    const store = openHostsStore(state);
    const address = await host.httpsUrl();
    const { fingerprint256: fingerprint } = new X509Certificate(pair.cert);
    await store.add({ name: 'web1', address, fingerprint });
    await store.add({ name: 'web2', address: 'https://127.0.0.1:1', fingerprint });
    addAccount(state, 'ann', annsPassword);
    const placements = new Map([['ann', [{ host: 'web1', systemUser: alice.name }]]]);
    await openAccountStore(state).place(placements);
    const flags = ['--fleet', 'https', '--fleet-gateway', 'gw1'];
    gateway = await startUapid(flags, undefined, state);
    client = await connectFtp(ftpd);
    await client.login(alice.name, alice.password);
  });
  after(async () => {
    client?.destroy();
    await Promise.all([gateway?.stop(), host?.stop(), ftpd?.stop()]);
  });

  const annsPassword = 'of ann for this test';

  const ask = async (name: string, account = gateway.user) => {
    const password = account === 'ann' ? annsPassword : gateway.password;
    const shown = Buffer.from(`${account}:${password}`).toString('base64');
    const answer = await fetch(`${gateway.url}/execute/${name}`, {
      headers: { authorization: `Basic ${shown}` },
    });
    // biome-ignore lint/suspicious/noExplicitAny: rows of whatever function was asked
    return (await answer.json()) as any;
  };

  test('its sessions are listed, the host that is not there is named, and sessions are ended', async () => {
    const row = await until(
      async () => {
        const { data } = await ask('Ftp/list_transfers');
        return data?.find((each: { owner: string }) => each.owner === alice.name);
      },
      { what: 'the session is listed' },
    );
    assert.equal(row.server, 'web1');
    const { metadata, warnings } = await ask('Ftp/list_sessions');
    assert.deepEqual(metadata.servers.missing, [{ server: 'web2', cause: 'absent' }]);
    assert.match(warnings.join(), /The server “web2” is not connected to the fleet/);
    const start = encodeURIComponent(row.start);
    // A host that has just started remembers nothing, and takes no request from before.
    await until(
      async () => {
        const ended = await ask(`Ftp/end_session?server=web1&pid=${row.pid}&start=${start}`);
        assert.equal(ended.status, 1, JSON.stringify(ended.errors));
        return true;
      },
      { what: 'it is ended' },
    );
    assert.equal((await ask('Ftp/list_transfers')).data.length, 0);
    const log = `${host.log()}${gateway.log()}`;
    assert.doesNotMatch(log, /gw1 [\w-]{86}/, 'no signature is in a log');
  });

  test('what was is told from its log, with the files: of everybody to an administrator, to an account its own', async () => {
    const ofNight = async (account?: string) => {
      const told = await ask('Ftp/list_history?until=2026-11-28T12:00:00Z', account);
      return {
        rows: told.data.map(
          ({ server, pid, owner }: Record<string, unknown>) => `${server} ${pid} ${owner}`,
        ),
        servers: told.metadata.servers,
      };
    };
    assert.deepEqual(await ofNight(), {
      rows: [`web1 12 ${bob.name}`, `web1 11 ${alice.name}`],
      servers: { asked: 2, answered: 1, missing: [{ server: 'web2', cause: 'absent' }] },
    });
    assert.deepEqual(await ofNight('ann'), {
      rows: [`web1 11 ${alice.name}`],
      servers: { asked: 1, answered: 1, missing: [] },
    });
    const filesOf = async ({ id }: { readonly id: string }, account?: string) => {
      const { data } = await ask(`Ftp/list_history_files?session=${id}&server=web1`, account);
      return data.map(({ server, file, seconds }: Record<string, unknown>) => ({
        server,
        file,
        seconds,
      }));
    };
    const file = { server: 'web1', file: '/www/index.php', seconds: null };
    assert.deepEqual(await filesOf(past.alice), [file]);
    assert.deepEqual(await filesOf(past.alice, 'ann'), [file]);
    assert.deepEqual(await filesOf(past.bob, 'ann'), []);
    const shown = await runUapid(
      [
        'history',
        '--state-dir',
        gateway.stateDir,
        '--fleet',
        'https',
        '--fleet-gateway',
        'gw1',
        '--until',
        '2026-11-28T12:00:00Z',
        '--files',
      ],
      { env: { TZ: 'UTC' } },
    );
    assert.equal(shown.code, 3, shown.stderr);
    assert.deepEqual(
      shown.stdout.split('\n').map((line) => line.split(/ {2,}/).slice(0, 2).join(' ')),
      [
        'SERVER CONNECTED',
        'web1 2026-11-28 01:00',
        ' 2026-11-28 01:00 upload 5 bytes: /www/index.php',
        'web1 2026-11-28 02:00',
        '',
        'MISSING CAUSE',
        'web2 not connected',
        '',
      ],
    );
  });

  test('fleet check finds both ends well, and says of a host that is not there why', async () => {
    const over = { servers: [], tls: null, ca: null, host: null, gateway: null };
    const found = (findings: readonly Finding[]) =>
      findings.map(({ state, subject, text }) => `${state} ${subject}: ${text}`).join('\n');
    const fleet = { ...over, gateway: 'gw1' };
    const { stateDir } = gateway;
    const ofGateway = found(await checkFleet({ fleet, stateDir, listen: [], tls: null }));
    assert.match(ofGateway, /^ok host web1: It answers, .* it ends sessions for gateways/m);
    assert.match(ofGateway, /^mend host web2: https:\/\/127\.0\.0\.1:1 refuses connections/m);
    const url = await host.httpsUrl();
    const address = { url, host: '127.0.0.1', port: Number(new URL(url).port) };
    const ofHost = found(
      await checkFleet({
        fleet: {
          ...over,
          host: { name: 'web1', gateways: [{ name: 'gw1', key: 'A'.repeat(43) }], allow: ['list'] },
        },
        stateDir: host.stateDir,
        listen: [address, { ...address, url: 'https://127.0.0.1:1', port: 1 }],
        tls: tlsFiles,
      }),
    );
    assert.match(
      ofHost,
      /^ok address: .* answers the gateway gw1, and refuses what it has not signed/m,
    );
    assert.match(ofHost, /^note address: .* does not answer \(ECONNREFUSED\)/m);
    assert.match(
      ofHost,
      /^note certificate: A gateway may know it by --fingerprint (?:[0-9A-F]{2}:){31}/m,
    );
  });
});
