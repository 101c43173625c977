import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { classify } from '../../../../src/collector/classify.ts';
import { isProof, proofOf } from '../../../../src/collector/proof.ts';
import { noRecords } from '../../../../src/daemons/no-records.ts';
import { vsftpdDriver } from '../../../../src/daemons/vsftpd/driver.ts';
import type { Process, Residence } from '../../../../src/os/processes/process-table.ts';
import { uids, vsftpdProcess } from './processes.ts';

const { nobody, alice, bob } = uids;

/** What comes out, by pid: masters, what serves connections, and what has logged in; "?" needs a proof. */
function found(...processes: Process[]) {
  const { masters, parents, candidates } = classify(processes, vsftpdDriver);
  return {
    masters: masters.map(({ pid }) => pid),
    connections: [...parents.values()].flatMap(({ process, isMaster }) =>
      isMaster ? [] : process.pid,
    ),
    loggedIn: candidates.flatMap((each) =>
      vsftpdDriver.mayPrecedeLogin(each) ? [] : `${each.process.pid}${each.needsRecord ? '?' : ''}`,
    ),
  };
}

const listener = vsftpdProcess({});
const connection = vsftpdProcess({ pid: 101, parentPid: 100, uid: nobody, isInputSocket: true });
const session = vsftpdProcess({ pid: 102, parentPid: 101, uid: alice, isInputSocket: true });
const handler = vsftpdProcess({ pid: 103, parentPid: 101, uid: nobody, isInputSocket: true });

for (const titled of [true, false]) {
  describe(`the processes of a vsftpd ${titled ? 'by title' : 'without titles'}`, () => {
    const as = (process: Process, title: string) => (titled ? { ...process, title } : process);
    const master = as(listener, 'vsftpd: LISTENER');
    const serving = as(connection, 'vsftpd: 192.0.2.7: connected');
    const tls = as(handler, 'vsftpd: 192.0.2.7: SSL handler');
    const loggedIn = as(session, 'vsftpd: 192.0.2.7/alice: IDLE');

    test('are a session where it is the listener’s grandchild and runs as its user', () => {
      assert.deepEqual(found(master, serving, loggedIn, tls), {
        masters: [100],
        connections: [101],
        loggedIn: ['102'],
      });
    });

    test('are none before the login, under root and under nobody', () => {
      const before = as({ ...connection, uid: 0, realUid: 0 }, 'vsftpd: 192.0.2.7: connected');
      const nobodys = as(handler, 'vsftpd: 192.0.2.7: not logged in');
      const all = found(master, before, nobodys);
      assert.deepEqual(all, { masters: [100], connections: [101], loggedIn: [] });
    });

    test('are a session too where the process above it stays root’s (session_support)', () => {
      const roots = as({ ...connection, uid: 0, realUid: 0 }, 'vsftpd: 192.0.2.7: connected');
      assert.deepEqual(found(master, roots, loggedIn).loggedIn, ['102']);
    });

    test('are a guest’s session under the uid of nobody', () => {
      const guest = as(
        { ...session, uid: nobody, realUid: nobody },
        'vsftpd: 192.0.2.7/guest: IDLE',
      );
      assert.deepEqual(found(master, serving, guest).loggedIn, ['102']);
    });

    test('need a proof once the listener has ended', () => {
      const orphans = found({ ...serving, parentPid: 1 }, loggedIn);
      assert.deepEqual([orphans.masters, orphans.loggedIn], [[], ['102?']]);
    });

    test('have no master under a super-server, and the session is proven by the connection', () => {
      const inetd = vsftpdProcess({ pid: 50, executablePath: '/usr/sbin/inetd', title: 'inetd' });
      const roots = as(
        { ...connection, parentPid: 50, uid: 0, realUid: 0, isWhollyRoot: true },
        'vsftpd: 192.0.2.7: connected',
      );
      const { masters, candidates } = classify([roots, loggedIn], vsftpdDriver, ({ parentPid }) =>
        parentPid === 50 ? inetd : null,
      );
      assert.deepEqual(masters, []);
      assert.deepEqual(
        candidates.map(({ process, needsRecord }) => [process.pid, needsRecord]),
        [[102, false]],
      );
    });

    test('alone for a connection (one_process_model) say by title alone that they have logged in', () => {
      const alone = as({ ...session, parentPid: 100 }, 'vsftpd: 192.0.2.7/ftp: IDLE');
      const all = found(master, alone);
      assert.deepEqual(all, {
        masters: [100],
        connections: [],
        loggedIn: titled ? ['102'] : [],
      });
    });
  });
}

describe('without a listener', () => {
  function isProven(
    process: Process,
    parent: Process | null,
    where: Residence = 'here',
    root: string | null = '/run/vsftpd/empty',
  ) {
    const finding = proofOf(process, {
      table: { residenceOf: () => where, files: { rootOf: () => root } },
      records: noRecords,
      isParent: () => false,
      driver: vsftpdDriver,
      parentOf: () => parent,
    });
    return isProof(finding);
  }
  const orphaned = { ...connection, parentPid: 1 };

  test('a session is proven by a process of nobody’s or root’s above it', () => {
    assert.equal(isProven(session, orphaned), true);
    assert.equal(isProven(session, { ...orphaned, uid: 0, realUid: 0 }, 'here', '/'), true);
  });

  test('but not by one of nobody’s that root has not confined to a directory', () => {
    assert.equal(isProven(session, orphaned, 'here', '/'), false);
    assert.equal(isProven(session, orphaned, 'here', null), false);
  });

  test('one of an ordinary user’s is not, whoever is above it', () => {
    assert.equal(isProven(session, null), false);
    for (const uid of [alice, bob]) {
      assert.equal(isProven(session, { ...orphaned, uid, realUid: uid }), false);
    }
  });

  test('nor is one below a set-uid program, another program, or in another user namespace', () => {
    assert.equal(isProven(session, { ...orphaned, uid: 0, realUid: alice }), false);
    assert.equal(isProven(session, { ...orphaned, executablePath: '/bin/sh' }), false);
    assert.equal(isProven(session, orphaned, 'other-user-namespace'), false);
    assert.equal(isProven(session, orphaned, 'other-container'), false);
  });
});
