import type { DaemonDescription } from '../description.ts';
import { countSessions } from '../gap-sentence.ts';

/** pure-ftpd takes any login name, and its virtual users have quotas. */
export const pureFtpd = {
  name: 'pure-ftpd',
  info: { name: 'pure-ftpd', supports: { login_without_domain: 1, quota: 1 } },
  settings: [
    {
      key: 'scoreboardDir',
      value: 'DIR',
      help: "pure-ftpd's scoreboard",
      defaultPaths: ['/run/pure-ftpd', '/var/run/pure-ftpd'],
    },
    {
      key: 'pureFtpdPuredb',
      value: 'FILE',
      help: "pure-ftpd's puredb, for the lists of its accounts",
      defaultPaths: [],
      without: 'Debian’s setting `/etc/pure-ftpd/conf/PureDB`, where it is switched on',
    },
    {
      key: 'pureFtpdTransferLog',
      value: 'FILE',
      help: "pure-ftpd's log of transfers (-O stats:FILE), for the session log",
      defaultPaths: [],
      without: 'the files of root’s that its sessions write to',
    },
  ],
  gaps: {
    'record-missing': (count) =>
      `The scoreboard of pure-ftpd has no entry for ${countSessions(count)}, so the user is not known.`,
    'record-unreadable': (count) =>
      `The scoreboard of pure-ftpd may not be read, so the user is not known for ${countSessions(count)}.`,
    'record-layout-unknown': (count) =>
      `The scoreboard of this build of pure-ftpd has a layout that uapid does not know, so the user is not known for ${countSessions(count)}.`,
    'titles-off': (count) =>
      `This pure-ftpd does not set process titles; the status of ${countSessions(count)} is taken from elsewhere.`,
  },
} as const satisfies DaemonDescription;
