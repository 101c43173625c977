import { Socket } from 'node:net';
import { getPriority, setPriority } from 'node:os';
import { receiveFrames, sendFrame } from './lib/frames.ts';
import { setV8Flags } from './lib/v8-flags.ts';
import { channelFd } from './os/confined-process.ts';
import { type HistoryAnswer, readAnswer } from './session-log/history-answer.ts';
import { maxQuestionBytes, type ToReader } from './session-log/messages.ts';

/*
 * The process that reads the session log for the API, with the right to read files and no other. It
 * comes after programs that others wait for: a log of weeks takes a processor for seconds.
 */

const priority = 10;
const channel = new Socket({ fd: channelFd, readable: true, writable: true });
let isTold = false;

setV8Flags();
process.title = 'uapid: history';
// It has no right to come before where it was put already.
if (getPriority() < priority) setPriority(priority);
receiveFrames(channel, maxQuestionBytes, {
  onFault: (error) => channel.destroy(error),
  onValue: (value) => void answer(value as ToReader),
});
channel.on('error', () => {});
channel.once('close', () => process.exit(0));

/** The monitor asks one question at a time. */
async function answer({ path, query }: ToReader): Promise<void> {
  const made = await readAnswer(path, query).catch((error: Error) => unreadable(path, error));
  sendFrame(channel, JSON.stringify(made));
}

/** The monitor's standard error; once, however often somebody asks. */
function unreadable(path: string, { message }: Error): HistoryAnswer {
  if (!isTold) {
    process.stderr.write(`uapid: the session log ${path} cannot be read: ${message}\n`);
  }
  isTold = true;
  return { kind: 'none', reason: 'unreadable' };
}
