import assert from 'node:assert/strict';
import { chmodSync, chownSync, copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { everybody, ofUids } from '../../../../src/sessions/scope.ts';
import { pureFtpdPrograms } from '../../../support/daemons.ts';
import { connectFtp, type FtpClient } from '../../../support/ftp-client.ts';
import { type PureFtpd, startPureFtpd } from '../../../support/pure-ftpd.ts';
import { until } from '../../../support/until.ts';
import { users } from '../../../support/users.ts';
import { type Started, startCommand, startTitled } from '../../../unit/os/processes/started.ts';
import { startFtpdOfUser } from './ftpd-of-user.ts';
import { startSetUidTree } from './set-uid-tree.ts';
import { describeThroughAll } from './sources.ts';

const { alice, bob, carol } = users;
const asAlice = { uid: alice.uid, gid: alice.gid };

describeThroughAll('what a user forges', (collector) => {
  let ftpd: PureFtpd;
  let client: FtpClient;
  let real: number;
  const running: Started[] = [];

  before(async () => {
    ftpd = await startPureFtpd();
    client = await connectFtp(ftpd);
    await client.login(bob.name, bob.password);
    real = await client.sessionPid();
  });
  afterEach(async () => {
    for (const started of running.splice(0)) await started.end();
  });
  after(async () => {
    client.destroy();
    await ftpd.stop();
  });

  async function assertOnlyTheRealOne(): Promise<void> {
    await assertNothingOfItFor(carol);
    const own = await collector.snapshot(ofUids([alice.uid, 0]));
    assert.deepEqual(own.sessions, []);
    assert.ok(own.gaps.every(({ ownerUid }) => ownerUid === alice.uid));
    const { sessions, gaps, daemons } = await collector.snapshot(everybody);
    assert.deepEqual(
      sessions.map(({ pid }) => pid),
      [real],
    );
    // What only looks like a daemon is told of to administrators, and to the user that it runs as.
    const allowed = [`daemon-of-user ${alice.uid}`, 'daemon-untrusted 0'];
    assert.deepEqual(
      gaps.filter(({ cause, ownerUid }) => !allowed.includes(`${cause} ${ownerUid}`)),
      [],
    );
    assert.deepEqual(
      daemons.map(({ pid }) => pid),
      [ftpd.pid],
    );
  }

  async function assertNothingOfItFor({ uid }: typeof alice): Promise<void> {
    const { sessions, gaps } = await collector.snapshot(ofUids([uid, 0]));
    assert.deepEqual([sessions, gaps], [[], []]);
  }

  const titles = ['IDLE', 'DOWNLOAD', 'UPLOAD', 'SERVER'];
  for (const title of titles.map((word) => `pure-ftpd (${word})`)) {
    test(`the title ${title}: is no row`, async () => {
      running.push(await startTitled(title, asAlice));
      // A program of root's own that calls itself a daemon is one: root is believed.
      if (title !== 'pure-ftpd (SERVER)') running.push(await startTitled(title));
      await assertOnlyTheRealOne();
    });
  }

  test('a title and a name (comm): is no row', async () => {
    const script = `printf pure-ftpd > /proc/self/comm; printf ready; read -r end`;
    const forged = startCommand('bash', ['-c', `exec -a 'pure-ftpd (IDLE)' bash -c "$0"`, script], {
      ...asAlice,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    running.push(forged);
    await until(() => readFileSync(`/proc/${forged.pid}/comm`, 'latin1') === 'pure-ftpd\n', {
      what: 'the forged name shows',
    });
    await assertOnlyTheRealOne();
  });

  test('a program of the same name, or a whole tree of it: is no row', async () => {
    const own = join(alice.home, 'pure-ftpd');
    copyFileSync('/bin/cat', own);
    chmodSync(own, 0o755);
    chownSync(own, alice.uid, alice.gid);
    for (const title of ['pure-ftpd (IDLE)', 'pure-ftpd (SERVER)', 'pure-ftpd']) {
      running.push(await startTitled(title, { ...asAlice, executable: own }));
      // Even when root is so careless as to run it.
      running.push(await startTitled(title, { executable: own }));
    }
    await assertOnlyTheRealOne();
  });

  test('a copy of pure-ftpd run as a daemon of his own: is no row', async () => {
    const { pureFtpd } = await pureFtpdPrograms();
    const own = join(alice.home, 'pure-ftpd');
    copyFileSync(pureFtpd, own);
    chmodSync(own, 0o755);
    chownSync(own, alice.uid, alice.gid);
    for (const executable of [own, pureFtpd]) {
      const copy = await startFtpdOfUser(alice, executable);
      running.push(copy);
      const { port } = copy;
      const guest = await connectFtp({ host: '127.0.0.1', port }).catch(() => undefined);
      await assertOnlyTheRealOne();
      guest?.destroy();
      await copy.end();
    }
  });

  test('a set-uid program as master: is no row', async () => {
    const tree = await startSetUidTree(alice);
    running.push(tree);
    await assertOnlyTheRealOne();
  });
});
