import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { addAccount } from '../../support/add-account.ts';
import { pureFtpdPrograms } from '../../support/daemons.ts';
import { startOnFreePort } from '../../support/free-port.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import type { DaemonName } from '../../support/host-daemons.ts';
import { processStat, titleOf } from '../../support/processes.ts';
import { entryBytes, scoreboardBytes } from '../../support/proftpd/entry-bytes.ts';
import { proftpdPrograms } from '../../support/proftpd/programs.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { sandboxFolder, users } from '../../support/users.ts';
import { cryptHash } from '../../support/virtual-users.ts';
import { vsftpdProgram } from '../../support/vsftpd/programs.ts';
import { startVsftpd } from '../../support/vsftpd/vsftpd.ts';
import { startCommand, startTitled } from '../../unit/os/processes/started.ts';
import { type Answer, ask, type Place } from '../channel/ask.ts';
import { serve } from '../channel/served.ts';
import { startFtpdOfUser } from '../daemons/pure-ftpd/ftpd-of-user.ts';
import { pay, plansOfAll, startFtpServers, stopAll, type Visit } from './visits.ts';

const { alice, bob, carol } = users;

/** What carol's processes call themselves: sessions of alice's and bob's, and daemons. */
const titles: Readonly<Record<DaemonName, readonly string[]>> = {
  'pure-ftpd': ['pure-ftpd (IDLE)', 'pure-ftpd (DOWNLOAD)', 'pure-ftpd (SERVER)'],
  proftpd: [
    'proftpd: alice - 127.0.0.9: IDLE',
    'proftpd: bob - 127.0.0.9: RETR report.pdf',
    'proftpd: (accepting connections)',
  ],
  vsftpd: [
    'vsftpd: 127.0.0.9/alice: IDLE',
    'vsftpd: 127.0.0.9/bob: RETR report.pdf',
    'vsftpd: LISTENER',
  ],
};

test('what a user calls a session, copies or runs as a daemon is nobody’s, beside three daemons of root’s', {
  skip: needsSandbox(),
}, async (t) => {
  const ftpds = await startFtpServers();
  t.after(() => stopAll(ftpds));
  const real = await pay(
    ftpds,
    plansOfAll.filter(({ owner, status }) => [alice, bob].includes(owner) && status !== 'UL'),
  );
  const uapid = await serve(t);
  const accounts = [alice, bob, carol].map(({ name, password, uid }) => {
    addAccount(uapid.stateDir, name, password);
    return { place: { url: uapid.url, user: name, password }, uid };
  });
  await forgeTitles(t);
  await forgeRecords(t, real);
  await runOwnPureFtpd(t);
  await runOwnProftpd(t);
  await runOwnVsftpd(t);

  const list = '/execute/Ftp/list_sessions';
  const looksLike = /^(?:One|\d+) process(?:es)? looks? like/;
  const seen: Answer[] = [];
  // What no master vouches for is searched for beside the scans.
  const isToldOfSome = async () => {
    seen.push(await ask(uapid, list));
    return seen.at(-1)?.warnings.length;
  };
  await until(isToldOfSome, { what: 'an administrator is told of what looks like a daemon' });
  seen.push(await ask(uapid, list));
  for (const all of seen) {
    assert.deepEqual(all.data.map(({ pid }) => pid).sort(), real.map(({ row }) => row.pid).sort());
    for (const warning of all.warnings) assert.match(warning, looksLike);
  }
  for (const { place, uid } of accounts) {
    const own = await ask(place, list);
    const wanted = real.filter((visit) => visit.uid === uid).map(({ row }) => row.pid);
    assert.deepEqual(own.data.map(({ pid }) => pid).sort(), wanted.sort());
    // What carol runs is nobody else's business.
    if (uid !== carol.uid) assert.deepEqual(own.warnings, []);
    for (const warning of own.warnings) assert.match(warning, looksLike);
  }
  await assertEndsNothing({ url: uapid.url, user: carol.name, password: carol.password });

  /** Neither what is real, nor what carol calls so. */
  async function assertEndsNothing(place: Place): Promise<void> {
    const answer = await ask(place, '/execute/Ftp/kill_session');
    assert.match(answer.body, /There was no FTP session to end/);
    for (const { row } of real) assert.notEqual(processStat(row.pid), undefined);
  }
});

/** By system programs, and by copies of carol's that are named as the daemons are; root runs some. */
async function forgeTitles(t: TestContext): Promise<void> {
  for (const [name, some] of Object.entries(titles)) {
    const own = copyOf('/bin/cat', name);
    for (const title of some) {
      const asCarol = { uid: carol.uid, gid: carol.gid };
      for (const options of [asCarol, { ...asCarol, executable: own }, { executable: own }]) {
        const forged = await startTitled(title, options);
        t.after(() => forged.end());
      }
    }
  }
}

/**
 * Holds what looks like the record of a login of alice's: a copy of a real one, under the pid and by
 * the kind of descriptor that the daemon's own session has.
 */
