import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Finding } from '../../../src/check/finding.ts';
import { checkFleet } from '../../../src/check/fleet.ts';
import { openHostsStore } from '../../../src/fleet/inventory/hosts-store.ts';
import { ensureKeys } from '../../../src/fleet/key-files.ts';
import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import { localPair, putPair } from '../../support/key-pairs.ts';
import { type PureFtpd, startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { type RunningUapid, startUapid } from '../../support/uapid.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';

const { alice } = users;

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
    const trust = ['--fleet-gateways', `gw1=${signing}`, '--fleet-allow', 'list,end'];
    [ftpd, host] = await Promise.all([
      startPureFtpd(),
      startUapid([...both, ...tls, ...member, ...trust]),
    ]);
    const store = openHostsStore(state);
    const address = await host.httpsUrl();
    const { fingerprint256: fingerprint } = new X509Certificate(pair.cert);
    await store.add({ name: 'web1', address, fingerprint });
    await store.add({ name: 'web2', address: 'https://127.0.0.1:1', fingerprint });
    const flags = ['--fleet', 'https', '--fleet-gateway', 'gw1'];
    gateway = await startUapid(flags, undefined, state);
    client = await connectFtp(ftpd);
    await client.login(alice.name, alice.password);
  });
  after(async () => {
    client?.destroy();
    await Promise.all([gateway?.stop(), host?.stop(), ftpd?.stop()]);
  });

  const ask = async (name: string) => {
    const shown = Buffer.from(`${gateway.user}:${gateway.password}`).toString('base64');
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
