import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { daemonDrivers } from '../../../src/daemons/index.ts';
import { containerOfCgroup, parseCgroup } from '../../../src/os/containers/cgroup.ts';
import type {
  ContainedFiles,
  OpenFile,
  ProcessFacts,
} from '../../../src/os/processes/process-table.ts';
import { entryBytes, scoreboardBytes } from '../../support/proftpd/entry-bytes.ts';
import { mutateBytes, mutateText, nastyText } from '../mutate.ts';
import type { Random } from '../random.ts';
import { pureTarget } from '../target.ts';
import { makeEntry } from './scoreboard.ts';

const ownPid = 7;
const top: ProcessFacts = {
  pid: 4_000,
  parentPid: 1,
  startTime: '1',
  startedAtMs: 1_700_000_000_000,
  name: 'ftpd',
  uid: 0,
  realUid: 0,
  isWhollyRoot: true,
  hasGroups: false,
  executablePath: '/usr/sbin/ftpd',
};
const session: ProcessFacts = { ...top, pid: 4_001, uid: 1_000, hasGroups: true };

/** What root of a container may have its processes hold open. */
interface Held {
  readonly file: OpenFile;
  readonly access: 'read' | 'write' | 'read-write' | null;
  readonly bytes: Buffer | null;
}

const targetNames = [
  '/run/pure-ftpd/client-00000007',
  '/run/proftpd.scoreboard',
  '/run/proftpd.scoreboard.lck',
  '/home/alice/big.bin',
  '/home/alice/big.bin (deleted)',
  'socket:[99]',
  'pipe:[1]',
  '/dev/null',
];

function makeHeld(random: Random): Held[] {
  return random.some(6, () => {
    const target = random.oneIn(6) ? nastyText(random) : random.pick(targetNames);
    const entry = { pid: ownPid, user: 'dev@shop.example', command: 'RETR', argument: 'big.bin' };
    const bytes = random.oneIn(2) ? makeEntry(random) : scoreboardBytes([entryBytes(entry, true)]);
    return {
      file: { fd: random.below(12), target },
      access: random.pick(['read', 'write', 'read-write', 'read-write', null] as const),
      bytes: random.oneIn(5) ? null : random.oneIn(2) ? bytes : mutateBytes(random, bytes),
    };
  });
}

function filesOf(held: readonly Held[]): ContainedFiles {
  const at = (fd: number) => held.find(({ file }) => file.fd === fd);
  return {
    isExhausted: false,
    list: () => (held.length > 5 ? null : held.map(({ file }) => file)),
    accessOf: (_process, fd) => at(fd)?.access ?? null,
    statOf: (_process, fd) => {
      const bytes = at(fd)?.bytes;
      return bytes == null ? null : { isFile: true, sizeBytes: bytes.length };
    },
    withFile: (_process, fd, use) => {
      const bytes = at(fd)?.bytes;
      if (bytes == null) return null;
      const read = (into: Buffer, position: number, length: number) =>
        bytes.copy(
          into,
          0,
          Math.min(position, bytes.length),
          Math.min(position + length, bytes.length),
        );
      return use(read, String(fd));
    },
    socketOf: () => null,
    rootOf: () => '/home/alice',
  };
}

/** Sessions in containers, of whatever their processes hold open. */
export const containedSessions = pureTarget('contained-sessions', 30_000, makeHeld, (held) => {
  for (const driver of daemonDrivers) {
    const process = { ...session, title: '[ftpd]', executable: null };
    const { session: found } = driver.observeContained(
      { process, parent: top, ownPid },
      filesOf(held),
    );
    if (found === null) continue;
    assert.deepEqual(JSON.parse(JSON.stringify(found)), found);
    assert.equal(found.pid, session.pid);
    assert.ok(found.remoteAddress === null || isIP(found.remoteAddress) !== 0);
    for (const text of [found.user, found.file]) assert.ok(!text?.includes('\0'));
    assert.ok(found.state !== 'idle' || found.file === '');
  }
});

const id = 'a'.repeat(64);
const cgroupTexts = [
  `1:name=systemd:/docker/${id}\n0::/\n`,
  `0::/system.slice/docker-${id}.scope/init\n`,
  '0::/machine.slice/machine-web\\x2d1.scope\n',
  '5:cpu,cpuacct:/x\n0::/../elsewhere\n',
];

/** Texts of /proc/PID/cgroup, of which the path may be a user's choice below what was delegated. */
export const cgroups = pureTarget(
  'cgroup',
  50_000,
  (random: Random) => mutateText(random, random.pick(cgroupTexts), random.pick(cgroupTexts)),
  (text) => {
    const path = parseCgroup(text);
    if (path === null) return;
    assert.ok(path.startsWith('/') && !path.split('/').includes('..'), path);
    const container = containerOfCgroup(path);
    if (container?.kind === 'docker') assert.match(container.id, /^[0-9a-f]{64}$/);
    // Below a service or another scope its user chooses names.
    if (container !== null) assert.doesNotMatch(path, /^\/[^/]*\.(?:service|scope)\/.*docker-/);
  },
);