async function forgeRecords(t: TestContext, real: readonly Visit[]): Promise<void> {
  for (const { daemon, title, names, bytes } of [
    {
      daemon: 'pure-ftpd',
      title: 'pure-ftpd (IDLE)',
      names: ['client-$(printf %08d $$)'],
      bytes: () => pureFtpdRecord(real),
    },
    {
      daemon: 'proftpd',
      title: 'proftpd: alice - 127.0.0.9: IDLE',
      names: ['scoreboard', 'scoreboard.lck'],
      bytes: scoreboardOfAlice,
    },
  ]) {
    for (const executable of ['/bin/cat', copyOf('/bin/cat', daemon)]) {
      const folder = folderOfCarol('records-');
      const descriptors = names.map((name, index) => `${index + 7}<>"${folder}/${name}"`).join(' ');
      const script = `exec ${descriptors}; exec -a "$0" "$1"`;
      const forged = startCommand('bash', ['-c', script, title, executable], {
        stdio: ['pipe', 'ignore', 'ignore'],
        uid: carol.uid,
        gid: carol.gid,
      });
      t.after(() => forged.end());
      await until(() => titleOf(forged.pid) === title, { what: `a process is titled "${title}"` });
      writeFileSync(`/proc/${forged.pid}/fd/7`, bytes(forged.pid));
    }
  }
}

/** Of alice's first session. */
function pureFtpdRecord(real: readonly Visit[]): Buffer {
  const pid = real.find(({ row }) => row.cmdline === 'pure-ftpd (IDLE)')?.row.pid ?? 0;
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  const path = links.find((target) => target.endsWith(`/client-${String(pid).padStart(8, '0')}`));
  return readFileSync(path ?? assert.fail('the session has no record'));
}

function scoreboardOfAlice(pid: number): Buffer {
  return scoreboardBytes([entryBytes({ pid, user: 'alice', name: '127.0.0.9' })]);
}

async function runOwnPureFtpd(t: TestContext): Promise<void> {
  const { pureFtpd } = await pureFtpdPrograms();
  for (const executable of [pureFtpd, copyOf(pureFtpd, 'pure-ftpd')]) {
    const own = await startFtpdOfUser(carol, executable);
    t.after(() => own.end());
    // Some builds refuse to serve without root's rights.
    const client = await connectFtp({ host: '127.0.0.1', port: own.port }).catch(() => undefined);
    t.after(() => client?.destroy());
  }
}

/** With a session of its own, whose login it names alice. */
async function runOwnProftpd(t: TestContext): Promise<void> {
  const programs = await proftpdPrograms('own', '');
  const folder = folderOfCarol('proftpd-');
  const passwords = join(folder, 'passwords');
  const line = `alice:${cryptHash('any')}:${carol.uid}:${carol.gid}::${carol.home}:/bin/sh\n`;
  writeFileSync(passwords, line, { mode: 0o600 });
  chownSync(passwords, carol.uid, carol.gid);
  for (const executable of [programs.proftpd, copyOf(programs.proftpd, 'proftpd')]) {
    const { child, port } = await startOnFreePort({
      what: 'the ProFTPD of a user',
      launch: (port) => {
        const file = join(folder, `${port}.conf`);
        const lines = [
          programs.modules([]),
          'ServerType standalone',
          `Port ${port}`,
          'DefaultAddress 127.0.0.1',
          'UseIPv6 off',
          'UseReverseDNS off',
          'User carol',
          'Group carol',
          `PidFile ${folder}/${port}.pid`,
          `ScoreboardFile ${folder}/${port}.scoreboard`,
          `AuthUserFile ${passwords}`,
          'AuthOrder mod_auth_file.c',
          'RequireValidShell off',
          'WtmpLog off',
          'TransferLog none',
        ];
        writeFileSync(file, lines.map((each) => `${each}\n`).join(''));
        return spawn(executable, ['-n', '-q', '-c', file], {
          env: { LD_LIBRARY_PATH: programs.libraries.join(delimiter), ROOM: '-'.repeat(400) },
          stdio: ['ignore', 'ignore', 'pipe'],
          uid: carol.uid,
          gid: carol.gid,
        });
      },
      serves: ({ pid }) => titleOf(pid) === 'proftpd: (accepting connections)',
    });
    t.after(() => child.kill('SIGKILL'));
    const client = await connectFtp({ host: '127.0.0.1', port });
    t.after(() => client.destroy());
    await client.login('alice', 'any');
    const pid = await client.sessionPid();
    await until(() => titleOf(pid) === 'proftpd: alice - 127.0.0.1: IDLE', {
      what: 'its session is titled like one of alice’s',
    });
  }
}

/** With a session that its title names alice's: an anonymous login is shown as what it runs as. */
async function runOwnVsftpd(t: TestContext): Promise<void> {
  const { vsftpd } = await vsftpdProgram('debian-12');
  for (const executable of [vsftpd, copyOf(vsftpd, 'vsftpd')]) {
    const own = await startVsftpd({
      executable,
      titles: true,
      as: carol,
      anonymous: alice,
      isNewlyConfigured: true,
      settings: {
        one_process_model: 'YES',
        run_as_launching_user: 'YES',
        anon_root: folderOfCarol('anonymous-', 0o555),
      },
    });
    t.after(() => own.stop());
    const client = await connectFtp(own);
    t.after(() => client.destroy());
    await client.login('ftp', 'any');
    const pid = await client.sessionPid();
    await until(() => titleOf(pid) === 'vsftpd: 127.0.0.1/alice: IDLE', {
      what: 'its session is titled like one of alice’s',
    });
  }
}

/** In a folder that lets every user in, as a program of carol's. */
function copyOf(program: string, name: string): string {
  const copy = join(folderOfCarol('copy-'), name);
  copyFileSync(program, copy);
  chmodSync(copy, 0o755);
  chownSync(copy, carol.uid, carol.gid);
  return copy;
}

function folderOfCarol(prefix: string, mode = 0o755): string {
  const folder = mkdtempSync(join(sandboxFolder, prefix));
  chmodSync(folder, mode);
  chownSync(folder, carol.uid, carol.gid);
  return folder;
}
