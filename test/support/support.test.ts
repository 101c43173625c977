import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { Client as BasicFtpClient } from 'basic-ftp';
import { connectFtp } from './ftp-client.ts';
import { makeHome } from './homes.ts';
import { allProcesses, childrenOf, titleOf, uidOf } from './processes.ts';
import { type PureFtpd, startPureFtpd } from './pure-ftpd.ts';
import { needsSandbox } from './sandbox.ts';
import { until } from './until.ts';
import { users } from './users.ts';

const { alice, bob } = users;
const dev = { name: 'dev@alice.example', password: `dev-${alice.password}`, owner: alice };
const waitsLong = Buffer.from('lang \xe9|\'".bin', 'latin1');

describe('a real pure-ftpd in the sandbox', { skip: needsSandbox() }, () => {
  let ftpd: PureFtpd;

  before(async () => {
    await makeHome(alice, [
      [waitsLong, 2_000_000],
      ['short.txt', 'short'],
    ]);
    ftpd = await startPureFtpd({ throttle: 50, virtualUsers: [dev], tls: true });
  });

  after(() => ftpd.stop());

  test('starts with a master of root and without sessions', () => {
    assert.equal(titleOf(ftpd.pid), 'pure-ftpd (SERVER)');
    assert.equal(uidOf(ftpd.pid), 0);
    assert.deepEqual(childrenOf(ftpd.pid), []);
  });

  for (const tls of [false, true]) {
    test(`shows in its titles what each session does, ${tls ? 'with' : 'without'} TLS`, async () => {
      const reader = await connectFtp({ ...ftpd, tls });
      const writer = await connectFtp({ ...ftpd, tls });
      await reader.login(alice.name, alice.password);
      await writer.login(bob.name, bob.password);
      const [readerPid, writerPid] = [await reader.sessionPid(), await writer.sessionPid()];
      assert.deepEqual([uidOf(readerPid), uidOf(writerPid)], [alice.uid, bob.uid]);
      assert.equal(titleOf(readerPid), 'pure-ftpd (IDLE)');

      const download = await reader.startDownload(waitsLong);
      const upload = await writer.startUpload(Buffer.from('support-\xff', 'latin1'));
      assert.equal(titleOf(readerPid), 'pure-ftpd (DOWNLOAD)');
      assert.equal(titleOf(writerPid), 'pure-ftpd (UPLOAD)');
      await until(() => upload.bytes > 8_192, { what: 'the upload goes on' });

      await upload.finish();
      assert.deepEqual(
        (await writer.list()).filter((name) => name.startsWith('support-')),
        ['support-\xff'],
      );
      assert.equal(titleOf(writerPid), 'pure-ftpd (IDLE)');
      await writer.quit();
      await download.abort();
      await reader.quit();
      await until(() => childrenOf(ftpd.pid).length === 0, { what: 'both sessions have ended' });
    });
  }

  test('takes virtual users, who run under the uid of their owner', async () => {
    const client = await connectFtp(ftpd);
    await client.login(dev.name, dev.password);
    assert.equal(uidOf(await client.sessionPid()), alice.uid);
    const download = await client.startDownload('short.txt');
    await download.finish();
    assert.equal(download.bytes, 5);
    await client.quit();
  });

  test('serves an independent client', async () => {
    const client = new BasicFtpClient();
    const { host, port } = ftpd;
    await client.access({ host, port, user: alice.name, password: alice.password });
    const received = new PassThrough();
    await client.downloadTo(received, 'short.txt');
    assert.equal(received.read().toString(), 'short');
    client.close();
  });

  test('listens on both loopback addresses when asked for localhost', async (t) => {
    const both = await startPureFtpd({ host: 'localhost' });
    t.after(() => both.stop());
    for (const host of ['127.0.0.1', '::1']) {
      const client = await connectFtp({ ...both, host });
      await client.quit();
    }
  });

  test('shows no titles when it is started so', async (t) => {
    const mute = await startPureFtpd({ titlesOff: true });
    t.after(() => mute.stop());
    const client = await connectFtp(mute);
    await client.login(alice.name, alice.password);
    assert.equal(titleOf(await client.sessionPid()), mute.executable);
  });

  test('leaves no process behind when it is stopped, even after its master was killed', async () => {
    for (const killed of [false, true]) {
      const other = await startPureFtpd({ throttle: 50 });
      const client = await connectFtp(other);
      await client.login(alice.name, alice.password);
      await client.startDownload(waitsLong);
      const before = allProcesses().filter((process) => process.group === other.pid);
      assert.equal(before.length, 3);
      if (killed) {
        process.kill(other.pid, 'SIGKILL');
      }
      await other.stop();
      const left = allProcesses().filter((process) => process.group === other.pid);
      assert.deepEqual(left, []);
      client.destroy();
    }
  });
});
