import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../../support/debian-packages.ts';
import { ansibleFolder } from './ansible-programs.ts';
import { makeRepository } from './apt-repository.ts';
import { bootDebian } from './booted-debian.ts';
import { ask, password, property, skip, thePackage, timeout } from './debian-package.ts';

/** What the accounts’ passwords are read from, as from a vault. */
const variables = {
  uapid_package: '/root/uapid.deb',
  uapid_accounts: [{ name: 'admin', role: 'admin', password }],
};

test('the role installs the package, from a file or a new repository, writes settings, makes certificate and account, and changes nothing the second time', {
  skip,
  timeout,
}, async (t) => {
  const archive = (folder: string) =>
    execFileSync('tar', ['-cf', '-', '-C', folder, '.'], { maxBuffer: 256 * 1024 * 1024 });
  const debian = await bootDebian(t);
  // Its own /lib and /bin are links to those below /usr.
  await debian.run('tar -xf - --keep-directory-symlink -C /', archive(await ansibleFolder()));
  await debian.run('cat > /root/uapid.deb', readFileSync(await thePackage()));
  const role = archive(join(projectRoot(), 'packaging/ansible'));
  await debian.run('mkdir /root/ansible && tar -xf - -C /root/ansible', role);
  await debian.run('cat > /root/ansible/own.json', JSON.stringify(variables));

  // There is no sudo, and root needs none.
  const play =
    'ansible-playbook -i localhost, -c local -e @own.json -e ansible_become=false site.yml';
  const inFolder = `cd /root/ansible && export HOME=/root && ${play} 2>&1`;
  const first = await debian.run(inFolder);
  assert.match(first, /localhost +: ok=\d+ +changed=[1-9]\d* +unreachable=0 +failed=0/);
  assert.ok(!first.includes(password));
  assert.equal(await property(debian, 'ActiveState'), 'active');
  assert.equal((await ask(debian)).status, 1);
  const secure = `curl -sS --cacert /var/lib/uapid/tls/cert.pem -K - https://localhost:2083/Ftp/list_sessions`;
  assert.match(await debian.run(secure, `user = "admin:${password}"`), /"status":1/);

  const pid = await property(debian, 'MainPID');
  // The role asks no facts of the host; to gather them once shows that it may.
  const run = inFolder.replace('HOME=/root', '$& ANSIBLE_GATHERING=explicit ANSIBLE_PIPELINING=1');
  const second = await debian.run(run);
  assert.match(second, /localhost +: ok=\d+ +changed=0 +unreachable=0 +failed=0/);
  assert.equal(await property(debian, 'MainPID'), pid);

  // From a repository, on a host whose lists of other sources are of this very minute.
  await debian.run('apt-get -qy purge uapid 2>&1');
  const { archive: repository } = makeRepository(t, [await thePackage()]);
  await debian.run('mkdir -p /srv/apt && tar -xf - -C /srv/apt', repository);
  // Debian's own archive cannot be reached from here.
  await debian.run('rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* && apt-get update 2>&1');
  await debian.run('touch /var/lib/apt/lists');
  const source = {
    uapid_package: '',
    uapid_repository: 'file:/srv/apt',
    uapid_repository_key: '/srv/apt/uapid-archive-keyring.gpg',
  };
  await debian.run('cat > /root/ansible/source.json', JSON.stringify(source));
  const fromRepository = run.replace('site.yml', '-e @source.json site.yml');
  assert.match(await debian.run(fromRepository), /unreachable=0 +failed=0/);
  assert.equal((await ask(debian)).status, 1);
  assert.match(await debian.run(fromRepository), /changed=0 +unreachable=0 +failed=0/);

  // Both sources, or none, are refused before anything is done.
  const none = await debian.attempt(run.replace('site.yml', '-e uapid_package= site.yml'));
  assert.match(none.output, /Set uapid_package or uapid_repository, and not both/);
});
