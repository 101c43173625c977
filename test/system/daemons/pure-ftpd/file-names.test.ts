import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { everybody } from '../../../../src/sessions/scope.ts';
import { connectFtp, type FtpClient } from '../../../support/ftp-client.ts';
import { makeHome } from '../../../support/homes.ts';
import { childrenOf } from '../../../support/processes.ts';
import { type PureFtpd, startPureFtpd } from '../../../support/pure-ftpd.ts';
import { until } from '../../../support/until.ts';
import { users } from '../../../support/users.ts';
import { describeThroughAll } from './sources.ts';

const { alice } = users;
const size = 50_000_000;

describeThroughAll('the file in transfer', (collector) => {
  let ftpd: PureFtpd;
  let client: FtpClient;

  before(async () => {
    ftpd = await startPureFtpd({ throttle: 50 });
  });
  afterEach(async () => {
    client.destroy();
    await until(() => childrenOf(ftpd.pid).length === 0, { what: 'the session is gone' });
  });
  after(() => ftpd.stop());

  async function login(): Promise<void> {
    client = await connectFtp(ftpd);
    await client.login(alice.name, alice.password);
  }

  async function onlySession() {
    const { sessions, gaps } = await collector.snapshot(everybody);
    assert.equal(sessions.length, 1);
    const [session] = sessions;
    assert.ok(session);
    // What cannot be written as JSON cannot be answered.
    assert.deepEqual(JSON.parse(JSON.stringify(session)), session);
    return { session, gaps };
  }

  const names: [name: string | Buffer, shown: string][] = [
    ['two  spaces and one ', 'two  spaces and one '],
    ['a|b|c', 'a|b|c'],
    [`it's "quoted"`, `it's "quoted"`],
    ['grün ✓ 名前 😀.txt', 'grün ✓ 名前 😀.txt'],
    [Buffer.from('caf\xe9.txt', 'latin1'), 'caf\ufffd.txt'],
    [Buffer.from('\xff\xfe', 'latin1'), '\ufffd\ufffd'],
    ['<script>&amp;%00', '<script>&amp;%00'],
    ['client-00000001', 'client-00000001'],
    ['x (deleted)', 'x (deleted)'],
  ];
  for (const [name, shown] of names) {
    test(`is ${JSON.stringify(shown)} as the client named it`, async () => {
      await makeHome(alice, [[name, size]]);
      await login();
      await client.startDownload(name);
      const { session, gaps } = await onlySession();
      assert.deepEqual([session.state, session.file], ['download', shown]);
      assert.deepEqual(gaps, []);
    });
  }

  test('holds no control characters: pure-ftpd takes "_" for each', async () => {
    await makeHome(alice, [['tab_one_esc_[31mbell_', size]]);
    await login();
    await client.startDownload('tab\tone\x01esc\x1b[31mbell\x07');
    assert.equal((await onlySession()).session.file, 'tab_one_esc_[31mbell_');
  });

  test('is named as the client named it, not by its full path', async () => {
    await makeHome(alice, [['in/side/f.bin', size]]);
    await login();
    await client.command('CWD in');
    await client.startDownload('./side/f.bin');
    assert.equal((await onlySession()).session.file, './side/f.bin');
  });

  // pure-ftpd keeps 1024 bytes of a name, without a NUL when it had to cut.
  for (const length of [1_022, 1_023, 1_024, 1_025, 1_500]) {
    test(`of a name of ${length} bytes is never a wrong one`, async () => {
      await makeHome(alice, [['big.bin', size]]);
      await login();
      const end = length % 2 === 0 ? '/big.bin' : 'big.bin';
      const name = './'.repeat((length - end.length + 1) / 2).slice(0, length - end.length) + end;
      assert.equal(name.length, length);
      await client.startDownload(name);
      const { session, gaps } = await onlySession();
      const full = `${alice.home}/big.bin`;
      assert.ok(length < 1_024 ? session.file === name : [full, name].includes(session.file ?? ''));
      assert.equal(session.state, 'download');
      assert.deepEqual(gaps, []);
    });
  }

  test('of a name too long for the record is known by its full path, whatever it is', async () => {
    for (const name of ['x (deleted)', 'client-00000001', 'a b']) {
      await makeHome(alice, [[name, size]]);
      await login();
      await client.startDownload(`${'./'.repeat(600)}${name}`);
      const { session, gaps } = await onlySession();
      const isKnown = session.file === `${alice.home}/${name}`;
      const isSaid = session.file === null && gaps.some(({ cause }) => cause === 'file-unknown');
      assert.ok(isKnown || isSaid, JSON.stringify([name, session.file, gaps]));
      client.destroy();
      await until(() => childrenOf(ftpd.pid).length === 0, { what: 'the session is gone' });
    }
  });
});
