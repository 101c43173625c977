import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { generatePassword } from '../../../src/accounts/password.ts';
import { addAccount } from '../../support/add-account.ts';
import { runUapid } from '../../support/cli-run.ts';
import { localPair } from '../../support/key-pairs.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { ask } from '../channel/ask.ts';
import { makeState, type ServedUapid, serve } from '../channel/served.ts';
import { keepPair } from '../channel/state.ts';

const skip = needsSandbox();

/** Puts something else into the place of a file. */
const faults: [name: string, spoil: (path: string, good: string) => void][] = [
  ['removed', () => {}],
  ['half written', (path, good) => writeFileSync(path, good.slice(0, good.length / 2))],
  ['emptied', (path) => writeFileSync(path, '')],
  ['full of rubbish', (path) => writeFileSync(path, Buffer.alloc(100_000, 0xfe))],
  ['a pipe', (path) => execFileSync('mkfifo', [path])],
  ['a directory', (path) => mkdirSync(path)],
  ['for everybody to write', (path, good) => put(path, good, () => chmodSync(path, 0o666))],
  ['another user’s', (path, good) => put(path, good, () => chownSync(path, 12_345, 12_345))],
];

function put(path: string, text: string, spoil: () => void): void {
  writeFileSync(path, text, { mode: 0o600 });
  spoil();
}

const complaints = (uapid: ServedUapid, end = /the last good state stays in force$/) =>
  uapid
    .log()
    .map(({ msg }) => String(msg))
    .filter((msg) => end.test(msg));

/** Waits for that many complaints, as the log goes out behind the answers, and takes no more. */
async function areTold(complained: () => string[], count: number, what: string): Promise<void> {
  await until(() => complained().length >= count, { what: `${what} is told of` });
  assert.equal(complained().length, count, `${what}: ${complained().join('\n')}`);
}

interface Scene {
  readonly uapid: ServedUapid;
  readonly asAdmin: () => Promise<number>;
  readonly byToken: () => Promise<number>;
  readonly asDisabled: () => Promise<string>;
}

/** A running server with two accounts, a token and a role that is switched off. */
async function startScene(t: TestContext): Promise<Scene> {
  const { stateDir, password } = makeState(t);
  const uapid = { ...(await serve(t, { stateDir })), password };
  addAccount(stateDir, 'alice', password);
  const { stdout } = await runUapid(['token', 'add', 'alice', '--state-dir', stateDir]);
  const off = await runUapid(['role', 'disable', 'FTP', '--state-dir', stateDir]);
  assert.equal(off.code, 0, off.stderr);
  const byToken = () =>
    ask({ ...uapid, user: 'alice' }, undefined, `cpanel alice:${stdout.trim()}`);
  return {
    uapid,
    asAdmin: async () => (await ask(uapid)).status,
    byToken: async () => (await byToken()).status,
    asDisabled: async () => (await byToken()).body,
  };
}

test('a running server goes on with what it knew, whatever becomes of its files, and says so once', {
  skip,
}, async (t) => {
  const { uapid, asAdmin, byToken, asDisabled } = await startScene(t);
  const isAsBefore = async (what: string) => {
    assert.deepEqual([await asAdmin(), await byToken()], [200, 200], what);
    assert.match(await asDisabled(), /FTP.*disabled|disabled.*FTP|role/i, what);
  };
  await isAsBefore('before');
  let told = 0;
  for (const name of ['accounts.json', 'tokens.json', 'roles.json']) {
    const path = join(uapid.stateDir, name);
    const good = readFileSync(path, 'utf8');
    for (const [fault, spoil] of faults) {
      rmSync(path);
      spoil(path, good);
      for (let time = 0; time < 3; time += 1) await isAsBefore(`${name} ${fault}`);
      told += 1;
      await areTold(() => complaints(uapid), told, `${name} ${fault}`);
      assert.ok(complaints(uapid).at(-1)?.includes(path), complaints(uapid).at(-1));
      rmSync(path, { recursive: true, force: true });
      writeFileSync(path, good, { mode: 0o600 });
      await isAsBefore(`${name} after ${fault}`);
    }
  }
  assert.doesNotMatch(uapid.stderr(), /argon2id|sha256/);
});

test('an account added while the file is gone is refused, and the others come back with it', {
  skip,
}, async (t) => {
  const { uapid, asAdmin, byToken } = await startScene(t);
  const { stateDir, password } = uapid;
  const path = join(stateDir, 'accounts.json');
  const add = () => {
    const args = ['account', 'add', 'bob', '--password-stdin', '--state-dir', stateDir];
    return runUapid(args, { input: `${password}\n` });
  };
  assert.equal(await byToken(), 200);
  rmSync(path);
  const refused = await add();
  assert.deepEqual([refused.code, refused.stdout], [1, '']);
  const hint = `${path} is missing: move ${path}.last to its place, or remove that too to begin anew`;
  assert.equal(refused.stderr, `uapid: ${hint}\n`);
  assert.deepEqual([await asAdmin(), await byToken()], [200, 200]);
  renameSync(`${path}.last`, path);
  assert.equal((await add()).code, 0);
  for (const user of ['admin', 'alice', 'bob']) {
    assert.equal((await ask({ ...uapid, user })).status, 200, user);
  }
});

