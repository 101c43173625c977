import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noDetails, readDetails } from '../../../src/collector/details.ts';
import type { ProcessFiles } from '../../../src/os/processes/process-table.ts';
import { ftpSession } from '../../support/app.ts';

/** Reads by a FAKE of the process table, as the kernel's words have to be forced. */
async function told(root: string | null, directory: string | null, isAlive = true) {
  const session = ftpSession({ pid: 7 });
  const files: Partial<ProcessFiles> = {
    rootOf: () => root,
    directoryOf: () => directory,
    closingConnections: () => [],
  };
  const living = async () => new Set(isAlive ? [session.pid] : []);
  const [read] = await readDetails([session], { files: files as ProcessFiles, living });
  return read?.directory;
}

test('a directory is told from the root directory of its session on', async () => {
  assert.equal(await told('/', '/home/alice/é "x"'), '/home/alice/é "x"');
  assert.equal(await told('/', '/'), '/');
  assert.equal(await told('/home/alice', '/home/alice'), '/');
  assert.equal(await told('/home/alice', '/home/alice/a/b'), '/a/b');
});

test('nothing is told of what lies elsewhere, was removed, may not be read or is another process’ by now', async () => {
  assert.equal(await told('/home/alice', '/home/alice2/a'), null);
  assert.equal(await told('/home/alice', '/'), null);
  assert.equal(await told('/', '(unreachable)/a'), null);
  assert.equal(await told('/', '/home/alice/gone (deleted)'), null);
  assert.equal(await told('/home/alice (deleted)', '/home/alice (deleted)/a'), null);
  assert.equal(await told('/', null), null);
  assert.equal(await told(null, '/home/alice'), null);
  assert.equal(await told('/', '/home/alice', false), null);
  const sessions = [ftpSession(), ftpSession({ pid: 8 })];
  const none = { files: null, living: async () => new Set<number>() };
  assert.deepEqual(await readDetails(sessions, none), [noDetails, noDetails]);
});

const control = { localPort: 21, remoteAddress: '192.0.2.7', remotePort: 40_000, unsentBytes: 9 };
const data = { localPort: 20, remoteAddress: '192.0.2.7', remotePort: 40_001, unsentBytes: 70_000 };
const others = { ...data, remoteAddress: '192.0.2.8' };

/** What is told of connections, by a FAKE of the process table: the kernel's are in system tests. */
async function connections(facts: Parameters<typeof ftpSession>[0], held: (typeof data)[]) {
  const session = ftpSession({
    remotePort: control.remotePort,
    localPort: control.localPort,
    ...facts,
  });
  const files: Partial<ProcessFiles> = {
    rootOf: () => null,
    directoryOf: () => null,
    tcpSockets: () => held.map((one, fd) => ({ ...one, fd, listening: one.unsentBytes < 0 })),
    closingConnections: (_, address) =>
      [others, data].filter(({ remoteAddress }) => remoteAddress === address),
  };
  const living = async () => new Set([session.pid]);
  const [read] = await readDetails([session], { files: files as ProcessFiles, living });
  return [read?.sendingOver, read?.leftBehind];
}

test('a download goes over the connection opened last that is not the control connection', async () => {
  const earlier = { ...data, remotePort: 40_002 };
  const listener = { ...data, unsentBytes: -1 };
  const download = { state: 'download', protocol: 'ftps' } as const;
  assert.deepEqual(await connections(download, [control, earlier, data, listener]), [data, []]);
  assert.deepEqual(await connections(download, [control]), [null, [data]]);
  assert.deepEqual(await connections({ ...download, protocol: 'sftp' }, [control]), [control, []]);
  // A connection to a database of logins is none.
  const database = { ...data, remoteAddress: '127.0.0.1', localPort: 50_000, remotePort: 3306 };
  assert.deepEqual(await connections(download, [control, data, database]), [data, []]);
});

test('an idle session is told of what has been ended and goes to its own peer', async () => {
  assert.deepEqual(await connections({ state: 'idle' }, [control]), [null, [data]]);
  assert.deepEqual(await connections({ state: 'idle', remoteAddress: null }, []), [null, []]);
});
