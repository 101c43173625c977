import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createSystemAccounts, faultsOfRules } from '../../../src/accounts/system-accounts.ts';
import { parseSystemUserRule } from '../../../src/os/users/system-user-rule.ts';

const dayMs = 86_400_000;

const passwd = [
  'root:x:0:0::/root:/bin/sh',
  'toor:x:0:0::/root:/bin/sh',
  'daemon:x:1:1::/:/usr/sbin/nologin',
  'alice:x:1000:1000::/home/alice:/bin/sh',
  'bob:x:1001:100::/home/bob:/bin/sh',
  'carol:x:1002:1002::/home/carol:/bin/sh',
  'alice:x:1003:1003::/home/other:/bin/sh',
  'bad name:x:1004:1004::/home/x:/bin/sh',
  'dave:x:5000:5000::/home/dave:/bin/sh',
];
const group = ['users:x:100:', 'web:x:200:dave,carol,root', 'web:x:201:daemon'];
const shadow = [
  'root:$6$a$b:19000:0:99999:7:::',
  'alice:$6$salt$hash:19000:0:99999:7:::',
  'carol:$6$salt$hash:19000:0:90:7::19100:',
];

/** A folder with these files, and what reads the accounts of some rules from it. */
function etc(t: TestContext, rules: string) {
  const folder = mkdtempSync(join(tmpdir(), 'uapid-etc-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, lines: readonly string[]) =>
    writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
  write('passwd', passwd);
  write('group', group);
  write('shadow', shadow);
  const clock = { now: 19_001 * dayMs };
  const problems: string[] = [];
  const accounts = createSystemAccounts({
    rules: rules.split(',').map((text) => {
      const rule = parseSystemUserRule(text);
      assert.ok(!('fault' in rule), text);
      return rule;
    }),
    onProblem: (message) => problems.push(message),
    folder,
    now: () => clock.now,
  });
  const generationOf = (name: string) => accounts().find((each) => each.name === name)?.generation;
  return { folder, write, clock, problems, accounts, generationOf };
}

const namesOf = (accounts: readonly { readonly name: string }[]) =>
  accounts.map(({ name }) => name);

test('accounts are the users of the ranges and groups, also those whose own group it is, and never root', (t) => {
  const { accounts } = etc(t, 'uids:1-1000,group:users,group:web=shop');
  assert.deepEqual(
    accounts().map(({ name, owner }) => [name, owner]),
    [
      ['alice', null],
      ['bob', null],
      ['carol', 'shop'],
      ['daemon', null],
      ['dave', 'shop'],
    ],
  );
});

test('the first rule that names a user says whose it is, and a group that is not there names nobody', (t) => {
  const { accounts } = etc(t, 'group:none=x,uids:1002-1002=first,group:web=second');
  assert.deepEqual(
    accounts().map(({ name, owner }) => [name, owner]),
    [
      ['carol', 'first'],
      ['dave', 'second'],
    ],
  );
});

test('the list is the same until a file or the day is another', (t) => {
  const { accounts, write, clock } = etc(t, 'uids:1000-1999');
  const first = accounts();
  assert.equal(accounts(), first);
  write('passwd', [...passwd, 'erin:x:1009:1009::/home/erin:/bin/sh']);
  assert.deepEqual(namesOf(accounts()), ['alice', 'bob', 'carol', 'erin']);
  const second = accounts();
  clock.now += dayMs;
  assert.notEqual(accounts(), second);
});

test('a new password, a lock and the end of an account or of its password make another generation, of that user alone', (t) => {
  const { generationOf, write, clock } = etc(t, 'uids:1000-1999');
  const seen = new Set([generationOf('alice')]);
  const carols = generationOf('carol');
  for (const line of [
    'alice:$6$salt$other:19000:0:99999:7:::',
    'alice:!$6$salt$other:19000:0:99999:7:::',
    'alice:$6$salt$other:19000:0:99999:7::19000:',
    'alice:$6$salt$other:0:0:99999:7:::',
  ]) {
    write('shadow', [line, ...shadow.slice(2)]);
    const generation = generationOf('alice');
    assert.match(generation ?? '', /^[\w-]{22}$/);
    assert.ok(!seen.has(generation), line);
    seen.add(generation);
    assert.equal(generationOf('carol'), carols);
  }
  // Its password is over after day 19090, it itself from day 19100 on.
  const days = [19_090, 19_091, 19_099, 19_100].map((day) => {
    clock.now = day * dayMs;
    return generationOf('carol');
  });
  assert.equal(days[0], carols);
  assert.notEqual(days[1], days[0]);
  assert.equal(days[2], days[1]);
  assert.notEqual(days[3], days[2]);
});

test('a rule of a group or a reseller that is not there is told', (t) => {
  const { folder } = etc(t, 'uids:1-2');
  const rules = ['uids:1-2', 'group:web=shop', 'group:none=nobody'].map((text) => {
    const rule = parseSystemUserRule(text);
    assert.ok(!('fault' in rule), text);
    return rule;
  });
  assert.deepEqual(
    faultsOfRules(rules, (name) => name === 'shop', join(folder, 'group')),
    [
      '--system-users: this system has no group "none" now',
      '--system-users: there is no reseller "nobody" now, so its users are nobody’s',
    ],
  );
});

test('no hash can be read out of a generation, and no other start makes the same', (t) => {
  const [one, other] = [etc(t, 'uids:1000-1999'), etc(t, 'uids:1000-1999')];
  assert.notEqual(one.generationOf('alice'), other.generationOf('alice'));
});

test('while a file cannot be read the last list stays, and that is told once', (t) => {
  const { accounts, folder, problems } = etc(t, 'uids:1000-1999');
  assert.equal(accounts().length, 3);
  rmSync(join(folder, 'passwd'));
  assert.deepEqual(namesOf(accounts()), ['alice', 'bob', 'carol']);
  accounts();
  assert.equal(problems.length, 1);
  assert.match(problems[0] ?? '', /^the system’s users cannot be read: ENOENT/);
});
