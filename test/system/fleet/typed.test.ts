import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { projectRoot } from '../../support/debian-packages.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import { childrenOf } from '../../support/processes.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { portsOf } from '../../support/tcp-sockets.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import { type Machines, makeMachines } from './typed-machines.ts';

/*
 * docs/fleet.md, from nothing on: its commands as they are printed there, but for the number of hosts: one,
 * unless UAPID_TYPED_HOSTS says more.
 */

const skip = needsSandbox();
const { alice } = users;
const hosts = Array.from(
  { length: Number(process.env['UAPID_TYPED_HOSTS'] ?? 1) },
  (_, index) => `web${index + 1}`,
);

/** The commands between the marks, in their order. */
function typedCommands(): string {
  const page = readFileSync(join(projectRoot(), 'docs/fleet.md'), 'utf8');
  const part = page.split('<!-- fleet: typed -->')[1]?.split('<!-- end of fleet: typed -->')[0];
  const blocks = [...(part ?? '').matchAll(/^ {3}```sh\n([\s\S]*?)^ {3}```$/gm)];
  return blocks.map(([, block = '']) => block.replace(/^ {3}/gm, '')).join('\n');
}

let machines: Machines;
before(async () => {
  if (skip === false) machines = await makeMachines('gw1', hosts);
});
after(() => machines?.remove());

/** Types it on the gateway, or another machine. */
async function type(commands: string, machine = 'gw1') {
  const [command, args] = machines.on(machine, commands);
  const child = spawn(command, args, { env: machines.env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { code, stdout, stderr };
}

test('who types the commands of docs/fleet.md has a fleet, in which everything that is checked is well', {
  skip,
}, async (t) => {
  const printed = typedCommands();
  const commands = printed.replace(/^hosts="(.*)"$/m, `hosts="${hosts.join(' ')}"`);
  assert.match(printed, /^hosts="web1 .* web10"$/m);
  assert.ok(printed.split('\n').length > 40, printed);
  await makeHome(alice, []);
  const ftpd = await startPureFtpd();
  t.after(() => ftpd.stop());
  const begun = performance.now();
  const { code, stderr } = await type(`set -e\n${commands}`);
  assert.equal(code, 0, stderr);
  await until(
    async () => {
      const { code: checked, stdout } = await type('uapid fleet check');
      return checked === 0 ? stdout : Promise.reject(new Error(stdout));
    },
    { what: 'uapid fleet check finds nothing to mend', timeoutMs: 60_000 },
  );
  t.diagnostic(`${hosts.length} hosts in ${Math.round((performance.now() - begun) / 1_000)} s`);
  const client = await connectFtp(ftpd);
  t.after(() => client.destroy());
  await client.login(alice.name, alice.password);
  const { stdout } = await until(
    async () => {
      const shown = await type('uapid sessions --fleet');
      return shown.code === 0 && /^web1 .* alice/m.test(shown.stdout) ? shown : null;
    },
    { what: 'the session on web1 is listed' },
  );
  assert.doesNotMatch(stdout, /MISSING/);
  for (const host of hosts) {
    const monitor = machines.uapidOn(host);
    const own = [monitor, ...childrenOf(monitor).map(({ pid }) => pid)];
    assert.ok(own.length > 2, 'its processes are seen');
    assert.deepEqual(own.flatMap(portsOf), [], `${host} dials out and opens no port`);
  }
  assert.notDeepEqual(portsOf(machines.uapidOn('gw1')), []);
  const listening = await type('uapid check');
  assert.match(listening.stdout, /^ok +accounts +2, of them 1 admin\.$/m);
  const silent = await type('uapid check', 'web1');
  assert.match(silent.stdout, /^ok +audit log /m);
  assert.doesNotMatch(
    silent.stdout,
    /accounts|proxy|certificate/,
    'nobody calls a host that listens nowhere',
  );
  // As the page says of one host less.
  const removed = await type(
    'uapid fleet host remove web1 && uapid sessions --fleet --account alice',
  );
  assert.equal(removed.code, 3, removed.stderr);
  assert.match(removed.stdout, /^web1 +not let in$/m);
  assert.doesNotMatch(removed.stderr, /warning/, 'the table says it');
});
