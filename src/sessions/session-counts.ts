import type { FtpSession } from './session.ts';

/** How many sessions there are, and what they do. */
export interface SessionCounts {
  readonly sessions: number;
  readonly downloads: number;
  readonly uploads: number;
}

export function countSessions(sessions: readonly Pick<FtpSession, 'state'>[]): SessionCounts {
  let [downloads, uploads] = [0, 0];
  for (const { state } of sessions) {
    if (state === 'download') downloads += 1;
    if (state === 'upload') uploads += 1;
  }
  return { sessions: sessions.length, downloads, uploads };
}
