import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classify } from '../../../../src/collector/classify.ts';
import { proftpdDriver as driver } from '../../../../src/daemons/proftpd/driver.ts';
import type { SessionRecord } from '../../../../src/daemons/proftpd/record.ts';
import { entryLayouts, parseEntry } from '../../../../src/daemons/proftpd/scoreboard-entry.ts';
import type { Process } from '../../../../src/os/processes/process-table.ts';
import { entryBytes } from '../../../support/proftpd/entry-bytes.ts';

const alice = 62_001;
const daemonUser = 62_100;
const path = '/usr/sbin/proftpd';

function proftpd(change: Partial<Process>): Process {
  const uid = change.uid ?? 0;
  return {
    pid: 100,
    parentPid: 1,
    startTime: '1',
    startedAtMs: 0,
    title: path,
    uid,
    realUid: uid,
    isWhollyRoot: uid === 0 && (change.realUid ?? 0) === 0,
    name: 'proftpd',
    executablePath: path,
    executable: { path, identity: '8:1', writableByRootOnly: true },
    ...change,
  };
}

const masterTitle = 'proftpd: (accepting connections)';

test('a master whose effective uid is not 0 counts by its real one, a user’s own does not', () => {
  const master = proftpd({ title: masterTitle, uid: daemonUser, realUid: 0 });
  const session = (pid: number, uid: number, realUid: number, title: string) =>
    proftpd({ pid, parentPid: 100, uid, realUid, title });
  const { masters, candidates } = classify(
    [
      master,
      session(101, daemonUser, 0, 'proftpd: connected: 192.0.2.7 (192.0.2.7:5)'),
      session(102, alice, alice, 'proftpd: alice - 192.0.2.7: IDLE'),
      session(103, alice, 0, 'proftpd: alice - 192.0.2.7: RETR f'),
      session(104, daemonUser, 0, 'proftpd: (listening for SNMP packets)'),
    ],
    driver,
  );
  assert.deepEqual(
    masters.map(({ pid }) => pid),
    [100],
  );
  const told = candidates.map((each) => [each.process.pid, driver.mayPrecedeLogin(each)]);
  assert.deepEqual(told, [
    [101, true],
    [102, false],
    // Its effective uid is nobody else's, but before a login the daemon can be root for a moment.
    [103, true],
  ]);
  const users = proftpd({ title: masterTitle, uid: alice });
  assert.deepEqual(classify([users], driver).masters, []);
});

test('a login is told by the record alone: by the name, and by a command behind it', () => {
  const recorded = (text: Parameters<typeof entryBytes>[0]) => {
    const [layout] = entryLayouts;
    const entry = layout === undefined ? null : parseEntry(entryBytes(text), layout);
    assert.ok(entry);
    return driver.loginOf({
      kind: 'entry',
      entry,
      isOwn: true,
      isSettled: true,
      isStillSame: () => true,
      scoreboard: 4,
      remotePort: null,
      listsSftp: false,
    });
  };
  assert.equal(recorded({ user: '(none)', command: '' }), 'before');
  // In the midst of a login.
  assert.equal(recorded({ command: '' }), 'before');
  assert.equal(recorded({}), 'after');
  const missing = (login: 'before' | 'unknown'): SessionRecord => ({ kind: 'missing', login });
  assert.equal(driver.loginOf(missing('before')), 'before');
  assert.equal(driver.loginOf(missing('unknown')), 'unknown');
});

test('a program looks like ProFTPD by the name of its file, or by its own where that cannot be read', () => {
  const looks = (executablePath: string | null, name = 'x') =>
    driver.looksLike({ executablePath, name });
  for (const known of ['/usr/sbin/proftpd', '/a/in.proftpd', '/usr/sbin/proftpd (deleted)']) {
    assert.ok(looks(known), known);
  }
  assert.ok(looks(null, 'in.proftpd'));
  for (const other of ['/usr/sbin/proftpd2', '/usr/bin/ftpwho', '/tmp/proftpd/x']) {
    assert.ok(!looks(other, 'proftpd'), other);
  }
});
