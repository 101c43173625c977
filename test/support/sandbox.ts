import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import type { Writable } from 'node:stream';
import { sandboxFolder, secretVariable, usersWith } from './users.ts';

/**
 * Makes the private mounts, then runs its arguments. It is pid 1 of the sandbox: it reaps orphans,
 * and when it ends, the kernel ends every process that is left. Descriptor 3 is the lifeline: once
 * its other end is closed, even by a SIGKILL, the command is asked to end and later made to.
 * Our lines come first in the files, so a user of the same name on the host makes no difference.
 */
const setup = `
set -eu
mount -t tmpfs -o mode=755 tmpfs /run
mkdir ${sandboxFolder} ${sandboxFolder}/home
mkdir -m 1777 ${sandboxFolder}/tmp
cover() {
  (umask 077; { printf '%s\\n' "$3"; cat "/etc/$1"; } > "${sandboxFolder}/$1")
  chmod "$2" "${sandboxFolder}/$1"
  mount --bind "${sandboxFolder}/$1" "/etc/$1"
}
cover passwd 644 "$TEST_PASSWD"
cover shadow 600 "$TEST_SHADOW"
cover group 644 "$TEST_GROUP"
cover hosts 644 '::1 localhost'
printf '%s\\n' "$TEST_PASSWD" | while IFS=: read -r name x uid gid rest; do
  mkdir -m 755 "${sandboxFolder}/home/$name"
  chown "$uid:$gid" "${sandboxFolder}/home/$name"
done
unset TEST_PASSWD TEST_SHADOW TEST_GROUP
export TMPDIR=${sandboxFolder}/tmp UAPID_SANDBOX=1
"$@" 3<&- &
command=$!
{ read -r end <&3 || :; kill -TERM $command; sleep 10; kill -KILL $command; } 2>/dev/null &
exec 3<&-
code=0
wait $command || code=$?
exit $code
`;

const unshare = ['--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];

/** A command that runs in a sandbox of its own. */
export interface Sandboxed {
  /** The command's exit code; 128 and the signal's number when a signal ended it. */
  readonly exitCode: Promise<number>;
  /** Asks the command to end (SIGTERM); called again it ends the sandbox at once. */
  stop(): void;
}

/** True inside a sandbox. */
export function isSandbox(): boolean {
  const { UAPID_SANDBOX } = process.env;
  return UAPID_SANDBOX === '1';
}

/** Why no sandbox can be made here, as a sentence without its full stop; undefined when it can. */
export function sandboxObstacle(): string | undefined {
  if (process.platform !== 'linux') {
    return `it needs Linux, this is ${process.platform}`;
  }
  if (process.getuid?.() !== 0) {
    return 'it needs root';
  }
  const trial = spawnSync('unshare', [...unshare, 'mount', '-t', 'tmpfs', 'tmpfs', '/run'], {
    encoding: 'utf8',
  });
  if (trial.error !== undefined) {
    return `unshare (util-linux) cannot be started: ${trial.error.message}`;
  }
  return trial.status === 0 ? undefined : `unshare is not possible: ${trial.stderr.trim()}`;
}

/**
 * What a test that needs the sandbox passes as node:test's `skip`: false inside a sandbox, else the
 * reason. Throws where CI=true, because there a skipped test must not look like a passed one.
 */
export function needsSandbox(): false | string {
  if (isSandbox()) {
    return false;
  }
  const reason = 'needs the sandbox with a real FTP daemon: run `npm test` as root on Linux';
  const { CI } = process.env;
  if (CI === 'true') {
    throw new Error(`CI=true forbids to skip, and this test ${reason}`);
  }
  return reason;
}

/**
 * Runs a command with a process table, a /run, a temp folder and system users of its own; standard
 * output and error are this process's. Nothing of the host is changed and nothing is left behind.
 */
export function inSandbox(command: readonly string[]): Sandboxed {
  const secret = randomBytes(12).toString('hex');
  // A session of its own, so that Ctrl-C reaches this process alone, which then ends it in order.
  const child = spawn('unshare', [...unshare, 'sh', '-c', setup, 'sandbox', ...command], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, ...accountFiles(secret), [secretVariable]: secret },
  });
  const lifeline = child.stdio[3] as Writable;
  lifeline.on('error', () => undefined);
  return {
    exitCode: new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) =>
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
      );
    }),
    stop() {
      if (lifeline.destroyed) {
        child.kill('SIGKILL');
      }
      lifeline.destroy();
    },
  };
}

/**
 * Runs a command in a sandbox as the whole work of this process: SIGINT, SIGTERM and SIGHUP end it
 * in order, a second one at once. Resolves to its exit code.
 */
export async function becomeSandbox(command: readonly string[]): Promise<number> {
  const sandboxed = inSandbox(command);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => sandboxed.stop());
  }
  return await sandboxed.exitCode;
}

/** The lines of passwd(5), shadow(5) and group(5) for the test users. */
function accountFiles(secret: string): Record<string, string> {
  const users = Object.values(usersWith(secret));
  const hashes = execFileSync('openssl', ['passwd', '-6', '-stdin'], {
    input: users.map((user) => `${user.password}\n`).join(''),
    encoding: 'utf8',
  }).split('\n');
  const lines = users.map((user, index) => ({
    passwd: `${user.name}:x:${user.uid}:${user.gid}::${user.home}:/bin/sh`,
    shadow: `${user.name}:${hashes[index]}:19000:0:99999:7:::`,
    group: `${user.name}:x:${user.gid}:`,
  }));
  return {
    TEST_PASSWD: lines.map((line) => line.passwd).join('\n'),
    TEST_SHADOW: lines.map((line) => line.shadow).join('\n'),
    TEST_GROUP: lines.map((line) => line.group).join('\n'),
  };
}
