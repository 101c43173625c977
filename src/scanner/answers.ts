import type { Duplex } from 'node:stream';
import { withGaps } from '../collector/resolve-scope.ts';
import type { Ftp } from '../collector/this-host.ts';
import { sendFrame } from '../lib/frames.ts';
import { readProcessStats } from '../os/process-stats.ts';
import { createSnapshotSender } from '../sessions/session-wire.ts';
import type { AskedQuestion } from './messages.ts';

/** Answers the monitor's questions from what this process sees. */
export interface Answers {
  answer(question: AskedQuestion): Promise<void>;
  closeLine(line: number): void;
}

export function createAnswers(channel: Duplex, { sessions, ender }: Ftp): Answers {
  const lines = new Map<number, ReturnType<typeof createSnapshotSender>>();

  function senderOf(line: number) {
    const sender = lines.get(line) ?? createSnapshotSender();
    lines.set(line, sender);
    return sender;
  }

  /** The text of a reply, whose head the monitor reads alone. */
  async function reply(question: AskedQuestion): Promise<string> {
    const { id, verb } = question;
    switch (verb) {
      case 'snapshot': {
        // Before the scan, in which the line may be closed: nothing would remove a later sender.
        const toWire = senderOf(question.line);
        const { scope, wants, gaps } = question;
        const snapshot = withGaps(await sessions.snapshot(scope, wants), gaps);
        const wire = JSON.stringify(toWire(snapshot));
        return `{"id":${id},"scans":${snapshot.scanNumber},"value":${wire}}`;
      }
      case 'end-sessions': {
        const ended = await ender.end(question.identities, question.scope);
        return `{"id":${id},"value":${JSON.stringify(ended)}}`;
      }
      case 'process-stats':
        return `{"id":${id},"value":${JSON.stringify(readProcessStats())}}`;
      case 'ping':
        return `{"id":${id},"value":null}`;
    }
  }

  return {
    closeLine: (line) => lines.delete(line),
    answer: async (question) => {
      try {
        sendFrame(channel, await reply(question));
      } catch (error) {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        sendFrame(channel, `{"id":${question.id},"error":${JSON.stringify(text)}}`);
      }
    },
  };
}
