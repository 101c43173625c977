import type { DaemonDriver } from '../../../src/daemons/driver.ts';
import { noRecords } from '../../../src/daemons/no-records.ts';
import { localHost } from '../../../src/sessions/identity.ts';
import { exampled } from './description.ts';

/** The titles that `startExampled` sets. */
const roles = { 'exampled: master': 'master', 'exampled: session': 'session' } as const;

/** The LABELLED driver of a daemon without records, whose sessions end on SIGINT. */
export const exampledDriver: DaemonDriver<null> = {
  description: exampled,
  endSignal: 'SIGINT',
  masterIds: 'all-root',
  generations: 1,
  looksLike: ({ executablePath, name }) => /(?:^|\/)exampled$/.test(executablePath ?? name),
  roleOf: (title) => roles[title as keyof typeof roles] ?? null,
  setsTitles: () => true,
  mayPrecedeLogin: ({ process }) => process.uid === 0,
  loginOf: () => 'before',
  openRecords: () => noRecords,
  observe: ({ process: { pid, startTime, title, uid } }) => ({
    isConsistent: true,
    session: {
      host: localHost,
      pid,
      startTime,
      daemon: exampled.name,
      title,
      ownerUid: uid,
      user: null,
      isUserProven: false,
      remoteAddress: null,
      remotePort: null,
      localPort: null,
      state: 'idle',
      file: '',
      path: '',
      command: null,
      protocol: null,
      bytesMoved: null,
      bytesSkipped: null,
      bytesTotal: null,
      connectedAt: null,
      transferStartedAt: null,
      lastTransferStartedAt: null,
      idleSince: null,
    },
    gaps: ['exampled-user-unknown'],
  }),
  observeContained: () => ({ isConsistent: true, session: null, gaps: [] }),
  follow: () => null,
};
