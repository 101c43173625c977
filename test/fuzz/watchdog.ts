import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

/** An input that takes longer hangs. */
const defaultHangMs = 20_000;
const everyMs = 500;

/** Notes which input is being tried, where the watchdog's thread sees it. */
export interface Watchdog {
  note(target: number, index: number): void;
  stop(): Promise<void>;
}

/** Starts a thread that ends this process, naming the input, when one is not done with in time. */
export function startWatchdog(
  names: readonly string[],
  seed: number,
  hangMs = defaultHangMs,
): Watchdog {
  const shared = new Int32Array(new SharedArrayBuffer(12));
  const workerData: Watched = { shared, names, seed, hangMs };
  const worker = new Worker(new URL(import.meta.url), { workerData, execArgv: [] });
  worker.unref();
  return {
    note: (target, index) => {
      shared[0] = target;
      shared[1] = index;
      Atomics.add(shared, 2, 1);
    },
    stop: async () => {
      await worker.terminate();
    },
  };
}

interface Watched {
  readonly shared: Int32Array;
  readonly names: readonly string[];
  readonly seed: number;
  readonly hangMs: number;
}

async function watch({ shared, names, seed, hangMs }: Watched): Promise<void> {
  let last = -1;
  let since = performance.now();
  for (;;) {
    await sleep(everyMs);
    const count = Atomics.load(shared, 2);
    if (count !== last) {
      last = count;
      since = performance.now();
    } else if (performance.now() - since > hangMs) {
      const name = names[shared[0] ?? 0];
      writeSync(2, `an input hangs: --only ${name} --seed ${seed} --from ${shared[1]}\n`);
      process.kill(process.pid, 'SIGKILL');
    }
  }
}

if (!isMainThread && workerData?.shared !== undefined) await watch(workerData as Watched);
