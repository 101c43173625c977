import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { projectRoot } from '../../support/debian-packages.ts';
import { needsSandbox } from '../../support/sandbox.ts';

/* Keys of a real gpg and packages with nothing in them; that apt takes the repository is in debian-life. */

const skip = needsSandbox();
// Short: gpg's agent listens on sockets in it.
const work = mkdtempSync(join(tmpdir(), 'apt-'));
const homes = { own: join(work, 'own'), other: join(work, 'other') };
const address = 'packages@hoster.example';
after(() => {
  for (const GNUPGHOME of Object.values(homes)) {
    spawnSync('gpgconf', ['--kill', 'all'], { env: { ...process.env, GNUPGHOME } });
  }
  rmSync(work, { recursive: true });
});

function gpg(home: string, ...args: string[]): string {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const options = ['--batch', '--passphrase', '', ...args];
  return execFileSync('gpg', options, {
    env: { ...process.env, GNUPGHOME: home },
    encoding: 'latin1',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Makes a key, and gives its fingerprint. */
function newKey(home: string, user: string): string {
  gpg(home, '--quick-generate-key', user, 'ed25519', 'sign', 'never');
  return primaryKeys(gpg(home, '--with-colons', '--list-secret-keys', user))[0] ?? '';
}

/** The fingerprints of the primary keys that a list with colons has (gnupg's doc/DETAILS). */
const primaryKeys = (list: string) =>
  Array.from(
    list.matchAll(/^(?:pub|sec):.*\n(?:grp.*\n)?fpr:+(\w+):/gm),
    ([, print = '']) => print,
  );

function makePackage(version: string, content: string): string {
  const root = join(work, 'package');
  rmSync(root, { recursive: true, force: true });
  mkdirSync(join(root, 'DEBIAN'), { recursive: true });
  writeFileSync(join(root, 'content'), content);
  const control = `Package: uapid\nVersion: ${version}\nArchitecture: amd64\nMaintainer: A <a@b.example>\nDescription: none\n`;
  writeFileSync(join(root, 'DEBIAN/control'), control);
  const file = join(work, `uapid_${version}_amd64.deb`);
  execFileSync('dpkg-deb', ['--root-owner-group', '-Znone', '--build', root, file], {
    // The same content makes the same bytes.
    env: { ...process.env, SOURCE_DATE_EPOCH: '1790000000' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return file;
}

const folder = join(work, 'repository');
const make = (key: string, ...packages: string[]) =>
  spawnSync(join(projectRoot(), 'packaging/debian/repository'), [folder, key, ...packages], {
    env: { ...process.env, GNUPGHOME: homes.own },
    encoding: 'utf8',
  });
const published = (path: string) => join(folder, path);

test('the keyring of a repository has the key that signs and no other, though others have its address', {
  skip,
}, () => {
  const own = newKey(homes.own, address);
  newKey(homes.other, `Somebody else <${address}>`);
  const foreign = join(work, 'foreign.gpg');
  gpg(homes.other, '--export', '--output', foreign);
  gpg(homes.own, '--import', foreign);
  const made = make(address, makePackage('1', 'first'));
  assert.equal(made.status, 0, made.stderr);
  const keyring = published('uapid-archive-keyring.gpg');
  assert.deepEqual(primaryKeys(gpg(homes.other, '--with-colons', '--show-keys', keyring)), [own]);
  gpg(homes.own, '--verify', published('dists/stable/InRelease'));

  const second = newKey(homes.own, `The second <${address}>`);
  const refused = make(address, makePackage('2', 'second'));
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /several secret keys .*name one by its fingerprint/);
  for (const each of [own, second]) assert.ok(refused.stderr.includes(each));
  assert.equal(make('nobody@hoster.example', makePackage('2', 'second')).status, 1);

  // Another content of a version that hosts may have is refused before anything changes.
  const index = () => readFileSync(published('dists/stable/main/binary-amd64/Packages'), 'utf8');
  const before = index();
  const changed = make(own, makePackage('2', 'second'), makePackage('1', 'another'));
  assert.equal(changed.status, 1);
  assert.match(changed.stderr, /uapid_1_amd64\.deb is there with another content/);
  assert.equal(index(), before);
  const added = make(own, makePackage('2', 'second'), makePackage('1', 'first'));
  assert.equal(added.status, 0, added.stderr);
  assert.match(index(), /^Version: 1$[\s\S]*^Version: 2$/m);
  gpg(homes.own, '--verify', published('dists/stable/InRelease'));
  assert.deepEqual(readdirSync(folder).toSorted(), ['dists', 'pool', 'uapid-archive-keyring.gpg']);
});
