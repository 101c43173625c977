import type { DaemonDescription } from '../description.ts';
import { countSessions } from '../gap-sentence.ts';

/**
 * ProFTPD takes any login name. Whether its users have quotas (mod_quotatab) does not show from
 * outside.
 */
export const proftpd = {
  name: 'proftpd',
  info: { name: 'proftpd', supports: { login_without_domain: 1, quota: 0 } },
  settings: [
    {
      key: 'proftpdScoreboard',
      value: 'FILE',
      help: "ProFTPD's scoreboard, where a super-server starts it",
      defaultPaths: ['/run/proftpd.scoreboard', '/var/proftpd.scoreboard'],
    },
    {
      key: 'proftpdConfig',
      value: 'FILE',
      help: "ProFTPD's configuration, for the lists of its accounts",
      defaultPaths: [
        '/etc/proftpd/proftpd.conf',
        '/etc/proftpd.conf',
        '/usr/local/etc/proftpd.conf',
      ],
    },
    {
      key: 'proftpdSftp',
      value: null,
      help: "list_sessions has ProFTPD's SFTP sessions too",
      defaultPaths: [],
      without: 'off: the SFTP sessions of ProFTPD’s mod_sftp are in `list_transfers` alone',
    },
  ],
  gaps: {
    'proftpd-record-missing': (count) =>
      `The scoreboard of ProFTPD does not record the login of ${countSessions(count)}, so the user is taken from the process title or not known.`,
    'proftpd-record-unreadable': (count) =>
      `The scoreboard of ProFTPD cannot be read for ${countSessions(count)}, so the user is taken from the process title or not known.`,
    'proftpd-record-layout-unknown': (count) =>
      `The scoreboard of this build of ProFTPD has a layout that uapid does not know, so the user of ${countSessions(count)} is taken from the process title or not known.`,
    'proftpd-user-cut': (count) =>
      `The scoreboard of ProFTPD holds 31 bytes of a user name, and no process title tells the rest for ${countSessions(count)}.`,
  },
} as const satisfies DaemonDescription;
