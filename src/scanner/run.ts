import { receiveByteFrames, sendFrame } from '../lib/frames.ts';
import { maxSnapshotFrameBytes } from '../sessions/session-wire.ts';
import { lookedHead, type ReplyHead, readReplyHead } from './messages.ts';
import { spawnScanner } from './scanner-process.ts';
import { readWaitedMs } from './sleep.ts';

export interface RunOptions {
  readonly environment: NodeJS.ProcessEnv;
  /** `json` is the reply's value, or the text of its error. */
  readonly onReply: (head: ReplyHead, json: Buffer) => void;
  /** Called with the JSON of a `Looked`. */
  readonly onLooked: (json: Buffer) => void;
}

/** How a scanner ended; null of what does not apply. */
export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly error: Error | null;
}

/** One scanner, from its start to its end. */
export interface Run {
  /** 0 when it could not be started. */
  readonly pid: number;
  send(message: unknown): void;
  /** How long it has waited for the processor since its start; null where nothing tells. */
  waitedMs(): number | null;
  ageMs(): number;
  /** Ends it by force with all that it has started. Nothing of it is read any more. */
  kill(): void;
  /** Resolves when it has ended; one that hangs in the kernel may never do. */
  readonly ended: Promise<Ending>;
}

export function startRun({ environment, onReply, onLooked }: RunOptions): Run {
  const startedAt = performance.now();
  const { process: child, channel } = spawnScanner(environment);
  const pid = child.pid ?? 0;
  let isOver = false;

  function kill(): void {
    isOver = true;
    // Whether it ends or not, nothing waits for it.
    child.unref();
    channel.destroy();
    if (pid === 0) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Not yet a group of its own, or gone.
      child.kill('SIGKILL');
    }
  }

  receiveByteFrames(channel, maxSnapshotFrameBytes, {
    onFault: kill,
    onFrame: (frame) => {
      if (isOver) return;
      if (frame.toString('latin1', 0, lookedHead.length) === lookedHead) {
        onLooked(frame.subarray(lookedHead.length, frame.length - 1));
        return;
      }
      const head = readReplyHead(frame);
      if (head === null) kill();
      else onReply(head, frame.subarray(head.valueFrom, frame.length - 1));
    },
  });
  return {
    pid,
    kill,
    send: (message) => sendFrame(channel, JSON.stringify(message)),
    waitedMs: () => readWaitedMs(pid),
    ageMs: () => performance.now() - startedAt,
    ended: new Promise((resolve) => {
      child.once('error', (error) => resolve({ code: null, signal: null, error }));
      child.once('exit', (code, signal) => resolve({ code, signal, error: null }));
    }),
  };
}
