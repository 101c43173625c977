import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openAccountStore } from '../../../src/accounts/account-store.ts';
import { startServe } from '../../support/cli-run.ts';
import { runCommand } from '../../support/command-run.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { users } from '../../support/users.ts';

const skip = needsSandbox();

/** The sandbox's own list of users, with further names of uids that there are. */
function addNames(t: TestContext): void {
  const before = readFileSync('/etc/passwd', 'utf8');
  t.after(() => writeFileSync('/etc/passwd', before));
  appendFileSync('/etc/passwd', `alias:x:${users.alice.uid}:0::/:/bin/false\n`);
  appendFileSync('/etc/passwd', 'toor:x:0:0::/:/bin/false\n');
}

function openState(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'uapid-uids-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const env = { UAPID_STATE_DIR: dir };
  const add = (name: string, ...args: string[]) =>
    runCommand(['account', 'add', name, '--generate-password', ...args], { env });
  return { dir, env, add };
}

test('accounts of different owners on one uid are warned of when added and at the start', {
  skip,
}, async (t) => {
  addNames(t);
  const { env, add } = openState(t);
  const warnings = async (name: string, ...args: string[]) => {
    const { code, stderr } = await add(name, ...args);
    assert.equal(code, 0, stderr);
    return stderr.split('\n').filter((line) => line.includes('warning'));
  };
  assert.deepEqual(await warnings('alice'), []);
  assert.deepEqual(await warnings('bob'), []);
  const { uid } = users.alice;
  assert.deepEqual(await warnings('shop', '--system-user', 'alias'), [
    `uapid: warning: shop has the uid ${uid} in common with alice: they see and end each other’s FTP sessions. Give each account a system user of its own (--system-user)`,
  ]);
  // A reseller and its accounts are one owner.
  assert.deepEqual(await warnings('rita', '--role', 'reseller', '--system-user', 'carol'), []);
  for (const name of ['one', 'two']) {
    assert.deepEqual(await warnings(name, '--owner', 'rita', '--system-user', 'carol'), []);
  }
  const server = await startServe(['--listen', 'http://127.0.0.1:0', '--log-level', 'warn'], env);
  t.after(() => server.stop());
  const said = server
    .stdout()
    .split('\n')
    .filter((line) => line.includes('shared by'));
  assert.deepEqual(said, [
    `Warning: 1 uid is shared by accounts of different owners, which see and end each other’s FTP sessions (${uid}: alice, shop).`,
  ]);
});

test('an account stands for root, under whatever name, only when that is meant, and the start says so', {
  skip,
}, async (t) => {
  addNames(t);
  const { dir, env, add } = openState(t);
  const refused: [name: string, ...args: string[]][] = [
    ['web', '--system-user', 'root'],
    ['web', '--system-user', 'toor'],
    ['root'],
    ['toor', '--role', 'reseller'],
  ];
  for (const args of refused) {
    const { code, stdout, stderr } = await add(...args);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    assert.match(stderr, /^uapid: (root|toor) is root \(uid 0\), .*--yes-root[^\n]*\n$/);
  }
  assert.deepEqual(openAccountStore(dir).list(), []);
  assert.equal((await add('web', '--system-user', 'toor', '--yes-root')).code, 0);
  const server = await startServe(['--listen', 'http://127.0.0.1:0', '--log-level', 'warn'], env);
  t.after(() => server.stop());
  assert.match(server.stdout(), /^Warning: web stands for root \(uid 0\)\.$/m);
});
