import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Candidate } from '../../../../src/daemons/driver.ts';
import { parseTitle, setsTitles } from '../../../../src/daemons/vsftpd/title.ts';
import { commandOf, userOf } from '../../../../src/daemons/vsftpd/user.ts';
import { uids, vsftpdProcess } from './processes.ts';

const kindOf = (title: string) => parseTitle(title)?.kind ?? null;

test('a title says what a process is, for IPv4, IPv6 and v4-mapped peers', () => {
  assert.equal(kindOf('vsftpd: LISTENER'), 'master');
  for (const address of ['192.0.2.7', '2001:db8::7', '::ffff:192.0.2.7', '::1']) {
    assert.equal(kindOf(`vsftpd: ${address}: connected`), 'connection');
    assert.equal(kindOf(`vsftpd: ${address}: not logged in`), 'helper');
    assert.equal(kindOf(`vsftpd: ${address}: SSL handler`), 'helper');
    assert.equal(kindOf(`vsftpd: ${address}/alice: IDLE`), 'session');
    assert.equal(kindOf(`vsftpd: ${address}/alice: RETR a b`), 'session');
  }
});

test('no other text is a title', () => {
  for (const title of [
    '',
    'vsftpd',
    '/usr/sbin/vsftpd',
    'vsftpd: ',
    'vsftpd: LISTENER ',
    'vsftpd: somewhere: connected',
    'vsftpd: somewhere/alice: IDLE',
    'xvsftpd: LISTENER',
  ]) {
    assert.equal(kindOf(title), null, title);
    assert.equal(setsTitles(title), false);
  }
  assert.equal(setsTitles('vsftpd: LISTENER'), true);
});

const names = new Map<number, string>([
  [uids.alice, 'alice'],
  [uids.bob, 'bö'],
]);
const nameOf = (uid: number) => names.get(uid) ?? null;

function user(title: string, uid: number = uids.alice): string | null {
  return userOf(titled(title, uid), nameOf);
}

function command(title: string, uid: number = uids.alice): string | null {
  return commandOf(titled(title, uid), user(title, uid));
}

function titled(title: string, uid: number): Candidate {
  return {
    process: vsftpdProcess({ pid: 102, uid, title: `vsftpd: 192.0.2.7/${title}` }),
    parent: null,
    master: null,
    setsTitles: true,
    needsRecord: false,
  };
}

test('the user of a title is all in front of the command, a slash too', () => {
  assert.equal(user('alice: IDLE'), 'alice');
  assert.equal(user('guest@shop.example: STOR a/b.bin'), 'guest@shop.example');
  assert.equal(user('a/b: IDLE'), 'a/b');
});

test('no text of a command or of a file makes another user', () => {
  assert.equal(user('alice: STOR bob: IDLE'), 'alice');
  assert.equal(user('alice: X: Y: Z'), 'alice');
  // Whether it is a guest “guest” or a guest “guest: STOR x” nobody can tell.
  assert.equal(user('guest: STOR x: IDLE'), null);
});

test('a name that the title does not hold as it is, is the system user’s or unknown', () => {
  assert.equal(user('b??: IDLE', uids.bob), 'bö');
  assert.equal(user('b??: IDLE'), null);
  assert.equal(user('alice'), null);
});

test('without titles it is the system user’s name where guests are ruled out, and never else', () => {
  const process = vsftpdProcess({ pid: 102, uid: uids.alice });
  const master = vsftpdProcess({});
  const candidate = { process, parent: null, master, setsTitles: false, needsRecord: false };
  assert.equal(
    userOf(candidate, nameOf, () => true),
    'alice',
  );
  assert.equal(
    userOf(candidate, nameOf, () => false),
    null,
  );
  assert.equal(
    userOf({ ...candidate, master: null }, nameOf, () => true),
    null,
  );
});

test('the command of a title is what stands behind its user, without a secret', () => {
  assert.equal(command('alice: RETR a  b: c'), 'RETR a  b: c');
  assert.equal(command('alice: STOR bob: IDLE'), 'STOR bob: IDLE');
  assert.equal(command('b??: RETR ??', uids.bob), 'RETR ??');
  assert.equal(command('alice: QUIT'), 'QUIT');
  assert.equal(command('alice: IDLE'), null);
  assert.equal(command('alice: PASS secret'), 'PASS');
  // It may be of a guest “guest: STOR x” that waits.
  assert.equal(command('guest: STOR x: IDLE'), null);
  assert.equal(command('alice'), null);
  assert.equal(commandOf({ ...titled('alice: QUIT', uids.alice), setsTitles: false }, null), null);
});
