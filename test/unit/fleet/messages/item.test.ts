import assert from 'node:assert/strict';
import { test } from 'node:test';
import { item } from '../../../../src/fleet/messages/item.ts';
import { withheldWarning } from '../../../../src/session-log/history-warnings.ts';
import { warningCodes } from '../../../../src/sessions/warning.ts';

const takes = (code: string) => item.safeParse({ warning: { code, text: 'A word.' } }).success;

test('a gateway takes whatever a session log says of itself, and nothing as of something else', () => {
  assert.ok(item.safeParse({ warning: withheldWarning }).success);
  const own = Object.keys(warningCodes).filter((code) => code.startsWith('history-'));
  assert.ok(own.length > 0);
  assert.deepEqual(
    own.filter((code) => !takes(code)),
    [],
  );
  assert.ok(takes('history-of-a-newer-host'));
  for (const code of ['server-absent', 'history-', 'history-A', 'x', `history-${'a'.repeat(80)}`]) {
    assert.equal(takes(code), false, code);
  }
});

test('names of daemons, system users and accounts are one line of text each', () => {
  const daemon = (name: string) => ({ daemon: { name, pid: 1, ports: null } });
  const gap = (more: object) => ({ gap: { cause: 'daemon-failed', ownerUid: null, ...more } });
  const isTaken = (value: object) => item.safeParse(value).success;
  for (const each of [
    daemon('pure-ftpd'),
    gap({ daemon: 'vsftpd' }),
    gap({ systemUser: 'müller' }),
  ])
    assert.ok(isTaken(each), JSON.stringify(each));
  for (const bad of ['a\nb', '\x1b[2J', '\u202e', '\u2028', '', 'a'.repeat(257)]) {
    for (const each of [
      daemon(bad),
      gap({ daemon: bad }),
      gap({ systemUser: bad }),
      gap({ account: bad }),
    ])
      assert.equal(isTaken(each), false, JSON.stringify(each));
  }
});
