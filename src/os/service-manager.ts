import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

/** What systemd, or another that speaks sd_notify(3), is told. What started this process may be none. */
export interface ServiceManager {
  /**
   * It serves. From now on the watchdog is fed at half of its time, each time as soon as `isWell` is
   * true; a process whose loop does not turn feeds nothing by itself.
   */
  ready(status: string, isWell: () => boolean): Promise<void>;
  /** It ends, as it was asked to. */
  stopping(): Promise<void>;
}

export interface ServiceManagerOptions {
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  /** Told when a message cannot be sent; every time anew. */
  readonly onProblem: (message: string) => void;
}

const askAgainMs = 500;
/** Its barrier waits for a service manager that has other things to do. */
const sendTimeoutMs = 10_000;

/**
 * Messages go through systemd's own `systemd-notify`, as Node.js has no datagram sockets of the Unix
 * family; it comes with whatever reads them. Without NOTIFY_SOCKET in the environment nothing is sent.
 */
export function createServiceManager({
  environment,
  onProblem,
}: ServiceManagerOptions): ServiceManager {
  const send = environment['NOTIFY_SOCKET'] ? createSender(environment, onProblem) : null;
  let isOver = false;

  async function feedWatchdog(halfMs: number, isWell: () => boolean): Promise<void> {
    for (;;) {
      await delay(halfMs, undefined, { ref: false });
      while (!isOver && !isWell()) await delay(askAgainMs, undefined, { ref: false });
      if (isOver) return;
      await send?.('WATCHDOG=1');
    }
  }

  return {
    async ready(status, isWell) {
      if (send === null) return;
      await send('READY=1', `STATUS=${status}`);
      const halfMs = watchdogHalfMs(environment);
      if (halfMs !== null) void feedWatchdog(halfMs, isWell);
    },
    async stopping() {
      isOver = true;
      await send?.('STOPPING=1', 'STATUS=Ends when the requests in flight are answered');
    },
  };
}

/** Half of the time after which the watchdog bites; null when it does not watch this process. */
export function watchdogHalfMs(environment: Readonly<NodeJS.ProcessEnv>): number | null {
  const { WATCHDOG_USEC = '', WATCHDOG_PID } = environment;
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== String(process.pid)) return null;
  const microseconds = /^[1-9]\d{0,14}$/.test(WATCHDOG_USEC) ? Number(WATCHDOG_USEC) : null;
  // The longest delay that a timer of Node.js can have.
  return microseconds === null ? null : Math.min(microseconds / 2000, 2 ** 31 - 1);
}

function createSender(
  { PATH, NOTIFY_SOCKET }: Readonly<NodeJS.ProcessEnv>,
  onProblem: (message: string) => void,
): (...assignments: string[]) => Promise<void> {
  const env = { NOTIFY_SOCKET, ...(PATH === undefined ? {} : { PATH }) };
  return (...assignments) =>
    new Promise((resolve) => {
      execFile('systemd-notify', assignments, { env, timeout: sendTimeoutMs }, (error) => {
        if (error !== null) onProblem(`the service manager cannot be told: ${error.message}`);
        resolve();
      });
    });
}
