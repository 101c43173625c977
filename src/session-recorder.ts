import { Socket } from 'node:net';
import { receiveFrames } from './lib/frames.ts';
import { setV8Flags } from './lib/v8-flags.ts';
import { channelFd } from './os/confined-process.ts';
import { createPasswdNames } from './os/users/passwd-names.ts';
import { lastWrittenAt } from './session-log/log-files.ts';
import { openLogWriter } from './session-log/log-writer.ts';
import { maxFrameBytes, type ToRecorder } from './session-log/messages.ts';
import { otherWriters } from './session-log/other-writers.ts';
import { type Recorder, startRecorder } from './session-log/recorder.ts';

/*
 * The recorder's process: it writes down which sessions there were. It is one of its own, since what
 * happens to it in a few milliseconds decides what is learned of a short session: no scan, no answer and
 * no disk holds it up, and a scanner that hangs is no matter to it.
 */

const channel = new Socket({ fd: channelFd, readable: true, writable: true });
let recorder: Recorder | null = null;
let finish: () => Promise<void> = async () => {};

receiveFrames(channel, maxFrameBytes, {
  onFault: (error) => channel.destroy(error),
  onValue: (value) => onMessage(value as ToRecorder),
});
channel.on('error', () => {});
channel.once('close', () => void finish().finally(() => process.exit(0)));

function onMessage(message: ToRecorder): void {
  if (message.event === 'begin') begin(message);
  else if (message.event === 'looked') recorder?.looked(message.looked, message.isAgain);
  else if (message.event === 'ending') recorder?.ending(message.processes);
  else if (message.event === 'spared') recorder?.spared(message.processes);
  else recorder?.endedBy(message, message.by);
}

function begin({
  log,
  directories,
  scoreboards,
  procRoot,
  transferLogs,
}: ToRecorder & { event: 'begin' }): void {
  setV8Flags();
  process.title = 'uapid: session log';
  const lastLineAt = lastLineOf(log.path);
  for (const pid of otherWriters(procRoot, log.path)) {
    tell(
      `process ${pid} writes the session log ${log.path}, too: each session will be in it twice`,
    );
  }
  const writer = openLogWriter({
    path: log.path,
    days: log.days,
    onProblem,
    head: () => recorder?.head() ?? [],
  });
  recorder = startRecorder({
    directories,
    scoreboards,
    procRoot,
    transferLogs,
    writesBegin: log.begin,
    lastLineAt,
    nameOf: createPasswdNames(),
    write: writer.add,
  });
  finish = async () => {
    recorder?.close();
    await writer.close();
  };

  /** The monitor's standard error, as what else ends a program goes there. */
  function onProblem(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    tell(`the session log ${log.path} cannot be written: ${text}`);
  }
}

const tell = (text: string) => void process.stderr.write(`uapid: ${text}\n`);

/** A folder that is not there has no line yet; the writer tells of it. */
function lastLineOf(path: string): number | null {
  try {
    return lastWrittenAt(path);
  } catch {
    return null;
  }
}
