import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportLooked } from '../../../src/scanner/looked.ts';
import { lookedLine } from '../../../src/session-log/session-line.ts';
import type { Looked } from '../../../src/sessions/looked-session.ts';
import { ftpSession } from '../../support/app.ts';

/** The lines of what a scanner reports of these sessions, one scan after the other. */
function linesOf(...scans: readonly Parameters<typeof ftpSession>[0][][]) {
  const told: Looked[] = [];
  const report = reportLooked((json) => told.push(JSON.parse(json) as Looked));
  for (const facts of scans) {
    const sessions = facts.map((each) => ftpSession({ daemon: 'proftpd', ...each }));
    report({ sessions, daemons: [{ name: 'proftpd' }] }, true);
  }
  return told.flatMap(({ sessions }) =>
    sessions.map((each) => lookedLine(each, 'begin', () => null)),
  );
}

test('the line of a session that a scan saw tells whether its login was proven, as the last scan has it', () => {
  const proofs = linesOf(
    [
      { pid: 7, isUserProven: false },
      { pid: 8, isUserProven: true },
    ],
    [
      { pid: 7, isUserProven: true },
      { pid: 8, isUserProven: true },
    ],
    [
      { pid: 7, isUserProven: true },
      { pid: 8, isUserProven: false },
    ],
  ).map(({ pid, user_proven: isProven }) => [pid, isProven]);
  assert.deepEqual(proofs, [
    [7, false],
    [8, true],
    [7, true],
    [8, false],
  ]);
});

test('the daemons that run are told to the session log, pure-ftpd among them, whose sessions are not', () => {
  const told: Looked[] = [];
  const report = reportLooked((json) => told.push(JSON.parse(json) as Looked));
  report({ sessions: [ftpSession()], daemons: [{ name: 'pure-ftpd' }] }, true);
  report({ sessions: [ftpSession()], daemons: [{ name: 'pure-ftpd' }] }, true);
  assert.deepEqual(told, [{ daemons: ['pure-ftpd'], sessions: [] }]);
});
