import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Processes that have nothing to do with FTP. */
export interface Unrelated {
  /** Ends them; resolves once they are gone. */
  stop(): Promise<void>;
}

const script = `
i=0
while [ $i -lt "$1" ]; do
  sleep 3600 > /dev/null &
  echo $!
  i=$((i + 1))
done
exec 1>&-
wait
`;

/** Starts so many; resolves when all of them are there. */
export async function startUnrelated(count: number): Promise<Unrelated> {
  const shell = spawn('sh', ['-c', script, 'unrelated', `${count}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(shell, 'exit');
  const pids: number[] = [];
  for await (const line of createInterface({ input: shell.stdout })) {
    pids.push(Number(line));
  }
  return {
    async stop() {
      for (const pid of pids) {
        process.kill(pid);
      }
      await exited;
    },
  };
}
