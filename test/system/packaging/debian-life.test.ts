import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { makeRepository } from './apt-repository.ts';
import { type BootedDebian, bootDebian } from './booted-debian.ts';
import {
  addAdmin,
  ask,
  install,
  laterVersion,
  property,
  skip,
  thePackage,
  timeout,
  url,
} from './debian-package.ts';

/*
 * What these tests show is a Debian 13 of its own that systemd has really booted, and the package
 * installed in it by apt with the system's own Node.js.
 */

test('an upgrade from a signed repository restarts it and keeps accounts, tokens and roles, as a downgrade and a backup do; a changed setting stays', {
  skip,
  timeout,
}, async (t) => {
  const debian = await bootDebian(t);
  await install(debian, await thePackage());
  await addAdmin(debian);
  await debian.run('uapid account add bob --password-stdin', `${randomBytes(9).toString('hex')}\n`);
  const token = /\b[A-Za-z0-9]{32,}\b/.exec(await debian.run('uapid token add admin'))?.[0] ?? '';
  const withToken = `header = "Authorization: cpanel admin:${token}"`;
  assert.equal((await ask(debian, url, withToken)).status, 1);
  await debian.run('uapid role disable FTP');
  const disabled = await ask(debian);
  assert.equal(disabled.status, 0);
  await debian.run('sed -i s/:2082/:2992/ /etc/uapid/uapid.json');
  const before = await property(debian, 'MainPID');
  const lists = 'uapid account list; uapid token list; uapid role list';
  const listed = await debian.run(lists);

  await upgradeByApt(t, debian);
  assert.notEqual(await property(debian, 'MainPID'), before);
  assert.equal(await property(debian, 'ActiveState'), 'active');
  const moved = 'http://127.0.0.1:2992';
  assert.deepEqual(await ask(debian, moved), disabled);
  assert.equal(await debian.run(lists), listed);
  await debian.run('uapid role enable FTP');
  assert.equal((await ask(debian, moved)).status, 1);
  assert.equal((await ask(debian, moved, withToken)).status, 1);

  // As docs/install.md says of a backup and of the older version.
  const now = await debian.run(lists);
  await debian.run('tar -cpf /root/backup.tar /etc/uapid /var/lib/uapid 2>&1');
  await debian.run('cat > /root/older.deb', readFileSync(await thePackage()));
  await debian.run('apt-get -qy install /root/older.deb --allow-downgrades 2>&1');
  assert.equal(await debian.run(lists), now);
  assert.equal((await ask(debian, moved, withToken)).status, 1);
  await debian.run('apt-get -qy purge uapid 2>&1 && apt-get -qy install /root/older.deb 2>&1');
  assert.equal((await debian.run('uapid account list')).trim(), '');
  await debian.run(
    'systemctl stop uapid && tar -xpf /root/backup.tar -C / && systemctl start uapid',
  );
  assert.equal(await debian.run(lists), now);
  assert.equal((await ask(debian, moved, withToken)).status, 1);
});

/** Installs the later version from a repository, as docs/install.md says, after what must be refused. */
async function upgradeByApt(t: TestContext, { run, attempt }: BootedDebian): Promise<void> {
  const { archive, otherKey } = makeRepository(t, [await laterVersion()]);
  await run('mkdir -p /srv/apt && tar -xf - -C /srv/apt', archive);
  const source = 'deb [signed-by=/etc/apt/keyrings/uapid.gpg] file:/srv/apt stable main';
  await run(`echo '${source}' > /etc/apt/sources.list.d/uapid.list`);
  // Debian's own archive cannot be reached from here.
  const only = '-o Dir::Etc::sourcelist=sources.list.d/uapid.list -o Dir::Etc::sourceparts=-';
  const update = `apt-get -q update ${only}`;
  const upgrade = `apt-get -qy install uapid ${only} 2>&1`;

  await run('cat > /etc/apt/keyrings/uapid.gpg', otherKey);
  const refused = await attempt(update);
  assert.notEqual(refused.code, 0);
  assert.match(refused.output, /is not signed|NO_PUBKEY|Missing key/i);

  await run('cp /srv/apt/uapid-archive-keyring.gpg /etc/apt/keyrings/uapid.gpg');
  await run(update);
  const kept = 'cd /srv/apt/pool/main/u/uapid && cp *.deb /root/kept.deb';
  await run(
    `${kept} && for deb in *.deb; do dd if=/dev/zero of=$deb bs=1 count=1 seek=5000 conv=notrunc; done`,
  );
  const changed = await attempt(upgrade);
  assert.notEqual(changed.code, 0);
  assert.match(changed.output, /Hash Sum mismatch/i);
  await run('cd /srv/apt/pool/main/u/uapid && for deb in *.deb; do cp /root/kept.deb $deb; done');
  await run(upgrade);
  await run('rm /etc/apt/sources.list.d/uapid.list');
}

/** Every file of the system but its journals, caches and lists of packages. */
async function filesOf({ run: runInside }: BootedDebian): Promise<string[]> {
  const list = await runInside('find / -xdev | sort');
  const own =
    /^\/(var\/(log\/(journal|apt|dpkg|alternatives)|cache|lib\/(apt|dpkg|systemd))|tmp|var\/tmp|root)(\/|\.|$)/;
  return list.split('\n').filter((path) => !own.test(path));
}

test('removed it is stopped and its state stays; purged there is nothing left of it', {
  skip,
  timeout,
}, async (t) => {
  const debian = await bootDebian(t);
  const users = 'cat /etc/passwd /etc/group /etc/shadow /etc/gshadow';
  // The system's own command of a name that the package has as well.
  await debian.run('printf "#!/bin/sh\necho own\n" > /usr/bin/cpapi2; chmod 755 /usr/bin/cpapi2');
  const before = { files: await filesOf(debian), users: await debian.run(users) };
  await install(debian, await thePackage());
  await addAdmin(debian);
  assert.equal((await ask(debian)).status, 1);
  const listed = await debian.run('uapi --user=root Ftp list_sessions');
  assert.match(listed, /^---\napiversion: 3\nfunc: list_sessions\n/);
  assert.equal(await debian.run('cpapi2'), 'own\n');

  await debian.run('apt-get -qy remove uapid 2>&1');
  assert.equal(await property(debian, 'ActiveState'), 'inactive');
  const kept = await debian.run('ls /var/lib/uapid /var/log/uapid /etc/uapid');
  assert.match(kept, /accounts\.json[\s\S]*audit\.log|uapid\.json/);
  for (const gone of ['/usr/lib/uapid', '/usr/bin/uapid', '/usr/bin/uapi', '/run/uapid']) {
    assert.equal((await debian.attempt(`ls -d ${gone}`)).code, 2, gone);
  }
  await install(debian, await thePackage());
  assert.equal((await ask(debian)).status, 1);

  const said = await debian.run('apt-get -qy purge uapid 2>&1');
  assert.doesNotMatch(said, /not empty|warning/i);
  const systemd = await debian.run('find /var/lib/systemd /etc /run -name "*uapid*"');
  assert.equal(systemd, '');
  // The user tools keep one copy of what was there before.
  const isNew = (path: string) =>
    !before.files.includes(path) && !/^\/etc\/(passwd|group|shadow|gshadow)-$/.test(path);
  assert.deepEqual((await filesOf(debian)).filter(isNew), []);
  assert.equal(await debian.run(users), before.users);
  assert.equal(await debian.run('cpapi2'), 'own\n');
});
