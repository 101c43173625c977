import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { entryName, openScoreboard } from '../../../../src/daemons/pure-ftpd/scoreboard.ts';
import { needsSandbox } from '../../../support/sandbox.ts';
import { users } from '../../../support/users.ts';
import { builds, encodeEntry } from '../../../system/daemons/pure-ftpd/entry-bytes.ts';

const { alice } = users;
const pid = 4711;
const debian = builds[1];
const valid = encodeEntry(
  {
    state: 1,
    pid,
    remoteAddress: Buffer.from([192, 0, 2, 7]),
    remotePort: 50_100,
    localAddress: Buffer.from([127, 0, 0, 1]),
    localPort: 21,
    connectedAt: 1_700_000_000n,
    transferStartedAt: 0n,
    restartedAt: 0n,
    bytesTotal: 0n,
    bytesMoved: 0n,
    account: Buffer.from('alice'),
    file: Buffer.from(''),
  },
  debian,
);

test('an entry is named by its pid in at least eight digits', () => {
  assert.equal(entryName(7), 'client-00000007');
  assert.equal(entryName(4_194_304), 'client-04194304');
  assert.equal(entryName(123_456_789), 'client-123456789');
});

describe('the scoreboard', { skip: needsSandbox() }, () => {
  let folder: string;
  let directory: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'scoreboard-'));
    directory = join(folder, 'pure-ftpd');
    mkdirSync(directory, { mode: 0o700 });
    path = join(directory, entryName(pid));
    writeFileSync(path, valid, { mode: 0o600 });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const read = () => openScoreboard([directory]).read(pid);

  test('gives the entry of a pid and the device and inode of its file', () => {
    const reading = read();
    assert.equal(reading.kind, 'entry');
    assert.ok(reading.kind === 'entry');
    assert.equal(reading.inode, String(statSync(path, { bigint: true }).ino));
    const findmnt = ['--noheadings', '--output', 'MAJ:MIN', '--target', path];
    assert.equal(reading.device, execFileSync('findmnt', findmnt, { encoding: 'utf8' }).trim());
    assert.equal(reading.entry.account, 'alice');
  });

  test('is the first directory that exists', () => {
    const missing = join(folder, 'missing');
    assert.equal(openScoreboard([missing, directory]).read(pid).kind, 'entry');
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    assert.equal(openScoreboard([empty, directory]).read(pid).kind, 'missing');
  });

  test('is missing where there is no directory or no entry', () => {
    assert.equal(openScoreboard([]).read(pid).kind, 'missing');
    assert.equal(openScoreboard([join(folder, 'missing')]).read(pid).kind, 'missing');
    assert.equal(openScoreboard([directory]).read(pid + 1).kind, 'missing');
  });

  test('has no entry in a file that says it is another pid’s', () => {
    linkSync(path, join(directory, entryName(pid + 1)));
    assert.equal(openScoreboard([directory]).read(pid + 1).kind, 'missing');
  });

  test('is not believed where others than root can write the directory', () => {
    chmodSync(directory, 0o770);
    assert.equal(read().kind, 'unreadable');
    chmodSync(directory, 0o702);
    assert.equal(read().kind, 'unreadable');
    chmodSync(directory, 0o755);
    assert.equal(read().kind, 'entry');
    chownSync(directory, alice.uid, alice.gid);
    assert.equal(read().kind, 'unreadable');
  });

  test('is not believed where others than root can write the file', () => {
    chmodSync(path, 0o620);
    assert.equal(read().kind, 'unreadable');
    chmodSync(path, 0o602);
    assert.equal(read().kind, 'unreadable');
    chmodSync(path, 0o644);
    assert.equal(read().kind, 'entry');
    chownSync(path, alice.uid, alice.gid);
    assert.equal(read().kind, 'unreadable');
  });

  test('follows no link, waits for no pipe and reads no directory', () => {
    const elsewhere = join(folder, 'elsewhere');
    writeFileSync(elsewhere, valid, { mode: 0o600 });
    rmSync(path);
    symlinkSync(elsewhere, path);
    assert.equal(read().kind, 'unreadable');
    rmSync(path);
    execFileSync('mkfifo', [path]);
    assert.equal(read().kind, 'unreadable');
    rmSync(path);
    mkdirSync(path);
    assert.equal(read().kind, 'unreadable');
  });

  test('has a layout that is not known where the size is another', () => {
    for (const size of [0, 1, debian.size - 1, debian.size + 1, 70_001, 200_000]) {
      writeFileSync(path, Buffer.concat([valid, Buffer.alloc(200_000)]).subarray(0, size));
      assert.equal(read().kind, 'layout-unknown', String(size));
    }
  });

  test('is read anew each time, and leaves no descriptor open', () => {
    const count = () => readdirSync('/proc/self/fd').length;
    const before = count();
    for (let i = 0; i < 50; i++) read();
    rmSync(path);
    assert.equal(read().kind, 'missing');
    mkdirSync(path);
    read();
    assert.equal(count(), before);
  });
});
