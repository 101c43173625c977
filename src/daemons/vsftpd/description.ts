import type { DaemonDescription } from '../description.ts';
import { countSessions } from '../gap-sentence.ts';

/** vsftpd takes any login name, and limits nothing that a user stores. */
export const vsftpd = {
  name: 'vsftpd',
  // A name that typed clients do not know would break them.
  info: { name: '', supports: { login_without_domain: 1, quota: 0 } },
  settings: [
    {
      key: 'vsftpdConfig',
      value: 'FILE',
      help: "vsftpd's configuration, for the list of its accounts",
      defaultPaths: ['/etc/vsftpd.conf'],
    },
  ],
  gaps: {
    'vsftpd-user-unknown': (count) =>
      `vsftpd does not tell the user of ${countSessions(count)}, which may be a guest’s. Its setting setproctitle_enable makes it tell.`,
    'vsftpd-login-unknown': (count) =>
      `Whether ${count === 1 ? 'one connection' : `${count} connections`} of vsftpd ${count === 1 ? 'has' : 'have'} logged in cannot be told, so ${count === 1 ? 'it is' : 'they are'} left out. Its setting setproctitle_enable makes it tell.`,
    'vsftpd-unproven': (count) =>
      `${count === 1 ? 'One process of vsftpd has' : `${count} processes of vsftpd have`} lost the process that started ${count === 1 ? 'it' : 'them'}, so nothing proves ${count === 1 ? 'it a session' : 'them sessions'} and ${count === 1 ? 'it is' : 'they are'} left out.`,
  },
} as const satisfies DaemonDescription;
