import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classify } from '../../../src/collector/classify.ts';
import { daemonDescriptions } from '../../../src/daemons/descriptions.ts';
import type { DaemonDriver } from '../../../src/daemons/driver.ts';
import { gapCauses } from '../../../src/daemons/gap-text.ts';
import { daemonDrivers } from '../../../src/daemons/index.ts';
import type { Process, ProcessFiles } from '../../../src/os/processes/process-table.ts';
import { vsftpdSketch } from '../../support/sketches/vsftpd.ts';

const nobody = 65_534;
const alice = 62_001;

function of(path: string, change: Partial<Process>): Process {
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
    name: path.slice(path.lastIndexOf('/') + 1),
    executablePath: path,
    executable: { path, identity: '8:1', writableByRootOnly: true },
    ...change,
  };
}

function found(driver: DaemonDriver, ...processes: Process[]) {
  const { masters, candidates } = classify(processes, driver);
  return {
    masters: masters.map(({ pid }) => pid),
    loggedIn: candidates.flatMap((each) =>
      driver.mayPrecedeLogin(each) ? [] : [`${each.process.pid}${each.needsRecord ? '?' : ''}`],
    ),
  };
}

test('every daemon of the one list is in the other, under names and causes of its own', () => {
  assert.deepEqual(
    daemonDrivers.map(({ description }) => description),
    daemonDescriptions,
  );
  const names = daemonDescriptions.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  const own = daemonDescriptions.flatMap(({ gaps }) => Object.keys(gaps));
  assert.equal(new Set(own).size, own.length);
  assert.ok(own.every((cause) => gapCauses.includes(cause)));
});

for (const titled of [true, false]) {
  const titles = (title: string) => (titled ? title : '/usr/sbin/vsftpd');
  test(`a session that is the master’s grandchild is found ${titled ? 'by title' : 'without titles, by its place'}`, () => {
    const vsftpd = (change: Partial<Process>) => of('/usr/sbin/vsftpd', change);
    const master = vsftpd({ title: titles('vsftpd: LISTENER') });
    const connection = vsftpd({
      pid: 101,
      parentPid: 100,
      uid: nobody,
      title: titles('vsftpd: 192.0.2.7: connected'),
    });
    const session = vsftpd({
      pid: 102,
      parentPid: 101,
      uid: alice,
      title: titles('vsftpd: 192.0.2.7/alice: IDLE'),
    });
    const handler = vsftpd({
      pid: 103,
      parentPid: 101,
      uid: nobody,
      title: titles('vsftpd: 192.0.2.7: SSL handler'),
    });
    const all = found(vsftpdSketch, master, connection, session, handler);
    assert.deepEqual(all, { masters: [100], loggedIn: ['102'] });
    const orphans = found(vsftpdSketch, connection, { ...session, parentPid: 1 });
    assert.deepEqual(orphans.masters, []);
    assert.ok(orphans.loggedIn.every((pid) => pid.endsWith('?')));
  });
}

test('a peer in the network namespace of the process above a session is asked for there', () => {
  const parent = of('/usr/sbin/vsftpd', { pid: 101, uid: nobody });
  const process = of('/usr/sbin/vsftpd', { pid: 102, parentPid: 101, uid: alice });
  // A FAKE of open files: a network namespace of a session's own needs the real daemon.
  const files = {
    tcpSockets: ({ pid }: { readonly pid: number }) =>
      pid === 101
        ? [{ fd: 0, listening: false, localPort: 21, remoteAddress: '192.0.2.7', remotePort: 5 }]
        : [],
  } as unknown as ProcessFiles;
  const candidate = { process, parent, setsTitles: true, needsRecord: false };
  const { session } = vsftpdSketch.observe(candidate, null, files);
  assert.equal(session?.remoteAddress, '192.0.2.7');
});
