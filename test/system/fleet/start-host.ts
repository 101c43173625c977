import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { shortLived } from '../../support/node-flags.ts';
import type { Member } from './fleet-scene.ts';

/** A host that runs. */
export interface RunningHost {
  readonly name: string;
  /** Of its FTP server, on 127.0.0.1. */
  readonly port: number;
  readonly host: '127.0.0.1';
  /**
   * Stops all processes of its uapid, which stay connected, or lets them go on; kills the worker, or has
   * uapid read its configuration again.
   */
  tell(what: 'freeze' | 'thaw' | 'kill-worker' | 'reload'): Promise<void>;
  /** Ends all of it at once, as a power failure does. */
  kill(): Promise<void>;
}

const program = fileURLToPath(new URL('./host-program.js', import.meta.url));

/** A process table and a folder for the FTP server's records that are no other host's. */
const script = (prepare: string) =>
  `mkdir -p /run/pure-ftpd && mount -t tmpfs tmpfs /run/pure-ftpd && ${prepare} && exec "$@"`;
const unshare = ['--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];

/** `prepare` are commands of sh(1) that come before all of its programs, in its own namespaces. */
export async function startHost({
  name,
  stateDir,
  flags,
  prepare = 'true',
}: Member & { readonly prepare?: string }): Promise<RunningHost> {
  const command = [process.execPath, ...shortLived, program, stateDir, ...flags];
  const child = spawn('unshare', [...unshare, 'sh', '-c', script(prepare), 'host', ...command], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the host ${name} has ended`);
    return JSON.parse(value);
  };
  const closed = once(child, 'close');
  const { port } = await read();
  return {
    name,
    port,
    host: '127.0.0.1',
    tell: async (what) => {
      child.stdin.write(`${what}\n`);
      await read();
    },
    kill: async () => {
      child.kill('SIGKILL');
      await closed;
    },
  };
}
