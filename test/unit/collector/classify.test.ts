import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { classify } from '../../../src/collector/classify.ts';
import { pureFtpdDriver } from '../../../src/daemons/pure-ftpd/driver.ts';
import type { Executable, Process } from '../../../src/os/processes/process-table.ts';

const daemon: Executable = {
  path: '/usr/sbin/pure-ftpd',
  identity: '8:1',
  writableByRootOnly: true,
};
const sleep: Executable = { path: '/usr/bin/sleep', identity: '8:2', writableByRootOnly: true };

function process(change: Partial<Process>): Process {
  return {
    pid: 100,
    parentPid: 1,
    startTime: '1',
    startedAtMs: 0,
    title: 'pure-ftpd (SERVER)',
    uid: 0,
    realUid: 0,
    isWhollyRoot: true,
    name: 'pure-ftpd',
    executablePath: '/usr/sbin/pure-ftpd',
    executable: daemon,
    ...change,
  };
}

const master = process({});
const alices = { uid: 62_001, isWhollyRoot: false };
const session = process({ pid: 101, parentPid: 100, title: 'pure-ftpd (IDLE)', ...alices });

/** What comes out, by pid; a "?" marks a candidate that only its record can prove. */
function sorted(...processes: Process[]) {
  const { masters, candidates } = classify(processes, pureFtpdDriver);
  return {
    masters: masters.map(({ pid }) => pid),
    candidates: candidates.map(({ process: { pid }, needsRecord }) =>
      needsRecord ? `${pid}?` : `${pid}`,
    ),
  };
}

