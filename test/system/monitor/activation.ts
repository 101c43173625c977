import { type ChildProcess, spawn } from 'node:child_process';
import type { TestContext } from 'node:test';
import { until } from '../../support/until.ts';

/** A socket as a unit may have one. */
export interface UnitSocket {
  readonly kind: 'listening' | 'bound' | 'udp' | 'unix';
  /** An IP address; 127.0.0.1 unless given. */
  readonly host?: string;
  /** What systemd calls it. */
  readonly name?: string;
}

/*
 * What systemd does for units with sockets (sd_listen_fds(3)): it has the sockets, and runs a
 * program with them as descriptors 3 and above and with the variables that tell of them, as often as
 * a line comes in that holds the program and its arguments.
 */
const manager = `
import json, os, socket, sys
held = []
for kind, host in json.loads(sys.argv[1]):
    family = socket.AF_UNIX if kind == "unix" else socket.AF_INET6 if ":" in host else socket.AF_INET
    s = socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
    if kind != "unix":
        s.bind((host, 0))
    if kind == "listening":
        s.listen(64)
    # Out of the way of the numbers that they are handed over as.
    held.append((s, os.dup2(s.fileno(), 100 + len(held), inheritable=False)))
print("ports", *[0 if s.family == socket.AF_UNIX else s.getsockname()[1] for s, fd in held], flush=True)
for line in sys.stdin:
    argv, env, other = json.loads(line)
    pid = os.fork()
    if pid == 0:
        for index, (s, fd) in enumerate(held):
            os.dup2(fd, 3 + index, inheritable=True)
        env["LISTEN_PID"] = "1" if other else str(os.getpid())
        os.execve(argv[0], argv, env)
    print("started", pid, flush=True)
    print("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
`;

export interface Manager {
  readonly ports: readonly number[];
  /** Starts the program; resolves to its pid. `isOthers` says that the sockets are another's. */
  start(argv: readonly string[], isOthers?: boolean): Promise<number>;
  /** Resolves to the exit code of the program that was started last. */
  ended(): Promise<number>;
  stdout(): string;
  stderr(): string;
}

/** Makes the sockets; all is gone with the test. */
export async function startManager(
  t: TestContext,
  sockets: readonly UnitSocket[],
): Promise<Manager> {
  const wanted = sockets.map(({ kind, host = '127.0.0.1' }) => [kind, host]);
  const child = spawn('python3', ['-c', manager, JSON.stringify(wanted)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const output = collect(child);
  let pid = 0;
  t.after(() => {
    child.kill('SIGKILL');
    try {
      if (pid !== 0) process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  });
  const line = (pattern: RegExp) =>
    until(() => pattern.exec(output.stdout())?.[1], { what: `${pattern}`, timeoutMs: 60_000 });
  const ports = (await line(/^ports (.*)$/m)).split(' ').map(Number);
  const env = {
    PATH: process.env['PATH'],
    LISTEN_FDS: String(sockets.length),
    LISTEN_FDNAMES: sockets.map(({ name = 'uapid.socket' }) => name).join(':'),
  };
  let starts = 0;
  return {
    ports,
    async start(argv, isOthers = false) {
      starts += 1;
      child.stdin.write(`${JSON.stringify([argv, env, isOthers])}\n`);
      pid = Number(await line(new RegExp(`(?:^started (\\d+)$[\\s\\S]*?){${starts}}`, 'm')));
      return pid;
    },
    ended: async () =>
      Number(await line(new RegExp(`(?:^ended (-?\\d+)$[\\s\\S]*?){${starts}}`, 'm'))),
    ...output,
  };
}

function collect({ stdout, stderr }: ChildProcess) {
  const said = { stdout: '', stderr: '' };
  stdout?.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
  });
  stderr?.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  return { stdout: () => said.stdout, stderr: () => said.stderr };
}
