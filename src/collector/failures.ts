import { withTimeout } from '../lib/with-timeout.ts';
import type { Found } from './daemon-scan.ts';
import type { Target } from './ender.ts';

/** Is told of the first failure of a daemon's driver, and again of the first after a success. */
export type OnFailure = (daemon: string, error: unknown) => void;

export interface IsolationOptions {
  /** The daemon's name. */
  readonly name: string;
  /** How long a scan may take, in milliseconds. */
  readonly maxScanMs: number;
  readonly onFailure: OnFailure;
}

/** Keeps what goes wrong with one daemon from the others. */
export interface Isolation {
  /** What the scan finds; a gap that names the daemon where it throws, is late, or one before it is. */
  scan(scan: () => Promise<Found>): Promise<Found>;
  /** What there is to end; nothing where verifying throws. */
  reverify(verify: () => Promise<Target[]>): Promise<Target[]>;
}

export function isolateFailures({ name, maxScanMs, onFailure }: IsolationOptions): Isolation {
  let isRunning = false;
  let hasFailed = false;

  function failed(error: unknown): void {
    if (!hasFailed) onFailure(name, error);
    hasFailed = true;
  }

  /** Only one at a time: what is late still works on what the next one would work on. */
  async function runAlone(scan: () => Promise<Found>): Promise<Found> {
    if (isRunning) throw new Error('an earlier scan is not over yet');
    isRunning = true;
    const running = scan().finally(() => {
      isRunning = false;
    });
    return withTimeout(maxScanMs, running);
  }

  return {
    scan: async (scan) => {
      try {
        const found = await runAlone(scan);
        hasFailed = false;
        return found;
      } catch (error) {
        failed(error);
        const gaps = [{ cause: 'daemon-failed', ownerUid: null, daemon: name }];
        return { sessions: [], gaps, daemons: [] };
      }
    },
    reverify: async (verify) => {
      try {
        return await verify();
      } catch (error) {
        failed(error);
        return [];
      }
    },
  };
}