describe('among processes', () => {
  test('a session is the child of a root-owned master, under a session’s title', () => {
    for (const title of ['pure-ftpd (IDLE)', 'pure-ftpd (DOWNLOAD)', 'pure-ftpd (UPLOAD)']) {
      assert.deepEqual(sorted(master, { ...session, title }), {
        masters: [100],
        candidates: ['101'],
      });
    }
  });

  test('the order does not matter', () => {
    assert.deepEqual(sorted(session, master), sorted(master, session));
  });

  test('a helper, a master and a child that has just been forked are none', () => {
    const helper = process({ pid: 102, parentPid: 101, title: 'pure-ftpd (PRIV)' });
    const forked = process({ pid: 104, parentPid: 100 });
    assert.deepEqual(sorted(master, session, helper, forked), {
      masters: [100],
      candidates: ['101'],
    });
    const orphanedHelper = process({ pid: 102, parentPid: 1, title: 'pure-ftpd (PRIV)' });
    assert.deepEqual(sorted(orphanedHelper), { masters: [], candidates: [] });
  });

  test('a child that is root’s may be root’s own session: its record tells', () => {
    const roots = process({ pid: 103, parentPid: 100, title: 'pure-ftpd (IDLE)' });
    assert.deepEqual(sorted(master, roots).candidates, ['103']);
    assert.deepEqual(sorted({ ...roots, parentPid: 1 }).candidates, ['103?']);
  });

  for (const path of ['/usr/sbin/pure-ftpd-virtualchroot', '/opt/ftp/server']) {
    test(`${path} is a daemon, as it calls itself one`, () => {
      const executable = { ...daemon, path };
      const named = { executable, executablePath: path };
      assert.deepEqual(sorted({ ...master, ...named }, { ...session, ...named }), {
        masters: [100],
        candidates: ['101'],
      });
    });
  }

  test('a root process of any name is none without a master’s title', () => {
    const other = { executable: sleep, executablePath: sleep.path };
    assert.deepEqual(sorted(process({ ...other, title: 'sleep' })).masters, []);
    assert.deepEqual(sorted(process({ ...other, title: 'pure-ftpd (IDLE)' })).masters, []);
  });

  test('a child of a PID namespace’s first process counts by its record alone: it adopts orphans', () => {
    const first = { ...master, pid: 1, parentPid: 0 };
    assert.deepEqual(sorted(first, { ...session, parentPid: 1 }), {
      masters: [1],
      candidates: ['101?'],
    });
  });

  test('a session whose executable may not be read is its master’s, whose may be', () => {
    const unreadable = { ...session, executable: null, executablePath: null };
    assert.deepEqual(sorted(master, unreadable).candidates, ['101']);
  });

  test('two daemons each have their own sessions', () => {
    const other = process({ pid: 200 });
    const others = { ...session, pid: 201, parentPid: 200 };
    assert.deepEqual(sorted(master, session, other, others), {
      masters: [100, 200],
      candidates: ['101', '201'],
    });
  });

  test('a daemon whose file was replaced goes on to count', () => {
    const executable = { ...daemon, path: '/usr/sbin/pure-ftpd (deleted)' };
    assert.deepEqual(sorted({ ...master, executable }, { ...session, executable }), {
      masters: [100],
      candidates: ['101'],
    });
  });

  test('an orphan counts by its record alone', () => {
    assert.deepEqual(sorted(master, { ...session, parentPid: 1 }), {
      masters: [100],
      candidates: ['101?'],
    });
  });

  test('a child of a master with another executable counts by its record alone', () => {
    const executable = { ...daemon, identity: '8:99' };
    assert.deepEqual(sorted(master, { ...session, executable }).candidates, ['101?']);
  });

  test('the grandchild of a master counts by its record alone', () => {
    const grandchild = { ...session, pid: 102, parentPid: 101 };
    assert.deepEqual(sorted(master, session, grandchild).candidates, ['101', '102?']);
  });

  test('another program under a session’s title counts by its record alone, whoever its parent is', () => {
    for (const parentPid of [100, 1]) {
      assert.deepEqual(sorted(master, { ...session, parentPid, executable: sleep }), {
        masters: [100],
        candidates: ['101?'],
      });
    }
  });

  test('a copy of the program that a user can write is none', () => {
    const executable = {
      path: '/home/alice/pure-ftpd',
      identity: '8:3',
      writableByRootOnly: false,
    };
    const ownMaster = process({ pid: 200, executable, ...alices });
    const ownSession = { ...session, pid: 201, parentPid: 200, executable };
    const under = { ...session, pid: 202, executable };
    assert.deepEqual(sorted(master, ownMaster, ownSession, under), {
      masters: [100],
      candidates: [],
    });
  });

  test('a user’s process is no master, whatever it says', () => {
    const forged = process({ pid: 200, ...alices });
    const child = { ...session, pid: 201, parentPid: 200 };
    assert.deepEqual(sorted(forged, child), { masters: [], candidates: ['201?'] });
  });

  test('a root process that a user started (set-uid) is no master', () => {
    const forged = process({ pid: 200, isWhollyRoot: false });
    const child = { ...session, pid: 201, parentPid: 200 };
    assert.deepEqual(sorted(forged, child), { masters: [], candidates: ['201?'] });
  });

  describe('whose executables may not be read', () => {
    const unreadable = { executable: null, executablePath: null };
    const blindMaster = { ...master, ...unreadable };
    const blindSession = { ...session, ...unreadable };

    test('a session is the child of a master that is wholly root', () => {
      assert.deepEqual(sorted(blindMaster, blindSession), { masters: [100], candidates: ['101'] });
    });

    for (const isWhollyRoot of [false, null]) {
      test(`a master is none with isWhollyRoot ${isWhollyRoot}`, () => {
        assert.deepEqual(sorted({ ...blindMaster, isWhollyRoot }, blindSession), {
          masters: [],
          candidates: ['101?'],
        });
      });
    }

    test('a process of another title is nothing at all', () => {
      const untitled = { ...blindSession, title: 'sleep' };
      assert.deepEqual(sorted(blindMaster, untitled).candidates, []);
    });

    test('an executable that can be read does not pass for a child of one that cannot', () => {
      assert.deepEqual(sorted(blindMaster, session).candidates, ['101?']);
      assert.deepEqual(sorted(blindMaster, { ...session, executable: sleep }).candidates, ['101?']);
    });
  });

  describe('of a daemon that sets no titles', () => {
    const untitled = { ...master, title: 'pure-ftpd' };
    const child = { ...session, title: 'pure-ftpd' };
    const helper = process({ pid: 102, parentPid: 101, title: 'pure-ftpd' });

    test('a session is a master’s child, and the helper of one is none', () => {
      const { masters, candidates } = classify([untitled, child, helper], pureFtpdDriver);
      assert.deepEqual(
        masters.map(({ pid }) => pid),
        [100],
      );
      assert.deepEqual(candidates, [
        {
          process: child,
          parent: untitled,
          master: untitled,
          setsTitles: false,
          needsRecord: false,
        },
      ]);
    });

    test('an orphan counts by its record alone', () => {
      assert.deepEqual(sorted(untitled, { ...child, parentPid: 1 }).candidates, ['101?']);
    });
  });
});
