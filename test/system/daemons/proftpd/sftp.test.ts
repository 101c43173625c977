import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createEngine } from '../../../../src/collector/engine.ts';
import { switchedOn } from '../../../../src/daemons/description.ts';
import { daemonDrivers } from '../../../../src/daemons/index.ts';
import { createProcfsTable } from '../../../../src/os/processes/procfs.ts';
import { onFreePort } from '../../../support/free-port.ts';
import { makeHome } from '../../../support/homes.ts';
import { childrenOf } from '../../../support/processes.ts';
import { type Proftpd, startProftpd } from '../../../support/proftpd.ts';
import { needsSandbox } from '../../../support/sandbox.ts';
import { until } from '../../../support/until.ts';
import { sandboxFolder, users } from '../../../support/users.ts';

const { alice } = users;

describe('the SFTP sessions of a ProFTPD', { skip: needsSandbox() }, () => {
  let daemon: Proftpd;
  let sftpPort = 0;
  let key: string;
  let client: ChildProcess | undefined;

  before(async () => {
    const folder = mkdtempSync(join(sandboxFolder, 'sftp-'));
    key = join(folder, 'key');
    execFileSync('ssh-keygen', ['-q', '-t', 'rsa', '-N', '', '-f', key]);
    const authorizedKey = join(folder, 'authorized');
    writeFileSync(authorizedKey, execFileSync('ssh-keygen', ['-e', '-f', `${key}.pub`]));
    await makeHome(alice, [['big.bin', 60_000_000]]);
    daemon = await onFreePort((port) => {
      sftpPort = port;
      return startProftpd({ sftp: { port, authorizedKey } });
    });
  });
  after(async () => {
    client?.kill('SIGKILL');
    await daemon?.stop();
  });

  const scan = (proftpdSftp: readonly string[]) =>
    createEngine({
      drivers: daemonDrivers,
      settings: { proftpd: { proftpdSftp } },
      table: createProcfsTable(),
      maxScanMs: 120_000,
    }).scan(null);

  test('say so, are idle and transfer by their open file, and count as FTP where that is set', async () => {
    const options = [
      ...['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR'],
      `IdentityFile=${key}`,
    ].flatMap((option) => ['-o', option]);
    client = spawn(
      'sftp',
      [...options, '-b', '-', '-l', '400', '-P', `${sftpPort}`, `${alice.name}@127.0.0.1`],
      { stdio: ['pipe', 'ignore', 'inherit'] },
    );
    const idle = await until(
      async () => {
        const found = await scan([]);
        return found.sessions.length > 0 && found;
      },
      { what: 'the login shows' },
    );
    assert.deepEqual(idle.gaps, []);
    const told = (sessions: typeof idle.sessions) =>
      sessions.map(({ user, protocol, state, file, bytesMoved, localPort, isUnlisted }) => [
        user,
        protocol,
        state,
        file,
        bytesMoved,
        localPort,
        isUnlisted,
      ]);
    assert.deepEqual(told(idle.sessions), [['alice', 'sftp', 'idle', '', null, sftpPort, true]]);
    client.stdin?.write(`get big.bin /dev/null\n`);
    const path = `${alice.home}/big.bin`;
    const loading = await until(
      async () => {
        const { sessions } = await scan([switchedOn]);
        return sessions.some(({ state }) => state !== 'idle') && sessions;
      },
      { what: 'the download shows' },
    );
    assert.deepEqual(told(loading), [
      ['alice', 'sftp', 'download', path, null, sftpPort, undefined],
    ]);
    assert.equal(childrenOf(daemon.pid).length, 1);
  });
});
