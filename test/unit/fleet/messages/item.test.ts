import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAnswerPart } from '../../../../src/fleet/messages/answer.ts';
import { item } from '../../../../src/fleet/messages/item.ts';
import { withheldWarning } from '../../../../src/session-log/history-warnings.ts';
import { warningCodes } from '../../../../src/sessions/warning.ts';
import { pastSession } from '../agent/past-session.ts';

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

test('a time of a session that was is one that there is, or the whole table of a fleet would have none', () => {
  const at = (text: string) => ({ past: pastSession({ connected_at: text }) });
  assert.ok(item.safeParse(at('2026-02-28T23:59:59.999Z')).success);
  for (const bad of [
    '9999-99-99T99:99:99.999Z',
    '2026-02-30T00:00:00.000Z',
    '2026-02-28T24:00:00.000Z',
    '2026-02-28T00:00:00.000+01:00',
    '+012026-02-28T00:00:00.000Z',
    '',
  ])
    assert.equal(item.safeParse(at(bad)).success, false, bad);
});

test('a version is a word, and no host counts more sessions than a system has processes', () => {
  const isTaken = (more: object) => {
    const digest = 'd'.repeat(43);
    const counts = { sessions: 0, downloads: 0, uploads: 0 };
    const whole = { version: '1', begunAt: 1, scanMs: 1, digest, gaps: [], daemons: [], counts };
    const head = { ...whole, ...more };
    const part = { v: 1, instance: 'i'.repeat(22), head, sessions: [] };
    return parseAnswerPart(Buffer.from(JSON.stringify(part))) !== null;
  };
  for (const version of ['0.1.0', '1.2.3-rc.1+build~7', 'unknown']) assert.ok(isTaken({ version }));
  for (const version of ['', '1\n2', '\x1b[2J', '<b>', 'a'.repeat(65)]) {
    assert.equal(isTaken({ version }), false, version);
  }
  const counts = { sessions: 2 ** 22, downloads: 0, uploads: 0 };
  assert.ok(isTaken({ counts }));
  // Sums over a fleet stay whole numbers.
  assert.equal(isTaken({ counts: { ...counts, downloads: 2 ** 53 - 1 } }), false);
});
