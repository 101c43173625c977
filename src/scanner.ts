import { Socket } from 'node:net';
import { createFtp } from './collector/this-host.ts';
import { receiveFrames, sendFrame } from './lib/frames.ts';
import { setV8Flags } from './lib/v8-flags.ts';
import { channelFd } from './os/confined-process.ts';
import { createLeftAlone, type LeftAlone } from './os/processes/left-alone.ts';
import { type Answers, createAnswers } from './scanner/answers.ts';
import { reportLooked } from './scanner/looked.ts';
import { type Begin, lookedHead, type ToScanner } from './scanner/messages.ts';

/*
 * The scanner's process: it looks at the host with the rights of the monitor that started it, opens
 * no socket and speaks to nobody but that monitor. Where a read never returns it is killed and
 * another one goes on.
 */

/** The monitor sends no longer frame than the longest that it takes, and what is to be said of that. */
const maxFromMonitorBytes = 4 * 1024 * 1024;

const channel = new Socket({ fd: channelFd, readable: true, writable: true });
let leftAlone: LeftAlone | null = null;
let answers: Answers | null = null;

receiveFrames(channel, maxFromMonitorBytes, {
  onFault: (error) => channel.destroy(error),
  onValue: (value) => onMessage(value as ToScanner),
});
channel.on('error', () => {});
channel.once('close', () => process.exit(0));

function onMessage(message: ToScanner): void {
  if (!('event' in message)) void answers?.answer(message);
  else if (message.event === 'begin') answers = begin(message);
  else if (message.event === 'left-alone') leftAlone?.set(message.processes);
  else answers?.closeLine(message.line);
}

function begin({ settings, leftAlone: processes, scansBefore, reportsLooked }: Begin): Answers {
  setV8Flags();
  process.title = 'uapid: scan';
  leftAlone = createLeftAlone(settings.procRoot);
  leftAlone.set(processes);
  const onFound = reportLooked((json) => sendFrame(channel, `${lookedHead}${json}}`));
  const before = { leftAlone, scansBefore, onFailure, ...(reportsLooked ? { onFound } : {}) };
  return createAnswers(channel, createFtp(settings, before));
}

/** The monitor's standard error, as what else ends a program goes there. */
function onFailure(daemon: string, error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`uapid: the scan of ${daemon} failed: ${text}\n`);
}
