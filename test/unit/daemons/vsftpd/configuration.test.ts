import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { allowsGuests, excludesGuests } from '../../../../src/daemons/vsftpd/configuration.ts';
import { vsftpdProcess } from './processes.ts';

test('a line allows guests unless it says no to them or is about something else', () => {
  for (const line of [
    'guest_enable=YES',
    'guest_enable=1',
    'guest_enable=maybe',
    ' GUEST_ENABLE = yes',
  ]) {
    assert.equal(allowsGuests(line), true, line);
  }
  assert.equal(allowsGuests('user_config_dir=/etc/vsftpd/users'), true);
  for (const line of [
    '',
    '#guest_enable=YES',
    'guest_enable=NO',
    'guest_username=alice',
    'listen=YES',
  ]) {
    assert.equal(allowsGuests(line), false, line);
  }
});

describe('guests', () => {
  /** Later than any change of a file that there is. */
  const later = Date.now() + 3_600_000;
  const listener = (
    argumentsLeft: readonly string[] | undefined,
    startedAtMs: number | null = later,
  ) => vsftpdProcess({ argumentsLeft, startedAtMs });
  /** A file of root's that names no guests. */
  const old = '/etc/passwd';

  test('are ruled out by a file of root’s that has not changed', () => {
    assert.equal(excludesGuests(listener([old])), true);
    assert.equal(excludesGuests(listener([old, '-olisten_port=21'])), true);
  });

  test('are not by a file that cannot be read, lies elsewhere, or is named in two ways', () => {
    for (const path of ['/etc/no-such-file', '/tmp/vsftpd.conf', '/etc/../tmp/x', 'vsftpd.conf']) {
      assert.equal(excludesGuests(listener([path])), false, path);
    }
  });

  test('are not by a file that has changed since the listener began', () => {
    assert.equal(excludesGuests(listener([old], 1)), false);
  });

  test('are not by arguments that are not known, that set them up, or that are no settings', () => {
    for (const args of [
      undefined,
      ['-oguest_enable=YES'],
      ['-ouser_config_dir=/etc/users'],
      ['-x'],
    ]) {
      assert.equal(excludesGuests(listener(args === undefined ? args : [...args, old])), false);
    }
    assert.equal(excludesGuests(listener([old], null)), false);
  });
});
