import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openAccountStore } from '../../../src/accounts/account-store.ts';
import { plainEnv } from '../../support/cli-run.ts';
import { shortLived } from '../../support/node-flags.ts';
import { childrenOf, isAlive } from '../../support/processes.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { cli, withoutMetrics } from '../../support/uapid.ts';
import { until } from '../../support/until.ts';
import { ask, type Place } from '../channel/ask.ts';
import { makeState } from '../channel/served.ts';

type Output = number | 'pipe';

interface Running extends Place {
  /** What it has said where that can be read. */
  said(): string;
  /** Ends it with SIGTERM; resolves to how it ended, once none of its processes is left. */
  stop(): Promise<number | string | null>;
}

/** A server with these standard streams. */
async function serveInto(
  t: TestContext,
  { stdout = 'pipe', stderr = 'pipe' }: { stdout?: Output; stderr?: Output },
  state = makeState(t),
): Promise<Running> {
  const place = ['--listen', 'http://127.0.0.1:0', '--state-dir', state.stateDir];
  const flags = [...withoutMetrics, '--log-level', 'debug', ...place];
  const child = spawn(process.execPath, [...shortLived, cli, 'serve', ...flags], {
    stdio: ['ignore', stdout, stderr],
    env: plainEnv(),
  });
  const exit = once(child, 'exit');
  let family: number[] = [];
  t.after(async () => {
    for (const pid of [child.pid ?? 0, ...family]) {
      if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    }
    await exit;
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  await until(() => hasEnded() || /http:\/\/127\.0\.0\.1:\d+/.test(said), {
    what: 'it says where it listens',
    timeoutMs: 60_000,
  });
  assert.ok(!hasEnded(), `it ended with ${child.exitCode}: ${said}`);
  return {
    url: /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0] ?? '',
    user: 'admin',
    password: state.password,
    said: () => said,
    async stop() {
      family = childrenOf(child.pid ?? 0).map(({ pid }) => pid);
      assert.equal(family.length, 2);
      child.kill('SIGTERM');
      await until(hasEnded, { what: 'it ends', timeoutMs: 60_000 });
      await until(() => !family.some(isAlive), { what: 'its processes end' });
      return child.exitCode ?? child.signalCode;
    },
  };
}

/** A pipe that has a name; `writer` blocks, as a shell's does. */
function openPipe(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'uapid-pipe-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { path, reader, writer: openSync(path, 'w') };
}

/** The writing end of a pipe that is full, and the reading end. */
function fullPipe(t: TestContext) {
  const { path, ...ends } = openPipe(t);
  const filler = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    for (;;) writeSync(filler, '-');
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
  }
  closeSync(filler);
  return ends;
}

function unreadPipe(t: TestContext): number {
  const { reader, writer } = openPipe(t);
  closeSync(reader);
  return writer;
}

const sinks: readonly [what: string, open: (t: TestContext) => number][] = [
  ['a full disk', () => openSync('/dev/full', 'a')],
  ['a pipe whose reader has gone', unreadPipe],
  ['a pipe that nobody reads', (t) => fullPipe(t).writer],
];

for (const [what, open] of sinks) {
  test(`with ${what} under its log a server answers, and ends on SIGTERM with all its processes`, async (t) => {
    const stderr = open(t);
    t.after(() => closeSync(stderr));
    const uapid = await serveInto(t, { stderr });
    for (let count = 0; count < 3; count += 1) assert.equal((await ask(uapid)).status, 200);
    assert.equal(await uapid.stop(), 0);
  });

  // A pipe that nobody reads takes the banner once it is read.
  if (what === 'a pipe that nobody reads') continue;

  test(`with ${what} under its start-up banner a server serves, and its log says so`, async (t) => {
    const stdout = open(t);
    t.after(() => closeSync(stdout));
    const uapid = await serveInto(t, { stdout });
    assert.equal((await ask(uapid)).status, 200);
    await until(() => /the start-up banner cannot be written/.test(uapid.said()), {
      what: 'the log says so',
    });
    assert.equal(await uapid.stop(), 0);
  });
}

test('a first start whose password nobody could be shown makes none', async (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'uapid-first-'));
  t.after(() => rmSync(stateDir, { recursive: true }));
  const stdout = openSync('/dev/full', 'a');
  t.after(() => closeSync(stdout));
  const uapid = await serveInto(t, { stdout }, { stateDir, password: '' });
  await until(() => /the start-up banner cannot be written/.test(uapid.said()), {
    what: 'the log tells of it',
  });
  assert.deepEqual(openAccountStore(stateDir).list(), []);
  assert.equal(await uapid.stop(), 0);
});

test('a log whose pipe is read again has the lines of the time between', async (t) => {
  const { reader, writer } = fullPipe(t);
  t.after(() => {
    for (const fd of [reader, writer]) closeSync(fd);
  });
  const uapid = await serveInto(t, { stderr: writer });
  await ask(uapid, '/Ftp/get_port');
  const chunks: string[] = [];
  const text = () => chunks.join('');
  await until(() => chunks.push(readSome(reader)) && /get_port/.test(text()), {
    what: 'the line is there',
  });
  assert.equal(await uapid.stop(), 0);
});

test('a log whose disk has room again has the lines of the time between', {
  skip: needsSandbox(),
}, async (t) => {
  const disk = mkdtempSync(join(tmpdir(), 'uapid-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'uapid-disk', disk]);
  t.after(() => {
    execFileSync('umount', ['--lazy', disk]);
    rmSync(disk, { recursive: true });
  });
  const log = join(disk, 'log');
  const stderr = openSync(log, 'a');
  t.after(() => closeSync(stderr));
  const filler = join(disk, 'filler');
  assert.throws(() => writeFileSync(filler, Buffer.alloc(128 * 1024)), { code: 'ENOSPC' });
  const uapid = await serveInto(t, { stderr });
  await ask(uapid, '/Ftp/get_port');
  assert.equal(readFileSync(log, 'utf8'), '');
  rmSync(filler);
  await until(() => /get_port/.test(readFileSync(log, 'utf8')), { what: 'the line is there' });
  assert.equal(await uapid.stop(), 0);
});

/** What there is to read of a pipe at the moment, at most 64 KiB. */
function readSome(fd: number): string {
  const buffer = Buffer.alloc(65_536);
  try {
    return buffer.toString('latin1', 0, readSync(fd, buffer));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return '';
    throw error;
  }
}
