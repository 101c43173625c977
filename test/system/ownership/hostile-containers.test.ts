import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { delegateTo, makeCgroup, moveInto } from '../../support/cgroups.ts';
import {
  descendantsOf,
  firstMappedUid,
  startContained,
} from '../../support/contained/container.ts';
import { containedDaemons } from '../../support/contained/daemons.ts';
import { mountDyingStorage } from '../../support/dying-storage.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import { uidOf } from '../../support/processes.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { sandboxFolder, users } from '../../support/users.ts';
import {
  dockerContainer,
  login,
  makeDockerDataRoot,
  mayNotKnow,
  newPassword,
  serveWith,
} from './container-scene.ts';

const skip = needsSandbox();
const { alice, bob } = users;

test('a customer who names cgroups like another’s container has no row there, whatever they are called', {
  skip,
  timeout: 300_000,
}, async (t) => {
  const dockerDataRoot = makeDockerDataRoot();
  const { id, cgroup: genuine } = dockerContainer(t, dockerDataRoot, 'web-1');
  const folder = `shops-${randomBytes(6).toString('hex')}`;
  const other = `other-${randomBytes(6).toString('hex')}.slice`;
  const delegated = delegateTo(makeCgroup(t, join(other, 'user@62002.service')), bob);
  // As bob makes them, below what systemd gives to a user.
  const impostors = [
    `docker-${id}.scope`,
    `docker/${id}`,
    'machine-web.scope',
    'app.slice/machine-web.scope',
    'systemd-nspawn@web.service',
    `${folder}/web-1`,
    `docker-${id}.scope (deleted)`,
  ].map((name) => delegated.make(name));
  // And in the container of the name that another customer has given to it.
  const namesake = dockerContainer(t, dockerDataRoot, 'not-web-1').cgroup;

  const password = newPassword();
  const home = mkdtempSync(join(sandboxFolder, 'home-'));
  chmodSync(home, 0o777);
  const virtual = { name: login, password, owner: { ...bob, home } };
  const daemonOf = containedDaemons['pure-ftpd'] ?? assert.fail();
  const command = await daemonOf({ virtualUsers: [virtual], root: firstMappedUid });
  const first = impostors[0] ?? assert.fail();
  const daemon = await startContained(t, { cgroup: first, mapsUsers: true }, command);
  const client = await daemon.connect();
  await client.login(login, password);
  const session = await until(
    () => descendantsOf(daemon.pid).find((pid) => uidOf(pid) === firstMappedUid + bob.uid),
    { what: 'a process of the container runs as the user' },
  );
  const containers = [
    { match: 'docker:web-*', account: 'shop' },
    { match: `docker:${id}`, account: 'shop' },
    { match: 'machine:web', account: 'shop' },
    { match: `cgroup:/${folder}/*`, account: 'shop' },
  ];
  const own = await startPureFtpd();
  t.after(() => own.stop());
  const { pidsOf, kill } = await serveWith(t, { containers, dockerDataRoot });
  const moveAll = (cgroup: typeof genuine) => {
    for (const pid of [daemon.pid, ...descendantsOf(daemon.pid)]) moveInto(cgroup, pid);
  };
  for (const cgroup of [...impostors, namesake]) {
    moveAll(cgroup);
    // Told, so it was found, and not counted.
    await until(async () => (await pidsOf('admin')).warnings.length > 0, {
      what: `the administrator is told of it in ${cgroup.path}`,
      timeoutMs: 60_000,
    });
    assert.deepEqual((await pidsOf('admin')).pids, [], cgroup.path);
    for (const name of ['shop', 'rita', ...mayNotKnow] as const) {
      assert.deepEqual(await pidsOf(name), { pids: [], warnings: [] }, `${name} ${cgroup.path}`);
      assert.equal(await kill(name, session), false, `${name} ${cgroup.path}`);
    }
  }
  // The very same in the genuine one, so that something would have been seen.
  moveAll(genuine);
  await until(async () => (await pidsOf('shop')).pids.includes(session), {
    what: 'it is that account’s',
    timeoutMs: 60_000,
  });
  // And no longer than it is there.
  moveAll(first);
  assert.deepEqual(await pidsOf('shop'), { pids: [], warnings: [] });
});

