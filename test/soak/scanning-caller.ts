import { setTimeout as sleep } from 'node:timers/promises';
import { everybody, ofUids } from '../../src/sessions/scope.ts';
import type { FtpSession, SessionSource } from '../../src/sessions/session.ts';
import { collectThrough, tables } from '../system/daemons/pure-ftpd/sources.ts';
import { between } from './choice.ts';
import { owners } from './identities.ts';
import { type Answer, now, type Row } from './log.ts';

/*
 * The process that asks the collectors directly: scanning-caller.js, forked with an IPC channel. It sends an
 * `Answer` for every scan until it is told to stop, and null at the end.
 */

const callersEach = 2;
const maxPauseMs = 400;
let isStopping = false;

process.once('message', () => {
  isStopping = true;
});
process.once('disconnect', () => process.exit(1));

await Promise.all(
  Object.entries(tables).flatMap(([source, createTable]) => {
    const collector = collectThrough(createTable());
    return Array.from({ length: callersEach }, () => ask(source, collector));
  }),
);
// What was sent before has then been taken.
process.send?.(null, undefined, undefined, () => process.exit());

async function ask(source: string, collector: SessionSource): Promise<void> {
  while (!isStopping) {
    // Everybody's half of the time: that has the most rows.
    const owner = owners[Math.floor(between(0, 2 * owners.length))]?.uid ?? null;
    const asked = now();
    const answer = await collector
      .snapshot(owner === null ? everybody : ofUids([owner]))
      .then(({ sessions, gaps }) => ({
        rows: sessions.map(toRow),
        error: null,
        gaps: gaps.map(({ cause }) => cause),
      }))
      .catch((error: unknown) => ({ rows: null, error: String(error), gaps: [] }));
    process.send?.({ source, owner, asked, answered: now(), ...answer } satisfies Answer);
    await sleep(between(0, maxPauseMs));
  }
}

function toRow({ daemon: _daemon, startTime: _startTime, ...row }: FtpSession): Row {
  return row;
}
