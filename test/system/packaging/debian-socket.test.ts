import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../support/until.ts';
import { bootDebian } from './booted-debian.ts';
import {
  addAdmin,
  ask,
  install,
  laterVersion,
  property,
  skip,
  thePackage,
  url,
} from './debian-package.ts';

/**
 * Asks for /healthz some ten times a second, each time over a connection of its own, until it is ended;
 * writes down curl's exit code of each, and what it says of a fault.
 */
const asking = `
exec curl -sS --rate 600/m --max-time 60 --header 'Connection: close' \\
  --output /dev/null --write-out '%{stderr}%{exitcode}\\n' \\
  '${url}/healthz?[1-1000000]' 2>> /run/answered-$1
`;
const callers = [1, 2, 3];

test('with uapid.socket no connection is lost while it is restarted and upgraded', {
  skip,
  // Two installations, each as long as another test.
  timeout: 460_000,
}, async (t) => {
  const debian = await bootDebian(t);
  await install(debian, await thePackage());
  await addAdmin(debian);
  assert.match((await debian.attempt('systemctl is-enabled uapid.socket')).output, /disabled/);
  const verified = await debian.attempt('systemd-analyze verify --man=no uapid.socket');
  assert.deepEqual(verified, { code: 0, output: '' });
  // As docs/operations.md says.
  await debian.run('systemctl enable uapid.socket 2>&1');
  await debian.run('systemctl stop uapid && systemctl start uapid.socket uapid');
  assert.equal((await ask(debian)).status, 1);

  await debian.run('cat > /root/asking', asking);
  for (const caller of callers) {
    await debian.run(`systemd-run -q --unit=asking${caller} sh /root/asking ${caller}`);
  }
  const areAnswered = () => debian.attempt('cat /run/answered-*').then(({ output }) => output);
  const sinceThen = async (before: string) =>
    await until(async () => (await areAnswered()) !== before, { what: 'callers are answered' });
  await sinceThen('');
  for (let round = 0; round < 2; round += 1) {
    await debian.run('systemctl restart uapid');
    await sinceThen(await areAnswered());
  }
  const before = await property(debian, 'MainPID');
  await install(debian, await laterVersion());
  assert.notEqual(await property(debian, 'MainPID'), before);
  assert.equal(await property(debian, 'ActiveState'), 'active');
  assert.equal((await debian.run('systemctl is-active uapid.socket')).trim(), 'active');
  await sinceThen(await areAnswered());
  for (const caller of callers) {
    // Not before it is ended: that ends a question too.
    const codes = (await debian.run(`cat /run/answered-${caller}`)).trim().split('\n');
    await debian.run(`systemctl stop asking${caller}`);
    assert.ok(codes.length >= 10, `${codes.length} answers`);
    assert.deepEqual([...new Set(codes)], ['0']);
  }

  // A port that the unit has and the configuration has not: said, and not tried without a pause.
  await debian.run('sed -i s/:2082/:2992/ /etc/uapid/uapid.json');
  await debian.attempt('systemctl restart uapid');
  assert.equal(await property(debian, 'ExecMainStatus'), '2');
  const refusal = 'uapid.socket listens on 127.0.0.1:2082, where nothing is to be served';
  const countStarts = async () =>
    Number(
      (await debian.attempt(`journalctl -u uapid -o cat | grep -c "${refusal}"`)).output.trim(),
    );
  const early = await until(countStarts, { what: 'it says what is wrong', timeoutMs: 30_000 });
  await debian.attempt(`curl -sS --max-time 10 ${url}/healthz`);
  const later = await countStarts();
  assert.ok(later - early <= 4, `${later - early} starts`);
  assert.equal((await debian.run('systemctl is-active uapid.socket')).trim(), 'active');

  await debian.run('apt-get -qy purge uapid 2>&1');
  assert.equal(await debian.run('find /var/lib/systemd /etc /run -name "*uapid*"'), '');
});
