import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  loginTitle,
  parseSessionTitle,
  parseUnrecordedTitle,
  roleOf,
  type TitleAnchor,
} from '../../../../src/daemons/proftpd/title.ts';

const client = '192.0.2.7';
const anchor = (user: string, command = 'idle', argument = ''): TitleAnchor => ({
  user,
  clientName: client,
  command,
  argument,
});

test('a process is what its whole title says, whatever a user is named', () => {
  assert.equal(roleOf('proftpd: (accepting connections)'), 'master');
  assert.equal(roleOf('proftpd: (listening for SNMP packets)'), 'helper');
  for (const title of [
    'proftpd: processing connection',
    'proftpd: connected: 192.0.2.7 (192.0.2.7:4000)',
    'proftpd: (accepting connections) - 192.0.2.7: IDLE',
    'proftpd: (listening for SNMP packets) - 192.0.2.7: IDLE',
    'proftpd: ali',
  ]) {
    assert.equal(roleOf(title), 'session', title);
  }
  for (const title of ['', 'pro', 'proftpd', '/usr/sbin/proftpd -n', 'pure-ftpd (IDLE)']) {
    assert.equal(roleOf(title), null, title);
  }
});

test('a title before the login is told from others, so that its connection is nobody’s', () => {
  for (const title of [
    'connected: 192.0.2.7 (192.0.2.7:4000)',
    'connected: host.example (2001:db8::7:4000)',
    '192.0.2.7:4000: USER alice',
    '2001:db8::7:4000: PASS (hidden)',
  ]) {
    assert.equal(loginTitle(`proftpd: ${title}`), 'before', title);
  }
  for (const title of ['alice - 192.0.2.7: IDLE', 'processing connection', 'connected: x']) {
    assert.equal(loginTitle(`proftpd: ${title}`), 'unknown', title);
  }
});

describe('the title of a session', () => {
  const parse = (title: string, record: TitleAnchor) =>
    parseSessionTitle(`proftpd: ${title}`, record);

  test('gives user, command and argument', () => {
    assert.deepEqual(parse(`alice - ${client}: IDLE`, anchor('alice')), {
      user: 'alice',
      command: 'IDLE',
      argument: '',
    });
    assert.deepEqual(parse(`alice - ${client}: RETR a b: c - d`, anchor('alice', 'RETR', 'a b')), {
      user: 'alice',
      command: 'RETR',
      argument: 'a b: c - d',
    });
  });

  test('gives the whole of a name that the record has cut', () => {
    const long = `${'u'.repeat(40)}@shop.example`;
    const found = parse(`${long} - ${client}: IDLE`, anchor(long.slice(0, 31)));
    assert.equal(found?.user, long);
  });

  test('is read by the record where a name looks like a title', () => {
    const name = `x - ${client}`;
    assert.equal(parse(`${name} - ${client}: IDLE`, anchor(name))?.user, name);
    const idle = `x - ${client}: IDLE`;
    assert.equal(parse(`${idle} - ${client}: IDLE`, anchor(idle))?.user, idle);
    const retr = `x - ${client}: RETR secret`;
    assert.deepEqual(parse(`${retr} - ${client}: STOR up`, anchor(retr, 'STOR', 'up')), {
      user: retr,
      command: 'STOR',
      argument: 'up',
    });
  });

  test('never gives a name that another user’s longer one begins with', () => {
    const victim = 'v'.repeat(31);
    const forged = `${victim} - ${client}: IDLE`;
    assert.equal(parse(`${forged} - ${client}: IDLE`, anchor(victim)), null);
    const file = `a - ${client}: RETR a`;
    const title = `${victim} - ${client}: RETR ${file} - ${client}: RETR ${file}`;
    assert.equal(parse(title, anchor(victim, 'RETR', 'a')), null);
  });

  test('never gives a name that a client has put into an argument, whatever it sends then', () => {
    const own = 'customer.with.long.name@own.example';
    const file = `x@shop.example - ${client}: STAT`;
    const record = (command: string, argument: string) =>
      anchor(own.slice(0, 31), command, argument);
    // An answer in the midst of a transfer leaves its command in the record.
    for (const [title, command, argument] of [
      [`STOR ${file}`, 'STAT', ''],
      [`STOR ${file}`, 'STOR', file],
      [`XSHA1 x@shop.example - ${client}: IDLE`, 'idle', ''],
    ] as const) {
      const found = parse(`${own} - ${client}: ${title}`, record(command, argument));
      assert.equal(found, null, title);
    }
    // A name that was not cut ends where the record says.
    const short = parse(`bob - ${client}: STOR ${file}`, anchor('bob', 'STAT', ''));
    assert.deepEqual([short?.user, short?.command], ['bob', 'STOR']);
  });

  test('tells nothing where it was cut, is terse, or is another session’s', () => {
    const record = anchor('alice', 'RETR', 'file');
    for (const title of [
      `alice - ${client}`,
      'ali',
      'processing connection',
      `bob - ${client}: IDLE`,
    ]) {
      assert.equal(parse(title, record), null, title);
    }
  });

  test('has the command behind what an anonymous client typed', () => {
    const typed = `anonymous/a - ${client}: STOR b: IDLE`;
    assert.deepEqual(parse(`ftp - ${client}: ${typed}: RETR f`, anchor('ftp', 'RETR', 'f')), {
      user: 'ftp',
      command: 'RETR',
      argument: 'f',
    });
    assert.equal(parse(`ftp - ${client}: ${typed}: IDLE`, anchor('ftp'))?.command, 'IDLE');
    // What the record has of an answer can be what the client typed.
    const title = `ftp - ${client}: anonymous/x: STAT y: RETR f`;
    assert.equal(parse(title, anchor('ftp', 'STAT', '')), null);
  });

  test('is read without a record where there is one way to', () => {
    const unrecorded = (title: string) => parseUnrecordedTitle(`proftpd: ${title}`, client);
    const named = { user: 'alice', command: 'RETR', argument: 'a: b' };
    assert.deepEqual(unrecorded(`alice - ${client}: RETR a: b`), named);
    assert.deepEqual(unrecorded('alice - host.example: RETR a: b'), named);
    assert.equal(unrecorded(`x - ${client}: IDLE - ${client}: IDLE`), null);
    assert.equal(unrecorded('processing connection'), null);
    const ofIpv6 = parseUnrecordedTitle('proftpd: alice - 2001:db8::7: IDLE', '2001:db8::7');
    assert.equal(ofIpv6?.user, 'alice');
  });
});
