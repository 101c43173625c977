import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine } from '../../../src/collector/engine.ts';
import { daemonDrivers } from '../../../src/daemons/index.ts';
import { entryName } from '../../../src/daemons/pure-ftpd/scoreboard.ts';
import type { ProcessTable } from '../../../src/os/processes/process-table.ts';
import { createProcfsTable } from '../../../src/os/processes/procfs.ts';
import { mutateText } from '../mutate.ts';
import type { Random } from '../random.ts';
import type { Target } from '../target.ts';
import { makeEntry } from './scoreboard.ts';

/** The master, and sessions of it. */
const pids = [1, 10, 11, 12];

const isMaster = (pid: number) => pid === 10;

/** Texts of a process as the kernel writes them for pure-ftpd. */
const textsOf = (pid: number): Record<string, string> => ({
  cmdline: isMaster(pid) ? 'pure-ftpd (SERVER)\0' : 'pure-ftpd (IDLE)\0\0\0',
  stat: `${pid} (pure-ftpd) S ${isMaster(pid) ? 1 : 10} 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 ${1000 + pid} 0 0`,
  status: `Name:\tpure-ftpd\nUid:\t0\t${isMaster(pid) ? 0 : 1000 + pid}\t0\t0\nGid:\t0\t0\t0\t0\n`,
  'fdinfo/3': 'pos:\t0\nflags:\t0100002\nmnt_id:\t9\n',
  'net/tcp': 'sl\n 0: 0100007F:0015 0700007F:C3B4 01 0:0 0:0 0 0 0 4242 1\n',
  [`task/${pid}/children`]: isMaster(pid) ? '11 12 ' : '',
});

function makeTree(root: string, executable: string): void {
  writeFileSync(join(root, 'uptime'), '1000.25 2000.50\n');
  for (const pid of pids) {
    const folder = join(root, String(pid));
    for (const name of ['fdinfo', 'fd', 'net', 'ns', `task/${pid}`]) {
      mkdirSync(join(folder, name), { recursive: true });
    }
    for (const [name, text] of Object.entries(textsOf(pid)))
      writeFileSync(join(folder, name), text);
    symlinkSync(executable, join(folder, 'exe'));
    symlinkSync('net:[1]', join(folder, 'ns/net'));
    symlinkSync('user:[1]', join(folder, 'ns/user'));
    symlinkSync('pid:[1]', join(folder, 'ns/pid'));
    symlinkSync('/', join(folder, 'root'));
    symlinkSync(join(root, '..', 'scoreboard', entryName(pid)), join(folder, 'fd/3'));
    symlinkSync('socket:[4242]', join(folder, 'fd/4'));
  }
}

/** Spoils a few files of the tree; `mend` is what undoes it. */
function spoil(random: Random, root: string): { input: [string, string][]; mend: () => void } {
  const mendings: (() => void)[] = [];
  const input = random.some(4, (): [string, string] => {
    const pid = random.pick(pids);
    const [name, text] = random.pick(Object.entries(textsOf(pid)));
    const path = join(root, String(pid), name);
    mendings.push(() => writeFileSync(path, text));
    // Gone between two reads, as far as the reader can tell.
    if (random.oneIn(6)) {
      rmSync(path, { force: true });
      return [path, 'gone'];
    }
    const spoilt = mutateText(random, text, textsOf(random.pick(pids))[name]);
    writeFileSync(path, spoilt);
    return [path, spoilt];
  });
  return {
    input,
    mend: () => {
      for (const each of mendings) each();
    },
  };
}

/**
 * Whole scans, over files that are kept open and over listings, of a FAKE of /proc: the kernel's own cannot be made to write such
 * texts. A scan ends with sessions and gaps of their types, or without any.
 */
export const procTree: Target = {
  name: 'proc-tree',
  inputs: 3000,
  open: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'uapid-fuzz-proc-'));
    const [root, board] = [join(folder, 'proc'), join(folder, 'scoreboard')];
    const executable = join(folder, 'pure-ftpd');
    mkdirSync(root);
    mkdirSync(board, { mode: 0o755 });
    writeFileSync(executable, '', { mode: 0o755 });
    makeTree(root, executable);
    const table = createProcfsTable(root);
    const engineOver = (over: ProcessTable) =>
      createEngine({
        drivers: daemonDrivers,
        settings: { 'pure-ftpd': { scoreboardDir: [board] } },
        table: over,
      });
    return {
      close: () => rmSync(folder, { recursive: true }),
      next: (random) => {
        for (const pid of pids) writeFileSync(join(board, entryName(pid)), makeEntry(random));
        const { input, mend } = spoil(random, root);
        const { scan } = engineOver(random.oneIn(2) ? table : { ...table, kept: null });
        return {
          input,
          check: async () => {
            try {
              const { sessions, gaps, daemons } = await scan(null);
              const again = await scan(new Set([1011]));
              for (const { cause } of [...gaps, ...again.gaps])
                assert.notEqual(cause, 'daemon-failed');
              for (const { pid, ownerUid, title } of sessions) {
                assert.ok(pids.includes(pid) && Number.isSafeInteger(ownerUid), `${pid}`);
                assert.equal(typeof title, 'string');
              }
              assert.ok(gaps.every(({ cause }) => typeof cause === 'string'));
              assert.ok(daemons.every(({ pid }) => pids.includes(pid)));
            } finally {
              mend();
            }
          },
        };
      },
    };
  },
};
