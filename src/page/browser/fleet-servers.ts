import type { Result } from './session.ts';

/** A server of a fleet with the number of the login's sessions there; null where it is missing. */
export interface ServerCount {
  readonly server: string;
  readonly state:
    | 'answers'
    | 'absent'
    | 'silent'
    | 'busy'
    | 'not-asked'
    | 'unsigned'
    | 'refused'
    | 'malformed'
    | 'cloned'
    | 'not-enrolled';
  readonly sessions: number | null;
  readonly downloads: number | null;
  readonly uploads: number | null;
  /** ISO 8601. */
  readonly last_answer: string | null;
}

/** All servers, or what of them has changed. */
export interface ServersEvent extends Result<readonly ServerCount[]> {
  readonly whole: boolean;
  readonly gone: readonly string[];
}

export type Servers = ReadonlyMap<string, ServerCount>;

/** The servers after an event. */
export function afterEvent(before: Servers, { data, whole, gone }: ServersEvent): Servers {
  const after = new Map(whole ? [] : before);
  for (const name of gone) after.delete(name);
  for (const row of data ?? []) after.set(row.server, row);
  return after;
}

const collator = new Intl.Collator('en', { numeric: true });
const byName = (a: ServerCount, b: ServerCount) => collator.compare(a.server, b.server);

/** Those whose sessions are missing, by why, in the order of their names. No filter touches them. */
export function missingOf(servers: Servers): ReadonlyMap<ServerCount['state'], ServerCount[]> {
  const byCause = new Map<ServerCount['state'], ServerCount[]>();
  for (const row of [...servers.values()].sort(byName)) {
    if (row.state === 'answers') continue;
    byCause.set(row.state, [...(byCause.get(row.state) ?? []), row]);
  }
  return byCause;
}

/** How the reader wants to see the servers that answer. */
export interface ServerChoice {
  readonly text: string;
  readonly order: 'name' | 'sessions';
  /** From 0. */
  readonly page: number;
}

/** A page of servers, and where in all of them that match it is. */
export interface ServerPage {
  readonly servers: readonly ServerCount[];
  readonly page: number;
  readonly isLast: boolean;
  /** Of its first and last server, from 1. */
  readonly first: number;
  readonly last: number;
  readonly all: number;
}

/** So many of a thousand servers are shown at a time. */
export const pageSize = 24;

/** The page that was chosen, or the last one that there is. */
export function choosePage(servers: Servers, { text, order, page }: ServerChoice): ServerPage {
  const wanted = text.trim().toLowerCase();
  const found = [...servers.values()]
    .filter(({ server, state }) => state === 'answers' && server.includes(wanted))
    .sort((a, b) =>
      order === 'name' ? byName(a, b) : (b.sessions ?? 0) - (a.sessions ?? 0) || byName(a, b),
    );
  const lastPage = Math.max(0, Math.ceil(found.length / pageSize) - 1);
  const shown = Math.min(page, lastPage);
  const part = found.slice(shown * pageSize, (shown + 1) * pageSize);
  return {
    servers: part,
    page: shown,
    isLast: shown === lastPage,
    first: shown * pageSize + Math.min(1, part.length),
    last: shown * pageSize + part.length,
    all: found.length,
  };
}

/** The sessions on all servers that answer. */
export function sessionsOn(servers: Servers): number {
  return [...servers.values()].reduce((sum, { sessions }) => sum + (sessions ?? 0), 0);
}
