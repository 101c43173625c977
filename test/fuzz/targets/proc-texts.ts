import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { parseUptime } from '../../../src/os/processes/procfs/boot-time.ts';
import { parseFdinfo } from '../../../src/os/processes/procfs/fd.ts';
import { parsePids } from '../../../src/os/processes/procfs/kept-process.ts';
import { parseNetTcp } from '../../../src/os/processes/procfs/net-tcp.ts';
import { parseStat } from '../../../src/os/processes/procfs/stat.ts';
import { parseStatus } from '../../../src/os/processes/procfs/status.ts';
import { mutateText } from '../mutate.ts';
import { pureTarget } from '../target.ts';

/** What this host's kernel writes, else a text of the same form. */
function own(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'latin1').slice(0, 4000) || otherwise;
  } catch {
    return otherwise;
  }
}

/** As a name of a process may be that wants to be taken for something else. */
export const statTexts = [
  own('/proc/self/stat', '7 (node) R 1 7 7 0 -1 4194304 1 0 0 0 1 0 0 0 20 0 1 0 12345 0 0'),
  '42 (a) b) (c) S 1 42 42 0 -1 4194560 200 0 0 0 0 0 0 0 20 0 1 0 8675309 1000 50 1844 1 1',
  '43 (x\n1 (y) S 2 3) Z 41 43 43 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 99 0 0 18446744073709551615',
];
export const statusTexts = [
  own('/proc/self/status', 'Name:\tnode\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n'),
  'Name:\tx\\nUid:\t0\t0\t0\t0\nUmask:\t0022\nUid:\t1000\t1001\t1002\t1003\nGid:\t1\t2\t3\t4\nGroups:\t\n',
];
const fdinfoTexts = [
  own('/proc/self/fdinfo/1', 'pos:\t0\nflags:\t0100002\nmnt_id:\t9\n'),
  'pos:\t42\nflags:\t0100002\nmnt_id:\t9\nino:\t7\nlock:\t1: POSIX  ADVISORY  WRITE 42 00:2f:7 0 EOF\n',
];
const netTcpTexts = [
  own('/proc/self/net/tcp', 'sl\n'),
  own('/proc/self/net/tcp6', 'sl\n'),
  '  sl  local_address rem_address   st\n' +
    '   0: 0100007F:0015 0700007F:C3B4 01 00000000:00000000 00:00000000 00000000 0 0 4242 1\n' +
    '   1: 0000000000000000FFFF0000070200C0:0015 B80D0120000000000000000001000000:FFFF 01 0:0 0:0 0 0 0 7 1\n',
];

function texts<Value>(
  name: string,
  samples: readonly string[],
  parse: (text: string) => Value,
  check: (value: Value) => void,
) {
  return pureTarget(
    name,
    100_000,
    (random) => mutateText(random, random.pick(samples), random.pick(samples)),
    (text) => check(parse(text)),
  );
}

const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;

/** Texts of /proc, one target for each. */
export const procTexts = [
  texts('stat', statTexts, parseStat, (stat) => {
    assert.ok(stat === null || (isCount(stat.parentPid) && isCount(stat.startTicks)));
  }),
  texts('uptime', ['1000.25 2000.50\n'], parseUptime, (sinceBootMs) => {
    assert.ok(sinceBootMs === null || isCount(sinceBootMs), `${sinceBootMs}`);
  }),
  texts('status', statusTexts, parseStatus, (status) => {
    assert.ok(status === null || isCount(status.effectiveUid), `${status?.effectiveUid}`);
    assert.ok(status?.isWhollyRoot !== true || status.effectiveUid === 0);
  }),
  texts('fdinfo', fdinfoTexts, parseFdinfo, (info) => {
    assert.ok(info === null || isCount(info.positionBytes), `${info?.positionBytes}`);
  }),
  texts('net-tcp', netTcpTexts, parseNetTcp, (entries) => {
    for (const { inode, localPort, remoteAddress, remotePort } of entries) {
      assert.notEqual(isIP(remoteAddress), 0);
      assert.ok(localPort < 65_536 && remotePort < 65_536 && inode !== '');
    }
  }),
  texts('children', ['12 34 56 ', '1 ', '4194304 4194303 2 '], parsePids, (pids) => {
    for (const pid of pids) assert.ok(isCount(pid) && pid > 0, `${pid}`);
  }),
];
