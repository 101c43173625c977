import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { addAccount } from '../../support/add-account.ts';
import { pureFtpdPrograms } from '../../support/daemons.ts';
import { startOnFreePort } from '../../support/free-port.ts';
import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import { allProcesses, isAlive, titleOf, uidOf } from '../../support/processes.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { sandboxFolder, users } from '../../support/users.ts';
import { ask, type Place } from '../channel/ask.ts';
import { type ServedUapid, serve } from '../channel/served.ts';

const skip = needsSandbox();
const { alice, bob } = users;

/** Records of its own, and a /proc that shows its own processes; then what is behind. */
const ownFolders =
  'mkdir -p /run/pure-ftpd && mount -t tmpfs tmpfs /run/pure-ftpd && mount -t proc proc /proc && exec "$@"';
/** All of this root directory but its very inode. */
const ownRoot = `
set -eu
new=$1; shift
mkdir -p /run/pure-ftpd && mount -t tmpfs tmpfs /run/pure-ftpd
mount -t tmpfs tmpfs "$new"
for each in /*; do
  if [ -L "$each" ]; then cp -P "$each" "$new/"
  elif [ -d "$each" ]; then mkdir "$new$each" && mount --rbind "$each" "$new$each"; fi
done
exec chroot "$new" "$@"
`;
const inPidNamespace = ['unshare', '--mount', '--pid', '--fork', '--kill-child'];

/** Waits in its user namespace for its uids. */
const ownUsers = ['unshare', '--user', 'sh', '-c', 'read go && exec "$@" </dev/null', 'sh'];

/** Ways to run a daemon elsewhere, and what an administrator is told of each. */
const places: [what: string, through: () => string[], told: RegExp][] = [
  [
    'a PID namespace of its own',
    () => [...inPidNamespace, 'sh', '-c', ownFolders, 'sh'],
    /^One process looks like an FTP daemon and runs in a container/,
  ],
  [
    'a root directory of its own',
    () => {
      const root = mkdtempSync(join(sandboxFolder, 'root-'));
      mkdirSync(join(root, 'new'));
      return ['unshare', '--mount', 'sh', '-c', ownRoot, 'sh', join(root, 'new')];
    },
    /^One process looks like an FTP daemon and runs in a container/,
  ],
  [
    'a user namespace of its own',
    () => [...ownUsers, ...inPidNamespace, 'sh', '-c', ownFolders, 'sh'],
    /^One process looks like an FTP daemon and runs in another user namespace/,
  ],
];

interface Container {
  /** Of its session of bob's, as this PID namespace knows it. */
  readonly session: number;
  /** Of its master. */
  readonly master: number;
}

/** A real pure-ftpd elsewhere, with a session of bob's. */
async function startElsewhere(t: TestContext, through: readonly string[]): Promise<Container> {
  const { pureFtpd, env } = await pureFtpdPrograms();
  const waits = through[1] === '--user';
  let mapped: Promise<void> | undefined;
  let client: FtpClient | undefined;
  const { child } = await startOnFreePort({
    what: 'the daemon elsewhere',
    launch: (port) => {
      const place = ['-S', `127.0.0.1,${port}`];
      const daemon = [pureFtpd, ...place, '-E', '-A', '-u', '100', '-H', '-l', 'unix'];
      const [command = '', ...args] = [...through, ...daemon];
      mapped = undefined;
      return spawn(command, args, {
        stdio: [waits ? 'pipe' : 'ignore', 'ignore', 'pipe'],
        env: { PATH: process.env['PATH'], ...env },
      });
    },
    serves: async ({ port, pid, input }) => {
      mapped ??= waits ? mapUsers(pid).then(() => void input?.end('go\n')) : Promise.resolve();
      await mapped;
      client = await connectFtp({ host: '127.0.0.1', port }).catch(() => undefined);
      return client;
    },
  });
  t.after(() => child.kill('SIGKILL'));
  assert.ok(client);
  t.after(() => client?.destroy());
  await client.login(bob.name, bob.password);
  const session = allProcesses().find(
    ({ pid }) => uidOf(pid) === bob.uid && titleOf(pid) === 'pure-ftpd (IDLE)',
  );
  assert.ok(session);
  t.after(() => {
    if (isAlive(session.parent)) process.kill(session.parent, 'SIGKILL');
  });
  return { session: session.pid, master: session.parent };
}

