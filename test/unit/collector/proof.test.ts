import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { proofOf } from '../../../src/collector/proof.ts';
import { pureFtpdDriver } from '../../../src/daemons/pure-ftpd/driver.ts';
import { openRecords } from '../../../src/daemons/pure-ftpd/records.ts';
import { entryName } from '../../../src/daemons/pure-ftpd/scoreboard.ts';
import { vsftpdDriver } from '../../../src/daemons/vsftpd/driver.ts';
import type { ProcessFiles } from '../../../src/os/processes/process-table.ts';
import { createProcfsTable } from '../../../src/os/processes/procfs.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { sandboxFolder, users } from '../../support/users.ts';
import { builds, encodeEntry } from '../../system/daemons/pure-ftpd/entry-bytes.ts';

const skip = needsSandbox();
const { alice } = users;
const table = createProcfsTable();

/** A file system in memory; the first file of each has the same inode number. */
function mountTmpfs(t: TestContext): string {
  const folder = mkdtempSync(join(sandboxFolder, 'tmpfs-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', folder]);
  t.after(() => execFileSync('umount', ['--lazy', folder]));
  return folder;
}

const record = (pid: number) =>
  encodeEntry(
    {
      state: 1,
      pid,
      remoteAddress: Buffer.from([192, 0, 2, 7]),
      remotePort: 50_100,
      localAddress: Buffer.from([127, 0, 0, 1]),
      localPort: 21,
      connectedAt: 1_700_000_000n,
      transferStartedAt: 1_700_000_000n,
      restartedAt: 0n,
      bytesTotal: 0n,
      bytesMoved: 0n,
      account: Buffer.from('carol'),
      file: Buffer.from(''),
    },
    builds[1],
  );

interface Scene {
  readonly scoreboard: string;
  readonly pid: number;
}

/** A process of an ordinary user's named pure-ftpd that holds a file of that folder, under its record's name. */
function startHolding(t: TestContext, folder: string): number {
  const file = join(folder, 'file');
  writeFileSync(file, '', { mode: 0o600 });
  const fd = openSync(file, 'r+');
  const program = join(mkdtempSync(join(sandboxFolder, 'proof-')), 'pure-ftpd');
  copyFileSync('/bin/cat', program);
  for (const each of [join(program, '..'), program]) chmodSync(each, 0o755);
  const { uid, gid } = alice;
  const child = spawn(program, [], { uid, gid, stdio: ['pipe', 'ignore', 'ignore', fd] });
  t.after(() => child.kill('SIGKILL'));
  closeSync(fd);
  const pid = child.pid ?? 0;
  renameSync(file, join(folder, entryName(pid)));
  return pid;
}

/** The record has the same inode number as the file that is held, and is another. */
function stage(t: TestContext): Scene {
  const [scoreboard, own] = [mountTmpfs(t), mountTmpfs(t)];
  const pid = startHolding(t, own);
  const path = join(scoreboard, entryName(pid));
  writeFileSync(path, record(pid), { mode: 0o600 });
  chownSync(join(own, entryName(pid)), alice.uid, alice.gid);
  const [a, b] = [statSync(path), statSync(join(own, entryName(pid)))];
  assert.equal(a.ino, b.ino);
  assert.notEqual(a.dev, b.dev);
  return { scoreboard, pid };
}

function find({ scoreboard, pid }: Scene, files: ProcessFiles | null = table.files) {
  const facts = table.kept?.facts(pid);
  assert.ok(facts);
  return proofOf(facts, {
    table,
    records: openRecords([scoreboard], { files }),
    isParent: () => false,
    driver: pureFtpdDriver,
    parentOf: () => null,
  });
}

test('a process is proven by the very file that the scoreboard has under its pid', {
  skip,
}, (t) => {
  const scoreboard = mountTmpfs(t);
  const pid = startHolding(t, scoreboard);
  writeFileSync(join(scoreboard, entryName(pid)), record(pid));
  assert.equal(find({ scoreboard, pid }), 'record');
});

test('a file of the same inode number on another file system proves nothing', { skip }, (t) => {
  assert.equal(find(stage(t)), 'unproven');
});

// A FAKE of the mount's type, because not every kernel at hand has these file systems.
test('where a file system has several device numbers another one leaves it unclear', {
  skip,
}, (t) => {
  const scene = stage(t);
  const { files } = table;
  assert.ok(files);
  for (const type of ['btrfs', 'overlay']) {
    const faked: ProcessFiles = {
      ...files,
      mountOf: (...args) => {
        const mount = files.mountOf(...args);
        return mount === null ? null : { ...mount, type };
      },
    };
    assert.equal(find(scene, faked), 'unclear');
  }
  assert.equal(find(scene, { ...files, mountOf: () => null }), 'unclear');
});

test('of a process without a record nothing is asked that it decides the length of', {
  skip,
}, (t) => {
  const scene = stage(t);
  const empty = join(scene.scoreboard, 'empty');
  mkdirSync(empty);
  const ask = () => assert.fail('its files are asked for');
  const { files } = table;
  assert.ok(files);
  const untouched: ProcessFiles = { ...files, list: ask, describe: ask, mountOf: ask };
  assert.equal(find({ ...scene, scoreboard: empty }, untouched), 'unproven');
});

test('more descriptors than a session can have leave it unclear', { skip }, (t) => {
  const scene = stage(t);
  const { files } = table;
  assert.ok(files);
  assert.equal(find(scene, { ...files, list: () => null }), 'unclear');
});

/**
 * A program named vsftpd, as nobody, and below it the same as alice: what two users can have who act
 * together, or what the daemon itself has, which is confined to a directory.
 */
async function startPair(t: TestContext, isConfined: boolean): Promise<number> {
  const folder = mkdtempSync(join(sandboxFolder, 'ids-'));
  const program = join(folder, 'vsftpd');
  copyFileSync('/usr/bin/perl', program);
  for (const each of [folder, program]) chmodSync(each, 0o755);
  const script = `
    use POSIX;
    if (!(my $child = fork)) {
      ($(, $)) = (${alice.gid}, "${alice.gid} ${alice.gid}"); ($<, $>) = (${alice.uid}, ${alice.uid});
      $| = 1; print "$$\\n"; sleep;
    }
    ${isConfined ? `chroot "${folder}" or die;` : ''}
    ($(, $)) = (65534, "65534 65534"); ($<, $>) = (65534, 65534);
    $| = 1; print "\\n"; sleep`;
  const parent = spawn(program, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  parent.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await until(() => said.split('\n').length > 2, { what: 'both have become their user' });
  const pid = Number(said.trim());
  t.after(() => {
    for (const each of [pid, parent.pid ?? 0]) process.kill(each, 'SIGKILL');
  });
  return pid;
}

for (const [isConfined, expected] of [
  [false, 'unproven'],
  [true, 'ids'],
] as const) {
  test(`below nobody’s process ${isConfined ? 'that root has confined' : 'of the same program'} ids are ${expected === 'ids' ? 'a' : 'no'} proof`, {
    skip,
  }, async (t) => {
    const pid = await startPair(t, isConfined);
    const facts = table.kept?.facts(pid);
    assert.ok(facts);
    const finding = proofOf(facts, {
      table,
      records: openRecords([], { files: table.files }),
      isParent: () => false,
      driver: vsftpdDriver,
      parentOf: ({ parentPid }) => table.kept?.facts(parentPid),
    });
    assert.equal(finding, expected);
  });
}
