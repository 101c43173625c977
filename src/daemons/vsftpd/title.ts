import type { Role } from '../driver.ts';

/** What a vsftpd process says it is. */
export type Title =
  | { readonly kind: Exclude<Role, 'session'> }
  | {
      readonly kind: 'session';
      /**
       * The login, without its ambiguity the only one; several where it or what follows has the
       * separator in it, the shortest first; none where there was no room for all of it.
       */
      readonly users: readonly string[];
      /** What stands behind each of these, the command that runs. */
      readonly commands: readonly string[];
      /** True when it waits for a command, whichever of these the user is. */
      readonly isIdle: boolean;
    };

const prefix = 'vsftpd: ';
const separator = ': ';

/** What can stand for the peer: an address as inet_ntop(3) writes it. */
const address = /^[0-9a-f.:]{2,45}$/;

/**
 * What the whole of a process title says, or null when vsftpd sets no such title: LISTENER of the
 * listener, `ADDRESS: connected` of what serves a connection, `ADDRESS: not logged in` and
 * `ADDRESS: SSL handler` of its helpers, and `ADDRESS/USER: COMMAND` of a session, IDLE where none
 * runs. Bytes that are no printable ASCII are question marks. Command and user are the client's text.
 */
export function parseTitle(title: string): Title | null {
  if (!title.startsWith(prefix)) return null;
  const text = title.slice(prefix.length);
  if (text === 'LISTENER') return { kind: 'master' };
  const slash = text.indexOf('/');
  if (slash >= 0 && address.test(text.slice(0, slash))) return parseSession(text.slice(slash + 1));
  const end = text.indexOf(separator);
  if (end < 0 || !address.test(text.slice(0, end))) return null;
  switch (text.slice(end + separator.length)) {
    case 'connected':
      return { kind: 'connection' };
    case 'not logged in':
    case 'SSL handler':
      return { kind: 'helper' };
    default:
      return null;
  }
}

function parseSession(text: string): Title {
  const users: string[] = [];
  const commands: string[] = [];
  for (let at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, at + 1)) {
    users.push(text.slice(0, at));
    commands.push(text.slice(at + separator.length));
  }
  return { kind: 'session', users, commands, isIdle: text.endsWith(`${separator}IDLE`) };
}

/** True when a listener of this title sets the titles of all that it begins. */
export function setsTitles(masterTitle: string): boolean {
  return parseTitle(masterTitle)?.kind === 'master';
}