/** Every uid is the host's of the same number, as where a container shares the host's users. */
async function mapUsers(pid: number): Promise<void> {
  const own = readlinkSync('/proc/self/ns/user');
  await until(() => readlinkSync(`/proc/${pid}/ns/user`) !== own, { what: 'it has a namespace' });
  for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${pid}/${map}`, '0 0 65536');
}

function addBob({ url, stateDir }: ServedUapid): Place {
  addAccount(stateDir, 'bob', 'password of bob', { systemUser: bob.name });
  return { url, user: 'bob', password: 'password of bob' };
}

const pidsOf = ({ data }: Awaited<ReturnType<typeof ask>>) => data.map(({ pid }) => pid);

for (const [what, through, told] of places) {
  test(`a daemon in ${what} is nobody’s here: no row, no end, and a word to the administrator alone`, {
    skip,
  }, async (t) => {
    const own = await startPureFtpd();
    t.after(() => own.stop());
    const client = await connectFtp(own);
    t.after(() => client.destroy());
    await client.login(alice.name, alice.password);
    const mine = await client.sessionPid();
    const before = await serve(t);
    assert.deepEqual(pidsOf(await ask(before)), [mine]);
    const { session } = await startElsewhere(t, through());
    for (const uapid of [before, await serve(t)]) {
      const account = addBob(uapid);
      const warnings = await until(
        async () => {
          const answer = await ask(uapid);
          assert.deepEqual(pidsOf(answer), [mine]);
          return answer.warnings.length > 0 ? answer.warnings : undefined;
        },
        { what: 'the administrator is told', timeoutMs: 60_000 },
      );
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? '', told);
      const theirs = await ask(account);
      assert.deepEqual([pidsOf(theirs), theirs.warnings], [[], []]);
      assert.match(
        (await ask(account, '/execute/Ftp/kill_session?login=all')).body,
        /no FTP session/,
      );
      assert.match(
        (await ask(uapid, `/execute/Ftp/kill_session?login=${bob.name}`)).body,
        /no FTP/,
      );
      assert.ok(isAlive(session));
    }
  });

  test(`where the only daemon runs in ${what} nobody is told that none does`, {
    skip,
  }, async (t) => {
    await startElsewhere(t, through());
    const uapid = await serve(t);
    const [admin, theirs] = [await ask(uapid), await ask(addBob(uapid))];
    const none = 'uapid sees no FTP daemon of this server’s own that waits for connections.';
    assert.deepEqual([pidsOf(admin), pidsOf(theirs)], [[], []]);
    assert.deepEqual(theirs.warnings, [none]);
    assert.equal(admin.warnings[0], none);
    assert.match(admin.warnings[1] ?? '', told);
    const info = await ask(uapid, '/execute/Ftp/get_ftp_daemon_info');
    assert.match(info.warnings.join(' '), new RegExp(told.source.slice(1)));
  });
}

test('a server in a container sees that container’s daemons as its own', { skip }, async (t) => {
  const { master, session } = await startElsewhere(t, places[2]?.[1]() ?? []);
  const enter = ['nsenter', '--target', `${master}`, '--user', '--mount', '--pid'];
  const uapid = await serve(t, { through: enter });
  const { data, warnings } = await ask(uapid);
  assert.deepEqual(
    data.map(({ user }) => user),
    [bob.name],
  );
  assert.deepEqual(warnings, []);
  await ask(uapid, '/execute/Ftp/kill_session?login=all');
  assert.ok(!isAlive(session));
});
