import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportLooked } from '../../../src/scanner/looked.ts';
import type { LogLine } from '../../../src/session-log/log-line.ts';
import { createLookedSessions } from '../../../src/session-log/looked-sessions.ts';
import { lookedLine } from '../../../src/session-log/session-line.ts';
import { createTransfers } from '../../../src/session-log/transfers.ts';
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

test('what a later scan knows of a session is told, and what an earlier one knew is not lost with its connection', () => {
  const peer = { remoteAddress: '192.0.2.7', remotePort: 40_000 };
  const none = { remoteAddress: null, remotePort: null };
  const told = linesOf(
    [{ pid: 7, ...none, ownerUid: 65_534 }],
    [{ pid: 7, ...peer, ownerUid: 65_534 }],
    [{ pid: 7, ...peer, ownerUid: 1001 }],
    [{ pid: 7, ...peer, ownerUid: 1001 }],
  );
  assert.deepEqual(
    told.map(({ address, port, owner, why }) => [address, port, owner, why['port'] ?? null]),
    [
      [null, null, 65_534, 'not-in-record'],
      ['192.0.2.7', 40_000, 65_534, null],
      ['192.0.2.7', 40_000, 1001, null],
    ],
  );
  const written: LogLine[] = [];
  const looked = createLookedSessions({
    procRoot: '/proc',
    writesBegin: false,
    nameOf: () => null,
    write: (line) => written.push(line),
    transfers: createTransfers('/proc'),
    whenNamed: () => {},
  });
  const session = ftpSession({ daemon: 'vsftpd', pid: 1, startTime: '0', ownerUid: 1001, ...peer });
  looked.add([session]);
  looked.add([{ ...session, ...none, ownerUid: null, seen: 'events' }]);
  // Another session of that pid: this one is over.
  looked.add([{ ...session, startTime: '1' }]);
  looked.close();
  const [line] = written;
  assert.deepEqual(line?.event === 'session' && [line.address, line.port, line.owner], [
    '192.0.2.7',
    40_000,
    1001,
  ]);
});

test('the daemons that run are told to the session log, pure-ftpd among them, whose sessions are not', () => {
  const told: Looked[] = [];
  const report = reportLooked((json) => told.push(JSON.parse(json) as Looked));
  report({ sessions: [ftpSession()], daemons: [{ name: 'pure-ftpd' }] }, true);
  report({ sessions: [ftpSession()], daemons: [{ name: 'pure-ftpd' }] }, true);
  assert.deepEqual(told, [{ daemons: ['pure-ftpd'], sessions: [] }]);
});
