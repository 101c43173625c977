import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readFallback } from '../../../../src/daemons/pure-ftpd/fallback.ts';
import type {
  DescriptorInfo,
  Process,
  ProcessFiles,
  TcpSocket,
} from '../../../../src/os/processes/process-table.ts';

const process: Process = {
  pid: 4711,
  parentPid: 1,
  startTime: '1',
  startedAtMs: 0,
  title: 'pure-ftpd',
  uid: 62_001,
  realUid: 62_001,
  isWhollyRoot: false,
  name: 'pure-ftpd',
  executablePath: '/usr/sbin/pure-ftpd',
  executable: null,
};

const reading: DescriptorInfo = {
  access: 'read',
  isDirectory: false,
  appends: false,
  positionBytes: 5,
  isLocked: false,
  mountId: 7,
  inode: '1',
};

/** Fake open files, because what a session holds at one moment has to be forced. */
function holding(
  targets: readonly string[],
  info: Partial<DescriptorInfo> | null = {},
  sockets: readonly TcpSocket[] | null = twoConnections,
  root: string | null = '/',
): ProcessFiles {
  return {
    list: () => targets.map((target, fd) => ({ fd, target })),
    describe: () => (info === null ? null : { ...reading, ...info }),
    rootOf: () => root,
    directoryOf: () => null,
    mountOf: () => assert.fail('what a customer has open is left alone'),
    open: () => assert.fail('what a customer has open is left alone'),
    sizeOf: () => null,
    tcpSockets: () => sockets,
    closingConnections: () => null,
    childrenOf: () => null,
    beginScan: () => {},
  };
}

const socketAt = (fd: number, listening = false): TcpSocket => ({
  fd,
  listening,
  localPort: 21,
  remoteAddress: `192.0.2.${fd}`,
  remotePort: 5,
  unsentBytes: 0,
});
/** The control connection and a data connection. */
const twoConnections = [socketAt(1), socketAt(9)];

const fileOf = (files: ProcessFiles) => readFallback(process, files)?.file;
const usual = ['/dev/null', 'socket:[1]', '/run/pure-ftpd/client-00004711'];

describe('what a session’s open files tell', () => {
  test('is nothing where they may not be read', () => {
    assert.equal(readFallback(process, null), null);
    assert.equal(readFallback(process, { ...holding([]), list: () => null }), null);
  });

  test('is no transfer where only devices, sockets and its record are open', () => {
    assert.equal(fileOf(holding(usual)), null);
  });

  test('is a download from a file that is read, an upload to one that is written', () => {
    const path = '/home/alice/f';
    const expected = { path, positionBytes: 5 };
    assert.deepEqual(fileOf(holding([...usual, path])), { ...expected, state: 'download' });
    const files = holding([...usual, path], { access: 'write' });
    assert.deepEqual(fileOf(files), { ...expected, state: 'upload' });
  });

  test('is the file opened last, so no log', () => {
    const files = holding(['/var/log/transfer.log', ...usual, '/home/alice/f']);
    assert.equal(fileOf(files)?.path, '/home/alice/f');
  });

  test('is no file that was opened before the login', () => {
    assert.equal(fileOf(holding(['/home/alice/f', ...usual])), null);
  });

  test('is no file that pure-ftpd opens in another way than a transfer’s', () => {
    for (const info of [{ access: 'read-write' }, { access: 'write', appends: true }] as const) {
      assert.equal(fileOf(holding([...usual, '/home/alice/f'], info)), null);
    }
    for (const own of ['pipe', 'lock']) {
      const target = `/run/pure-ftpd.upload.${own}`;
      assert.equal(fileOf(holding([...usual, target], { access: 'write' })), null);
    }
  });

  test('is no file outside of the session’s root directory', () => {
    const inHome = (target: string) =>
      fileOf(holding([...usual, target], {}, twoConnections, '/home/alice'))?.path;
    assert.equal(inHome('/home/alice/f'), '/home/alice/f');
    assert.equal(inHome('/home/alice2/f'), undefined);
    assert.equal(inHome('/var/log/transfer.log'), undefined);
    const unknown = holding([...usual, '/home/alice/f'], {}, twoConnections, null);
    assert.equal(readFallback(process, unknown), null);
  });

  test('is no transfer without a data connection', () => {
    for (const sockets of [[socketAt(1)], [socketAt(1), { ...socketAt(9, true) }], []]) {
      assert.equal(fileOf(holding([...usual, '/home/alice/f'], {}, sockets)), null);
    }
    // inetd gives the control connection under three descriptors.
    const same = [0, 1, 2].map((fd) => ({ ...socketAt(0), fd }));
    assert.equal(fileOf(holding([...usual, '/home/alice/f'], {}, same)), null);
  });

  test('is no transfer while a folder is listed', () => {
    assert.equal(fileOf(holding([...usual, '/home/alice'], { isDirectory: true })), null);
  });

  test('is a file that is named like another session’s record', () => {
    const path = '/home/alice/client-00000001';
    assert.equal(fileOf(holding([...usual, path]))?.path, path);
  });

  test('is a transfer of an unknown name where the name may be the kernel’s mark', () => {
    const file = fileOf(holding([...usual, '/home/alice/f (deleted)']));
    assert.deepEqual(file, { state: 'download', path: null, positionBytes: 5 });
  });

  test('is nothing of a file that was closed just then', () => {
    assert.equal(fileOf(holding([...usual, '/home/alice/f'], null)), null);
  });

  test('has the peer of the connection with the lowest descriptor that is no listener', () => {
    const sockets = [socketAt(1, true), socketAt(4), socketAt(7)];
    const fallback = readFallback(process, holding(usual, {}, sockets));
    assert.equal(fallback?.connection?.remoteAddress, '192.0.2.4');
    for (const none of [null, [], [socketAt(1, true)]]) {
      assert.equal(readFallback(process, holding(usual, {}, none))?.connection, null);
    }
  });
});