/**
 * Runs as a pure-ftpd by its name, and greets. Each child holds something else under the name of its
 * own record: a pipe, a file of a storage that is dead, one that is no record, a far too long one; and
 * one has more open than is looked at.
 */
const hostile = `
use strict; use POSIX; use IO::Socket::INET;
my ($port, $storage) = @ARGV;
my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Listen => 9) or die $!;
my %kinds = (
  pipe => sub { my $name = shift; mkfifo($name, 0600) or die $!; $name },
  storage => sub { "$storage/client-" . sprintf("%08d", $$) },
  other => sub { my $name = shift; open(my $f, ">", $name) or die $!; print $f "x" x 700; $name },
  long => sub { my $name = shift; open(my $f, ">", $name) or die $!; truncate($f, 1 << 40) or die $!; $name },
  many => sub { my $name = shift; open(my $f, ">", $name) or die $!; $name },
);
for my $kind (sort keys %kinds) {
  next if fork;
  my $name = $kinds{$kind}->(sprintf("/run/pure-ftpd/client-%08d", $$));
  my @held;
  for (1 .. ($kind eq "many" ? 1100 : 1)) { open(my $f, "+<", $name) or die "$name: $!"; push @held, $f }
  open(my $ready, ">", "$ENV{READY}/$kind") or die $!;
  sleep 1 while 1;
}
while (my $client = $listener->accept) { print $client "220 here\\r\\n" }
`;

const kinds = ['pipe', 'storage', 'other', 'long', 'many'];

test('what root of a named container holds open holds up nobody, and is told to that account alone', {
  skip,
  timeout: 300_000,
}, async (t) => {
  const mountPoint = mkdtempSync(join(sandboxFolder, 'storage-'));
  const storage = await mountDyingStorage(t, mountPoint);
  const dockerDataRoot = makeDockerDataRoot();
  const { cgroup } = dockerContainer(t, dockerDataRoot, 'web-1');
  const folder = mkdtempSync(join(sandboxFolder, 'hostile-'));
  const program = join(folder, 'pure-ftpd');
  copyFileSync('/usr/bin/perl', program);
  chmodSync(program, 0o755);
  await startContained(
    t,
    { cgroup },
    {
      command: (port) => [
        ...['sh', '-c', 'ulimit -n 4096 && exec "$@"', 'sh'],
        ...[program, '-e', hostile, String(port), mountPoint],
      ],
      env: { READY: folder },
    },
  );
  await until(() => kinds.every((kind) => existsSync(join(folder, kind))), {
    what: 'each holds its file',
    timeoutMs: 30_000,
  });
  const own = await startPureFtpd();
  t.after(() => own.stop());
  const sessions: number[] = [];
  for (const user of [alice, bob]) {
    const client = await connectFtp(own);
    t.after(() => client.destroy());
    await client.login(user.name, user.password);
    sessions.push(await client.sessionPid());
  }
  await storage.die();
  const containers = [{ match: 'docker:web-*', account: 'shop' }];
  const { pidsOf } = await serveWith(t, { containers, dockerDataRoot });
  const told = await until(
    async () => {
      const { pids, warnings } = await pidsOf('shop');
      assert.deepEqual(pids, [sessions[0]]);
      return warnings.length > 0 && warnings;
    },
    { what: 'the container is found', timeoutMs: 60_000 },
  );
  assert.equal(told.length, 1, String(told));
  assert.match(told[0] ?? '', /^5 processes look like an FTP session in a container/);
  const all = await pidsOf('admin');
  assert.deepEqual(
    all.pids,
    sessions.toSorted((a, b) => a - b),
  );
  assert.deepEqual(all.warnings, told);
  for (const name of ['bob', 'roy'] as const) {
    assert.deepEqual(await pidsOf(name), { pids: [sessions[1]], warnings: [] }, name);
  }
  assert.deepEqual(await pidsOf('mail'), { pids: [], warnings: [] });
});