test('a server whose accounts file was removed does not start as if there had been none', {
  skip,
}, async (t) => {
  const { stateDir } = makeState(t);
  rmSync(join(stateDir, 'accounts.json'));
  const args = ['serve', '--listen', 'http://127.0.0.1:0', '--state-dir', stateDir];
  const { code, stdout, stderr } = await runUapid(args);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /accounts\.json is missing: move/);
});

test('https goes on with its certificate, whatever becomes of the files, and says so once', {
  skip,
}, async (t) => {
  const { stateDir, password } = makeState(t);
  const pair = await localPair();
  keepPair(stateDir, pair);
  const uapid = { ...(await serve(t, { stateDir, scheme: 'https' })), password };
  const stays = /the certificate before stays in use$/;
  let told = 0;
  for (const file of ['key.pem', 'cert.pem']) {
    const path = join(stateDir, 'tls', file);
    const good = readFileSync(path, 'utf8');
    for (const [fault, spoil] of faults.filter(([name]) => !/write$|another/.test(name))) {
      rmSync(path);
      spoil(path, good);
      for (let time = 0; time < 2; time += 1) assert.equal((await ask(uapid)).status, 200, fault);
      told += 1;
      await areTold(() => complaints(uapid, stays), told, `${file} ${fault}`);
      rmSync(path, { recursive: true, force: true });
      writeFileSync(path, good, { mode: 0o600 });
      assert.equal((await ask(uapid)).status, 200, `after ${fault}`);
    }
  }
  assert.doesNotMatch(uapid.stderr(), /PRIVATE KEY/);
});

/** A state directory on a file system of its own of one megabyte. */
function makeSmallDisk(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'uapid-small-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=700', 'tmpfs', folder]);
  t.after(() => {
    execFileSync('umount', ['--lazy', folder]);
    rmSync(folder, { recursive: true });
  });
  return folder;
}

/** Takes all the room that is left; returns what gives it back. */
function fill(folder: string): () => void {
  const path = join(folder, 'filler');
  const file = openSync(path, 'w');
  const { bavail, bsize } = statfsSync(folder);
  for (let block = 0; block < bavail; block += 1) writeSync(file, Buffer.alloc(bsize, 1));
  fsyncSync(file);
  closeSync(file);
  assert.equal(statfsSync(folder).bavail, 0);
  return () => truncateSync(path);
}

test('on a full disk a change fails with a clear error, the old files stay, the server goes on', {
  skip,
}, async (t) => {
  const stateDir = makeSmallDisk(t);
  const password = generatePassword();
  addAccount(stateDir, 'admin', password, { role: 'admin' });
  keepPair(stateDir, await localPair());
  const uapid = { ...(await serve(t, { stateDir, scheme: 'https' })), password };
  const command = (args: string[]) =>
    runUapid([...args, '--state-dir', stateDir], { input: `${password}\n` });
  // A log line that is still to be written must not need the room.
  assert.equal((await ask(uapid)).status, 200);
  const free = fill(stateDir);
  const contents = () =>
    Object.fromEntries(
      [stateDir, join(stateDir, 'tls')].flatMap((folder) =>
        readdirSync(folder, { withFileTypes: true })
          .filter((entry) => entry.isFile() && !/filler|audit|lock$/.test(entry.name))
          .map(({ name }) => [name, readFileSync(join(folder, name), 'latin1')]),
      ),
    );
  const before = contents();
  const changes = [
    ['account', 'add', 'bob', '--password-stdin'],
    ['account', 'passwd', 'admin', '--password-stdin'],
    ['token', 'add', 'admin'],
    ['role', 'disable', 'FTP'],
    ['tls', 'self-signed', '--force'],
  ];
  for (const change of changes) {
    const { code, stdout, stderr } = await command(change);
    assert.deepEqual([code, stdout], [1, ''], change.join(' '));
    assert.match(stderr, /^uapid: \S+ cannot be written \(ENOSPC\); it is as it was\n$/);
    assert.deepEqual(contents(), before, change.join(' '));
    assert.equal((await ask(uapid)).status, 200);
  }
  const wrong = () => ask({ ...uapid, password: 'wrong' });
  for (let time = 0; time < 2; time += 1) assert.equal((await wrong()).status, 401);
  free();
  for (const change of changes) assert.equal((await command(change)).code, 0, change.join(' '));
  assert.equal((await ask({ ...uapid, user: 'bob' })).status, 200);
  const audit = readFileSync(join(stateDir, 'audit.log'), 'utf8');
  assert.match(audit, /account-added.*bob/);
});
