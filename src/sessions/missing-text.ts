import type { MissingCause, MissingServer } from './servers.ts';

/** More names would make a sentence that nobody reads; metadata.servers.missing has all of them. */
const maxNamed = 20;

/** "web1, web2 and 3 more" */
export function namesOf(servers: readonly string[]): string {
  const more = servers.length - maxNamed;
  return servers.slice(0, maxNamed).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** One cause of missing sessions, in a sentence. */
export interface MissingText {
  readonly cause: MissingCause;
  readonly text: string;
}

/** A sentence for each cause, in the order of their first appearance. */
export function missingTexts(missing: readonly MissingServer[]): MissingText[] {
  const byCause = new Map<MissingCause, MissingServer[]>();
  for (const each of missing) {
    const alike = byCause.get(each.cause);
    if (alike === undefined) byCause.set(each.cause, [each]);
    else alike.push(each);
  }
  return Array.from(byCause, ([cause, alike]) => ({ cause, text: textOf(cause, alike) }));
}

/** The same in few words, for an answer that has nothing else: "3 are not connected (web1, web2, web3)". */
export function missingSummary(missing: readonly MissingServer[]): string {
  const byCause = new Map<MissingCause, string[]>();
  for (const { cause, server } of missing) {
    const alike = byCause.get(cause);
    if (alike === undefined) byCause.set(cause, [server]);
    else alike.push(server);
  }
  const parts = Array.from(byCause, ([cause, servers]) => {
    const count = `${servers.length} ${servers.length === 1 ? 'is' : 'are'}`;
    return `${count} ${inWords[cause]} (${namesOf(servers)})`;
  });
  return `No server answered: ${parts.join('; ')}.`;
}

const inWords: Record<MissingCause, string> = {
  absent: 'not connected',
  silent: 'connected and silent',
  busy: 'busy',
  'not-asked': 'not asked in time',
  unsigned: 'not asked, since this gateway did not sign the request',
  refused: 'refusing',
  malformed: 'answering what makes no sense',
  cloned: 'two machines under one name',
  'not-enrolled': 'not let in',
};

function textOf(cause: MissingCause, alike: readonly MissingServer[]): string {
  const [first] = alike;
  if (alike.length === 1 && first !== undefined) {
    return `The server “${first.server}” ${ofOne(first)}`;
  }
  const names = namesOf(alike.map(({ server }) => server));
  return `${alike.length} servers ${ofMany[cause]} (${names}), so their sessions are missing; metadata.servers.missing names each.`;
}

const ofMany: Record<MissingCause, string> = {
  absent: 'are not connected to the fleet',
  silent: 'did not answer in time',
  busy: 'have as many requests at a time as they work on',
  'not-asked': 'could not be asked in time, since others did not answer',
  unsigned: 'were not asked, since this gateway did not sign the request',
  refused: 'refused to answer',
  malformed: 'answered what makes no sense',
  cloned: 'are two machines each under one name (copied keys?)',
  'not-enrolled': 'are places of accounts and not let in to this fleet',
};

function ofOne({ cause, refusal, answeredAt, server }: MissingServer): string {
  switch (cause) {
    case 'absent':
      return 'is not connected to the fleet; its sessions are missing.';
    case 'silent': {
      const last = answeredAt === undefined ? '' : ` (last answer ${formatTime(answeredAt)} UTC)`;
      return `did not answer in time${last}; its sessions are missing.`;
    }
    case 'busy':
      return 'has as many requests at a time as it works on; its sessions are missing. Ask again.';
    case 'not-asked':
      return 'could not be asked in time, since others did not answer; its sessions are missing.';
    case 'unsigned':
      return 'was not asked, since this gateway did not sign the request (was it just removed?); its sessions are missing.';
    case 'refused':
      return `${refusalTexts[refusal ?? ''] ?? 'refused to answer'}; its sessions are missing.`;
    case 'malformed':
      return 'answered what makes no sense; its sessions are missing.';
    case 'cloned':
      return `is two machines (a copied key?): both answer as ${server}, so its sessions are left out. Make a new key on one of them: uapid fleet key --new`;
    case 'not-enrolled':
      return 'is a place of this account and not let in to this fleet; its sessions are missing.';
  }
}

/** What a host says of a request that it does not answer; anything else it may say is not repeated. */
const refusalTexts: Readonly<Record<string, string>> = {
  signature:
    'does not take the signature of this gateway: it knows another key (--fleet-gateways there)',
  'gateway-unknown': 'does not know this gateway (--fleet-gateways there)',
  failed: 'could not look at its sessions',
  'too-large': 'has more sessions than one answer holds',
  'needs-room': 'has more sessions each time than it said before',
  replayed: 'had that request before',
  expired: 'has a clock that is more than an hour off this gateway’s',
  'no-address': 'takes “from” for no IP address and no range',
  'history-off': 'keeps no session log (--session-log there)',
  'history-unread': 'could not read its session log',
  'history-slow': 'needed too long to read its session log (ask for a shorter time)',
  'history-busy': 'reads its session log for others already',
  'not-for-me': 'goes by another name there (--fleet-host)',
  malformed: 'does not understand this gateway (another version of uapid)',
  'unknown-verb': 'is older than this gateway and does not know what it was asked',
};

function formatTime(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}
