import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import type { FtpTransfer } from '../../support/ftp-transfer.ts';
import { makeHome } from '../../support/homes.ts';
import { daemonNames, type HostDaemon, startHostDaemon } from '../../support/host-daemons.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { type RunningUapid, startUapid } from '../../support/uapid.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';

const { alice } = users;
const big = { name: 'big.bin', bytes: 64 * 1024 * 1024 };
const short = { name: 'short.bin', bytes: 3 * 1024 * 1024 };
const bytesPerSecond = 200_000;

/** What the system of a client holds at most that its program has not read (tcp(7), tcp_rmem). */
const receiveBuffer = 256 * 1024;
/** Beside that, Node.js reads ahead one buffer of a stream and one of libuv. */
const clientsBuffers = receiveBuffer + 2 * 64 * 1024;

interface Row {
  readonly pid: number;
  readonly status: string;
  readonly file: string;
  readonly path: string;
  readonly bytes_moved: number | null;
  readonly percent: number | null;
  readonly unsent_bytes: number | null;
  readonly rate_bytes_per_second: number | null;
}

/**
 * A path as on the Internet, and a client's host that does not take megabytes ahead of its program: the
 * loopback's packets have 64 KiB, which no other path's have (SIOCSIFMTU, netdevice(7)).
 */
function slowPath(): void {
  writeFileSync('/proc/sys/net/ipv4/tcp_rmem', `4096 65536 ${receiveBuffer}`);
  const call = 'socket(S, 2, 2, 0); $r = pack("a16i", "lo", 1500); ioctl(S, 0x8922, $r) or die $!';
  execFileSync('perl', ['-e', call]);
}

// All at once: each waits for its own download.
describe('a client that is slow by itself', { skip: needsSandbox(), concurrency: true }, () => {
  const ftpds: HostDaemon[] = [];
  const clients: FtpClient[] = [];
  let uapid: RunningUapid;

  before(async () => {
    slowPath();
    await makeHome(alice, [
      [big.name, big.bytes],
      [short.name, short.bytes],
    ]);
    for (const name of daemonNames) {
      ftpds.push(await startHostDaemon(name, { throttle: 1_000_000, logins: [] }));
    }
    uapid = await startUapid();
  });
  after(async () => {
    for (const client of clients) client.destroy();
    await uapid?.stop();
    for (const ftpd of ftpds) await ftpd.stop();
  });

  async function begin(ftpd: HostDaemon, name: string) {
    const client = await connectFtp(ftpd);
    clients.push(client);
    const pid = await ftpd.logIn(client, alice);
    const transfer = await client.startDownload(name, { bytesPerSecond });
    return { pid, transfer };
  }

  async function rowOf(pid: number): Promise<Row> {
    const answer = await fetch(`${uapid.url}/execute/Ftp/list_transfers`, {
      headers: {
        authorization: `Basic ${Buffer.from(`${uapid.user}:${uapid.password}`).toString('base64')}`,
      },
    });
    const { data } = (await answer.json()) as { data: readonly Row[] };
    const row = data.find((each) => each.pid === pid);
    assert.ok(row, 'the session is listed');
    return row;
  }

  /** A row, and the bytes that its client had read around it. */
  async function look(pid: number, transfer: FtpTransfer) {
    const [from, at] = [transfer.bytes, performance.now()];
    const row = await rowOf(pid);
    return { row, from, to: transfer.bytes, at };
  }

  test('is shown as far as it is, and as fast as it is', async () => {
    // The others hand a whole file to the system at once (sendfile(2)) and do not tell how far it is.
    const ftpd = ftpds.find(({ name }) => name === 'pure-ftpd');
    assert.ok(ftpd);
    const { pid, transfer } = await begin(ftpd, big.name);
    await until(() => transfer.bytes > 2 * bytesPerSecond, { what: 'its buffers are full' });
    const first = await look(pid, transfer);
    await until(() => transfer.bytes > first.to + 6 * bytesPerSecond, { what: 'six seconds' });
    const second = await look(pid, transfer);
    for (const { row, from, to } of [first, second]) {
      assert.equal(row.status, 'DL');
      const moved = row.bytes_moved ?? -1;
      assert.ok(moved >= from && moved <= to + clientsBuffers, `${moved}: ${from} to ${to}`);
      assert.ok(Math.abs((row.percent ?? -1) - (moved / big.bytes) * 100) <= 0.1);
      assert.ok(row.unsent_bytes !== null && row.unsent_bytes > 0);
    }
    const rate = (1000 * (second.from - first.from)) / (second.at - first.at);
    const shown = second.row.rate_bytes_per_second ?? 0;
    assert.ok(Math.abs(shown - rate) <= 0.2 * rate, `${shown} of ${rate}`);
  });

  test('is shown as what is still sent once the daemon has done with it', async () => {
    const ftpd = ftpds.find(({ name }) => name === 'pure-ftpd');
    assert.ok(ftpd);
    const { pid, transfer } = await begin(ftpd, short.name);
    const [path, file] = [`${alice.home}/${short.name}`, short.name];
    const before = await until(
      async () => {
        const seen = await look(pid, transfer);
        return seen.row.status === 'DL' && seen.row.unsent_bytes !== null && seen;
      },
      { what: 'the download is seen' },
    );
    assert.ok((before.row.bytes_moved ?? 0) < short.bytes);
    const { row, from, to } = await until(
      async () => {
        const seen = await look(pid, transfer);
        return seen.row.status === 'IDLE' && seen;
      },
      { what: 'the daemon has done with it' },
    );
    assert.ok(to < short.bytes, 'the client does not have all of it yet');
    assert.deepEqual([row.file, row.path, row.bytes_moved, row.percent], [file, path, null, null]);
    const left = row.unsent_bytes ?? 0;
    assert.ok(left > 0 && left <= short.bytes - from);
    assert.ok(left >= short.bytes - to - clientsBuffers, `${left}: ${from} to ${to}`);
    await transfer.finish();
    const after = await until(
      async () => {
        const now = await rowOf(pid);
        return now.unsent_bytes === null && now;
      },
      { what: 'nothing is on its way any more' },
    );
    assert.deepEqual([after.status, after.file, after.path], ['IDLE', '', '']);
  });

  for (const name of ['proftpd', 'vsftpd']) {
    test(`is in its download until its host has all of it, for which ${name} waits`, async () => {
      const ftpd = ftpds.find((each) => each.name === name);
      assert.ok(ftpd);
      const { pid, transfer } = await begin(ftpd, short.name);
      // vsftpd may close its connection and wait: then it is known by what it was.
      assert.equal((await look(pid, transfer)).row.status, 'DL');
      await until(() => transfer.bytes > short.bytes / 2, { what: 'it has half of it' });
      const { row, from } = await look(pid, transfer);
      assert.equal(row.status, 'DL');
      assert.ok(row.file.endsWith(short.name), row.file);
      const left = row.unsent_bytes ?? 0;
      assert.ok(left > 0 && left <= short.bytes - from);
      await transfer.finish();
    });
  }
});
