import { keyOf, type Session, type Status } from './session.ts';

export const sortKeys = [
  'user',
  'owner',
  'from',
  'since',
  'status',
  'file',
  'progress',
  'rate',
] as const;
/** `server` at the gateway of a fleet alone. */
export type SortKey = (typeof sortKeys)[number] | 'server';

/** Which sessions the reader wants to see, and in which order. */
export interface Choice {
  readonly text: string;
  readonly status: Status | 'ALL';
  readonly key: SortKey;
  readonly isDescending: boolean;
}

export const defaultChoice: Choice = { text: '', status: 'ALL', key: 'since', isDescending: false };

/** The sessions that contain the text, in any case, and have the status, in order. */
export function choose(sessions: readonly Session[], choice: Choice): Session[] {
  return withText(sessions, choice.text)
    .filter(({ status }) => choice.status === 'ALL' || status === choice.status)
    .toSorted(comparison(choice));
}

/** How many sessions that contain the text there are of each status, and in all. */
export function countByStatus(
  sessions: readonly Session[],
  text: string,
): Record<Status | 'ALL', number> {
  const counts = { ALL: 0, DL: 0, UL: 0, IDLE: 0 };
  for (const { status } of withText(sessions, text)) {
    counts.ALL += 1;
    counts[status] += 1;
  }
  return counts;
}

function withText(sessions: readonly Session[], text: string): readonly Session[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return sessions;
  return sessions.filter(({ server, user, owner, host, file, path }) =>
    [server, user, owner, host, file, path].some((value) => value?.toLowerCase().includes(wanted)),
  );
}

const values: Record<SortKey, (session: Session) => string | number | null> = {
  server: ({ server = null }) => server,
  user: ({ user }) => user,
  owner: ({ owner }) => owner,
  from: ({ host }) => host,
  since: ({ started_at }) => (started_at === null ? null : Date.parse(started_at)),
  status: ({ status }) => ['DL', 'UL', 'IDLE'].indexOf(status),
  file: ({ file }) => file || null,
  progress: ({ percent, bytes_moved }) => percent ?? (bytes_moved === null ? null : -1),
  rate: ({ rate_bytes_per_second }) => rate_bytes_per_second,
};

/** What is not known comes last either way; equals are in the order of their coming. */
function comparison({ key, isDescending }: Choice): (a: Session, b: Session) => number {
  const sign = isDescending ? -1 : 1;
  const value = values[key];
  return (a, b) => {
    const [left, right] = [value(a), value(b)];
    if (left === null || right === null) {
      if (left !== right) return left === null ? 1 : -1;
    } else if (left !== right) {
      return sign * compareValues(left, right);
    }
    const [before, after] = [a, b].map(({ started_at }) => Date.parse(started_at ?? '') || 0);
    return (before ?? 0) - (after ?? 0) || compareValues(keyOf(a), keyOf(b));
  };
}

const collator = new Intl.Collator('en', { numeric: true });

function compareValues(left: string | number, right: string | number): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return collator.compare(String(left), String(right));
}
