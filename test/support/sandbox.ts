import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import type { Writable } from 'node:stream';
import { sandboxFolder, secretVariable, usersWith } from './users.ts';

/**
 * Makes the private mounts. The whole folder /etc is covered, by an overlay or, where none can be, by
 * a copy: a cover of single files is dropped by the kernel as soon as the host replaces one of them,
 * as every change of an account does. The lines of the test users come first in the files, so a user
 * of the same name on the host makes no difference.
 */
const mounts = `
set -eu
mount -t tmpfs -o mode=755 tmpfs /run
mkdir ${sandboxFolder} ${sandboxFolder}/home ${sandboxFolder}/etc ${sandboxFolder}/etc-work
mkdir -m 1777 ${sandboxFolder}/tmp
layers="lowerdir=/etc,upperdir=${sandboxFolder}/etc,workdir=${sandboxFolder}/etc-work"
mount -t overlay -o "$layers" overlay /etc 2>/dev/null || {
  cp -a /etc/. ${sandboxFolder}/etc
  mount --bind ${sandboxFolder}/etc /etc
}
begin() {
  rest=$(cat "/etc/$1")
  printf '%s\n%s\n' "$2" "$rest" > "/etc/$1"
}
begin passwd "$TEST_PASSWD"
begin shadow "$TEST_SHADOW"
begin group "$TEST_GROUP"
printf '::1 localhost\\n127.0.0.1 localhost %s\\n' "$(uname -n)" > /etc/hosts
printf '%s\n' "$TEST_PASSWD" | while IFS=: read -r name x uid gid rest; do
  mkdir -m 755 "${sandboxFolder}/home/$name"
  chown "$uid:$gid" "${sandboxFolder}/home/$name"
done
unset TEST_PASSWD TEST_SHADOW TEST_GROUP
export TMPDIR=${sandboxFolder}/tmp UAPID_SANDBOX=1
`;

/** A new network has a loopback interface that is down. Debian always has perl, and often no `ip`. */
const loopback = `
ip link set lo up 2>/dev/null ||
  perl -e 'socket(S, 2, 2, 0); $up = pack("a16s", "lo", 0x49); ioctl(S, 0x8914, $up) or die "lo: $!"'
`;

/**
 * A look reads /proc/net/tcp, which walks through the table of all connections: that of a host has
 * some half a million places, and to read it takes 5 ms even where it is empty. A network gets one of
 * its own, of a size that its parent names (ip-sysctl, since Linux 6.2), so that a sandbox needs
 * networks twice. Where that cannot be, it reads slowly.
 */
const smallTable = 'echo 4096 2>/dev/null > /proc/sys/net/ipv4/tcp_child_ehash_entries || true';

/** Nor are thousands of connections remembered that have ended a minute ago. */
const shortMemory = 'echo 128 2>/dev/null > /proc/sys/net/ipv4/tcp_max_tw_buckets || true';
const inSmallNetwork = ['unshare', '--net', 'sh', '-c', `${smallTable}; exec "$@"`, 'sh'];

/**
 * Runs its arguments and writes what times(1p) says of them to descriptor 4, where there is one. In a
 * sandbox it is pid 1: it reaps orphans, and when it ends, the kernel ends every process that is left.
 * Descriptor 3 is the lifeline: once its other end is closed, even by a SIGKILL, the command is asked
 * to end and later made to.
 */
const supervise = `
{ true >&4; } 2>/dev/null || exec 4>/dev/null
"$@" 3<&- 4>&- &
command=$!
{ read -r end <&3 || :; kill -TERM $command; sleep 10; kill -KILL $command; } 2>/dev/null 4>&- &
exec 3<&-
code=0
wait $command || code=$?
times >&4
exit $code
`;

const unshare = ['--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];

export interface SupervisedOptions {
  /** A loopback interface of its own and no other; the network of this process unless given. */
  readonly ownNetwork?: boolean;
  /** Standard output, standard error, and where the times go; of this process, and none, unless given. */
  readonly output?: readonly [StdioValue, StdioValue, StdioValue];
  readonly env?: Readonly<Record<string, string>>;
}

type StdioValue = 'ignore' | 'inherit' | number;

/** A command that ends when this process does. */
export interface Supervised {
  /** The command's exit code; 128 and the signal's number when a signal ended it. */
  readonly exitCode: Promise<number>;
  /** Asks the command to end (SIGTERM); called again it ends all that it started at once. */
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
  const trial = spawnSync(
    'unshare',
    [...unshare, '--net', 'sh', '-c', `set -e\nmount -t tmpfs tmpfs /run\n${loopback}`],
    { encoding: 'utf8' },
  );
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
 * Runs a command with a process table, a /run, a temp folder and system users of its own. Nothing of
 * the host is changed and nothing is left behind.
 */
export function inSandbox(
  command: readonly string[],
  { ownNetwork = false, env = {}, ...options }: SupervisedOptions = {},
): Supervised {
  const secret = randomBytes(12).toString('hex');
  const script = `${mounts}${ownNetwork ? [smallTable, shortMemory, loopback].join('\n') : ''}${supervise}`;
  const namespaces = ownNetwork
    ? [...inSmallNetwork, 'unshare', ...unshare, '--net']
    : ['unshare', ...unshare];
  return supervised([...namespaces, 'sh', '-c', script, 'sandbox', ...command], {
    ...options,
    env: { ...env, ...accountFiles(secret), [secretVariable]: secret },
  });
}

/** Runs a command in a process group of its own; what is left of that when it ends is ended too. */
export function besideSandboxes(
  command: readonly string[],
  options: SupervisedOptions = {},
): Supervised {
  return supervised(['sh', '-c', supervise, 'supervise', ...command], options);
}

function supervised(
  [file = '', ...args]: readonly string[],
  { output: [out, err, times] = ['inherit', 'inherit', 'ignore'], env }: SupervisedOptions,
): Supervised {
  // A session of its own, so that Ctrl-C reaches this process alone, which then ends it in order.
  const child = spawn(file, args, {
    detached: true,
    stdio: ['ignore', out, err, 'pipe', times],
    env: { ...process.env, ...env },
  });
  const lifeline = child.stdio[3] as Writable;
  lifeline.on('error', () => undefined);
  const endGroup = () => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Nothing of it is left.
    }
  };
  return {
    exitCode: new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        endGroup();
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
      });
    }),
    stop() {
      if (lifeline.destroyed) endGroup();
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
