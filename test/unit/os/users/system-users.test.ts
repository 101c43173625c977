import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { createSystemUsers, parsePasswd } from '../../../../src/os/users/system-users.ts';

const noGetent = spawnSync('getent', ['passwd', 'root']).status !== 0 && 'needs getent';
const absent = '/nonexistent/getent';

let dir: string;
let passwd: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'uapid-passwd-'));
  passwd = join(dir, 'passwd');
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Stands in for getent where it has to answer what no real one here does. */
function fakeGetent(script: string): string {
  const path = join(dir, 'getent');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

test('a user of the passwd file has its uid, and a change of the file shows at the next refresh', async () => {
  writeFileSync(passwd, 'root:x:0:0::/root:/bin/sh\nalice:x:1001:1001::/home/alice:/bin/sh\n');
  const users = createSystemUsers(passwd, absent);
  assert.equal(await users.uidOf('alice'), 1001);
  assert.equal(await users.uidOf('root'), 0);
  assert.equal(await users.uidOf('bob'), null);
  users.refresh();
  const before = users.revision();
  users.refresh();
  assert.equal(users.revision(), before, 'nothing has changed');
  writeFileSync(passwd, 'alice:x:2001:1001::/home/alice:/bin/sh\nbob:x:1002:1002:::\n');
  assert.equal(await users.uidOf('alice'), 1001);
  users.refresh();
  assert.ok(users.revision() > before);
  assert.equal(await users.uidOf('alice'), 2001);
  assert.equal(await users.uidOf('bob'), 1002);
  assert.equal(await users.uidOf('root'), null);
  const second = users.revision();
  rmSync(passwd);
  users.refresh();
  assert.ok(users.revision() > second);
  assert.equal(await users.uidOf('alice'), null);
});

test('a passwd file that can be read no more is a change, and so is one that can again', () => {
  writeFileSync(passwd, 'alice:x:1001:1001::/home/alice:/bin/sh\n');
  const users = createSystemUsers(passwd, absent);
  users.refresh();
  const revisions = [users.revision()];
  rmSync(passwd);
  mkdirSync(passwd);
  users.refresh();
  revisions.push(users.revision());
  rmSync(passwd, { recursive: true });
  writeFileSync(passwd, 'alice:x:2001:1001::/home/alice:/bin/sh\n');
  users.refresh();
  revisions.push(users.revision());
  const [first = 0, second = 0, third = 0] = revisions;
  assert.ok(first < second && second < third, revisions.join());
});

test('a passwd file that cannot be read is a failure, not a system without users', async () => {
  mkdirSync(passwd);
  const users = createSystemUsers(passwd, absent);
  users.refresh();
  await assert.rejects(users.uidOf('alice'), { code: 'EISDIR' });
});

test('a user that the passwd file lacks is asked of getent', { skip: noGetent }, async () => {
  const users = createSystemUsers(passwd);
  assert.equal(await users.uidOf('root'), 0);
  assert.equal(await users.uidOf('no-such-user-here'), null);
});

test('a name made of digits is not taken for a uid', { skip: noGetent }, async () => {
  assert.equal(await createSystemUsers(passwd).uidOf('0'), null);
});

test('names are the first of a uid, and a change of the file shows at the next refresh', async () => {
  writeFileSync(passwd, 'alice:x:1001:1001:::\nalias:x:1001:1001:::\nbob:x:1002:1002:::\n');
  const users = createSystemUsers(passwd, absent);
  const namesOf = async (...uids: number[]) => {
    const names = await users.namesOf(uids);
    return uids.map((uid) => names.get(uid));
  };
  assert.deepEqual(await namesOf(1002, 1001, 1003), ['bob', 'alice', undefined]);
  writeFileSync(passwd, 'carol:x:1001:1001:::\n');
  users.refresh();
  assert.deepEqual(await namesOf(1001, 1002), ['carol', undefined]);
});

test('the names that the passwd file lacks are asked of getent at once, and once a minute', async () => {
  writeFileSync(passwd, 'alice:x:1001:1001:::\n');
  const asked = join(dir, 'asked');
  const directory = fakeGetent(
    `echo "$@" >> ${asked}\necho 'dave:x:1004:1004:::'\necho 'root:x:9:9:::'\nexit 2`,
  );
  const users = createSystemUsers(passwd, directory);
  for (let i = 0; i < 3; i += 1) {
    const names = await users.namesOf([1001, 1004, 1005]);
    assert.deepEqual(
      [names.get(1001), names.get(1004), names.get(1005)],
      ['alice', 'dave', undefined],
    );
  }
  assert.equal(readFileSync(asked, 'utf8'), 'passwd -- 1004 1005\n');
});

test('names are without those of a directory that is down, and it is not asked each time', async () => {
  writeFileSync(passwd, 'alice:x:1001:1001:::\n');
  const asked = join(dir, 'asked');
  const users = createSystemUsers(passwd, fakeGetent(`echo "$@" >> ${asked}\nexit 3`));
  for (let i = 0; i < 3; i += 1) {
    const names = await users.namesOf([1001, 1005]);
    assert.deepEqual([names.get(1001), names.get(1005)], ['alice', undefined]);
  }
  assert.equal(readFileSync(asked, 'utf8'), 'passwd -- 1005\n');
});

test('a uid’s name that getent knows is found', { skip: noGetent }, async () => {
  assert.equal((await createSystemUsers(passwd).namesOf([0])).get(0), 'root');
});

test('an option or a name with a colon never reaches getent', async () => {
  const users = createSystemUsers(passwd, fakeGetent('exit 1'));
  for (const name of ['', '-s', '--service=files', 'a:b', 'a\nroot', 'a\0b', '+', 'a/b', ' ']) {
    assert.equal(await users.uidOf(name), null, JSON.stringify(name));
  }
  await assert.rejects(users.uidOf('alice'), /getent/);
});

test('that getent failed is an error and not "no such user"', async () => {
  await assert.rejects(createSystemUsers(passwd, fakeGetent('exit 3')).uidOf('alice'), /getent/);
  const killed = fakeGetent('kill -9 $$');
  await assert.rejects(createSystemUsers(passwd, killed).uidOf('alice'), /SIGKILL/);
});

test('only the entry of the very name that was asked for counts', async () => {
  const users = createSystemUsers(passwd, fakeGetent('echo root:x:0:0:::'));
  assert.equal(await users.uidOf('alice'), null);
  assert.equal(await users.uidOf('root'), 0);
});

test('of any passwd file every good line counts, the first of a name first, whatever is around', () => {
  const name = fc.stringMatching(/^[a-z_][a-z0-9_-]{0,8}$/);
  const uid = fc.integer({ min: 0, max: 0xffff_fffe });
  const junk = fc.constantFrom(
    '',
    '#x',
    '+::::::',
    ':x:1:1',
    'bad',
    'bad:x',
    'bad:x:-1:',
    'bad:x:4294967295:',
    'bad:x:1e3:',
  );
  const entries = fc.array(fc.tuple(name, uid, junk));
  fc.assert(
    fc.property(entries, (list) => {
      const text = list
        .map(([n, u, j]) => `${j}\n${n}:x:${u}:1:gecos:/home/${n}:/bin/sh`)
        .join('\n');
      const expected = new Map([...list].reverse().map(([n, u]) => [n, u]));
      const found = parsePasswd(text);
      assert.deepEqual([...found].sort(), [...expected].sort());
    }),
  );
});
