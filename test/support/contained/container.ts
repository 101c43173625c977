import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Cgroup } from '../cgroups.ts';
import type { Cleanup } from '../cleanup.ts';
import { EndedEarly, startOnFreePort } from '../free-port.ts';
import { connectFtp, type FtpClient } from '../ftp-client.ts';
import { expectReply } from '../ftp-reply.ts';
import { allProcesses, childrenOf, processStat } from '../processes.ts';
import { until } from '../until.ts';

/** The uid of this host that is root's in a user namespace of a container's own. */
export const firstMappedUid = 100_000;

/** How a container is made: each has mount, PID and network namespaces of its own. */
export interface ContainerOptions {
  readonly cgroup: Cgroup;
  /** A user namespace too, whose uids are 100,000 higher on this host. */
  readonly mapsUsers?: boolean;
  /** False for this process' network. */
  readonly hasOwnNetwork?: boolean;
}

/** How a daemon is started in a container. */
export interface DaemonCommand {
  readonly command: (port: number) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A daemon in a container. */
export interface ContainedDaemon {
  /** Of the container's first process, by this PID namespace. */
  readonly pid: number;
  readonly port: number;
  /** A client that has connected from within its network, which ends with the test. */
  connect(): Promise<FtpClient>;
  /** Begins a transfer of that client's, which lasts until the test ends. */
  startTransfer(client: FtpClient, command: string): Promise<void>;
}

/** In memory, and each container's own; for what a daemon writes while it runs. */
export const ownFolder = '/run/contained';

/** Waits for its uids where it has a user namespace, and then becomes a container. */
const begin = `
set -eu
ip link set lo up 2>/dev/null ||
  perl -e 'socket(S, 2, 2, 0); $up = pack("a16s", "lo", 0x49); ioctl(S, 0x8914, $up) or die "lo: $!"'
for each in /run/pure-ftpd ${ownFolder}; do mount -t tmpfs -o mode=755 tmpfs "$each"; done
mount -t proc proc /proc
exec "$@"
`;
const waits = 'read go && exec "$@" </dev/null';
const asMappedRoot = [
  ...['setpriv', `--reuid=${firstMappedUid}`, `--regid=${firstMappedUid}`, '--clear-groups'],
];
const enters = 'echo $$ > "$1"; shift; exec "$@"';

/** Starts a daemon in a container that ends with the test, and resolves once it greets. */
export async function startContained(
  t: Cleanup,
  { cgroup, mapsUsers = false, hasOwnNetwork = true }: ContainerOptions,
  { command, env = {} }: DaemonCommand,
): Promise<ContainedDaemon> {
  for (const each of ['/run/pure-ftpd', ownFolder]) mkdirSync(each, { recursive: true });
  const network = hasOwnNetwork ? ['--net'] : [];
  const namespaces = ['unshare', '--mount', ...network, '--pid', '--fork', '--kill-child'];
  const users = mapsUsers ? [...asMappedRoot, 'unshare', '--user', 'sh', '-c', waits, 'sh'] : [];
  let mapped: Promise<void> | undefined;
  const { child, port } = await startOnFreePort({
    what: 'the daemon in a container',
    launch: (port) => {
      mapped = undefined;
      const container = [...users, ...namespaces, 'sh', '-c', begin, 'sh', ...command(port)];
      return spawn('sh', ['-c', enters, 'sh', cgroup.procs, ...container], {
        stdio: [mapsUsers ? 'pipe' : 'ignore', 'ignore', 'pipe'],
        env: { PATH: process.env['PATH'], ...env },
      });
    },
    serves: async ({ port, pid, input }) => {
      mapped ??= mapsUsers ? mapUsers(pid).then(() => void input?.end('go\n')) : Promise.resolve();
      await mapped;
      const inside = insideOf(pid);
      if (inside === undefined) return false;
      const client = await connectInto(t, inside, port).catch(() => undefined);
      client?.destroy();
      return client;
    },
  });
  const top = child.pid ?? 0;
  const pid = insideOf(top);
  if (pid === undefined) throw new EndedEarly('the container has ended');
  t.after(() => endAll(child, pid));
  return {
    pid,
    port,
    connect: () => connectInto(t, pid, port),
    startTransfer: async (client, command) => {
      const passive = expectReply(await client.command('EPSV'), 229);
      pipeInto(t, pid, Number(/\(\|\|\|(\d+)\|\)/.exec(passive.text)?.[1]));
      expectReply(await client.command(command), 125, 150);
    },
  };
}

/** The first process of the container: its PID namespace's. */
function insideOf(top: number): number | undefined {
  const own = readlinkSync('/proc/self/ns/pid');
  for (let pid: number | undefined = top; pid !== undefined; pid = childrenOf(pid)[0]?.pid) {
    try {
      if (readlinkSync(`/proc/${pid}/ns/pid`) !== own) return pid;
    } catch {
      return undefined;
    }
  }
  return undefined;
}

async function mapUsers(pid: number): Promise<void> {
  const own = readlinkSync('/proc/self/ns/user');
  await until(() => readlinkSync(`/proc/${pid}/ns/user`) !== own, { what: 'it has a namespace' });
  for (const map of ['uid_map', 'gid_map']) {
    writeFileSync(`/proc/${pid}/${map}`, `0 ${firstMappedUid} 65536`);
  }
}

/** The end of the first process is that of its PID namespace. */
async function endAll(child: ChildProcess, pid: number): Promise<void> {
  for (const each of [pid, child.pid ?? 0]) {
    try {
      process.kill(each, 'SIGKILL');
    } catch {
      // Gone.
    }
  }
  await until(() => (processStat(pid)?.state ?? 'Z') === 'Z', { what: 'the container has ended' });
}

const pipe =
  'const s = require("node:net").connect(+process.argv[1], "127.0.0.1"); process.stdin.pipe(s).pipe(process.stdout); s.on("close", () => process.exit())';

/** A connection from within a network namespace, whose bytes go by standard input and output. */
function pipeInto(t: Cleanup, pid: number, port: number) {
  const enter = [`--net=/proc/${pid}/ns/net`, process.execPath, '-e', pipe, String(port)];
  const inside = spawn('nsenter', enter, { stdio: ['pipe', 'pipe', 'ignore'] });
  t.after(() => void inside.kill('SIGKILL'));
  inside.stdin.on('error', () => {});
  return inside;
}

/** Connects from within a network namespace, through a port that forwards to it as a proxy does. */
export async function connectInto(t: Cleanup, pid: number, port: number): Promise<FtpClient> {
  const proxy = createServer((socket) => {
    const inside = pipeInto(t, pid, port);
    inside.once('exit', () => socket.destroy());
    socket.once('close', () => inside.kill('SIGKILL'));
    socket.on('error', () => {});
    socket.pipe(inside.stdin);
    inside.stdout.pipe(socket);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.after(() => proxy.close());
  const address = proxy.address();
  if (typeof address !== 'object' || address === null) throw new Error('the proxy has no port');
  const client = await connectFtp({ host: '127.0.0.1', port: address.port });
  t.after(() => client.destroy());
  return client;
}

/** The processes below one, at any depth. */
export function descendantsOf(pid: number): number[] {
  const all = allProcesses().filter(({ state }) => state !== 'Z');
  const below = (parent: number): number[] =>
    all.filter((each) => each.parent === parent).flatMap((each) => [each.pid, ...below(each.pid)]);
  return below(pid);
}
