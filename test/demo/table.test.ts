import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldSentences, sessionTable } from './table.ts';

const row = {
  cmdline: 'pure-ftpd (DOWNLOAD)',
  file: 'a.bin',
  host: '127.0.0.1',
  login: 'Tue Apr 23 16:23:23 2020',
  pid: 7,
  status: 'DL',
  user: 'alice',
};

test('shows a session below its headings and the warnings below the sessions', () => {
  assert.deepEqual(sessionTable([row], ['Something is hidden.']), [
    'PID  USER   HOST       STATUS  LOGIN                     FILE   CMDLINE',
    '7    alice  127.0.0.1  DL      Tue Apr 23 16:23:23 2020  a.bin  pure-ftpd (DOWNLOAD)',
    'Warning: Something is hidden.',
  ]);
});

test('says that there is no session', () => {
  assert.deepEqual(sessionTable([], null), ['No sessions.']);
});

test('never hands a control character of a file name to the terminal', () => {
  const lines = sessionTable([{ ...row, file: 'a\x1b[2J\nb\u202e' }], ['\x07']);
  assert.match(lines[1] ?? '', / a\?\[2J\?b\? /);
  assert.equal(lines[2], 'Warning: ?');
});

test('a row that is too long for the terminal is cut, and a sentence goes on below', () => {
  assert.deepEqual(foldSentences(['web1  alice  a.bin', 'The server is missing.', 'Well.'], 12), [
    'web1  alice ',
    'The server',
    'is missing.',
    'Well.',
  ]);
});
