import type { DaemonName } from '../support/host-daemons.ts';
import type { Row } from './log.ts';

/** What of a daemon's rows is not the same for all of them. */
export interface DaemonRules {
  /** Whether the daemon sets such a title of a session of that user's in the state of the row. */
  isTitle(row: Row, user: string): boolean;
  /** Whether a file is shown so that a client has named so. */
  isFile(shown: string | null, named: string): boolean;
  /** How much earlier than it was the time of a connection may be told, in milliseconds. */
  readonly earlyMs: number;
  /** True where the daemon's record tells at every moment how far a transfer is and when it began. */
  readonly tellsProgress: boolean;
  /** True where its own record tells the peer, also after that has gone. */
  readonly tellsPeer: boolean;
}

/** ProFTPD cuts a name in front of a character that does not fit, of four bytes at most. */
const maxRecordedBytes = 78 - 4;

const commands = { idle: null, download: 'RETR ', upload: 'STOR ' } as const;

export const rulesOf: Readonly<Record<DaemonName, DaemonRules>> = {
  'pure-ftpd': {
    isTitle: ({ title, state }) => title === `pure-ftpd (${state.toUpperCase()})`,
    isFile: (shown, named) => shown === named,
    earlyMs: 0,
    tellsProgress: true,
    tellsPeer: true,
  },
  proftpd: {
    isTitle: (row, user) => {
      const start = `proftpd: ${user} - ${row.remoteAddress}: `;
      return row.title.startsWith(start) && isRunning(row.title.slice(start.length), row);
    },
    // It puts a command together anew from its words; the open file, where there is one, has the name.
    // Its record holds 78 bytes, and its title what there is room for: the rest the open file alone has.
    isFile: (shown, named) =>
      shown === named ||
      shown === withoutMarks(named) ||
      (!shown && Buffer.byteLength(named) > maxRecordedBytes),
    // Without a record it is the start of the process, as there.
    earlyMs: 50,
    // A download is one sendfile(2) or has not begun to move; when it began is when the wait ended.
    tellsProgress: false,
    tellsPeer: false,
  },
  vsftpd: {
    isTitle: (row, user) => {
      const start = `vsftpd: ${row.remoteAddress}/${user}: `;
      const command = row.title.slice(start.length);
      // It says what it does before it opens a file for it.
      return row.title.startsWith(start) && (row.state === 'idle' || isRunning(command, row));
    },
    isFile: (shown, named) => shown === named,
    // A start is told in ticks since boot, and that is reckoned (src/os/processes/procfs/boot-time.ts).
    earlyMs: 50,
    tellsProgress: false,
    tellsPeer: false,
  },
};

/** An idle session may carry out any other command than a transfer. */
function isRunning(text: string, { state }: Row): boolean {
  const command = commands[state];
  if (command !== null) return text.startsWith(command);
  return !Object.values(commands).some((each) => each !== null && text.startsWith(each));
}

function withoutMarks(name: string): string {
  return name.replaceAll(/ +/g, ' ').replaceAll(/(?<= )"([^"]*)"/g, '$1');
}
