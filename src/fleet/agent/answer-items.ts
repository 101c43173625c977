import type { RefreshedSystemUsers } from '../../os/users/system-users.ts';
import type { HistoryQuery, HistoryScope } from '../../sessions/history.ts';
import { everybody, ofSystemUsers, ScopeTooLargeError } from '../../sessions/scope.ts';
import type { Gap, SessionSource } from '../../sessions/session.ts';
import type { Refusal } from '../messages/answer.ts';
import type { ItemsAsk, PastQuestion } from '../messages/ask.ts';

/** A session that was, as the host's log tells it. */
interface PastLine {
  readonly id: string;
  readonly user: string | null;
  readonly files?: readonly object[];
}

/** Why the log tells nothing (src/session-log/history-answer.ts). */
type NoPast = 'off' | 'no-address' | 'unreadable' | 'too-long' | 'busy';

type Past =
  | {
      readonly kind: 'sessions';
      readonly sessions: readonly PastLine[];
      readonly warnings: readonly object[];
    }
  | { readonly kind: 'none'; readonly reason: NoPast };

/** The sessions that were on this host. */
export interface PastSource {
  read(query: HistoryQuery): Promise<Past>;
}

export interface ItemSources {
  readonly sessions: SessionSource;
  readonly past: PastSource;
  readonly systemUsers: Pick<RefreshedSystemUsers, 'refresh' | 'uidsOf'>;
}

const refusalOf: Record<NoPast, Refusal> = {
  off: 'history-off',
  'no-address': 'no-address',
  unreadable: 'history-unread',
  'too-long': 'history-slow',
  busy: 'history-busy',
};

/** The items of an answer, each as JSON, or why there is none. */
export function itemsFor(
  ask: ItemsAsk,
  sources: ItemSources,
): Promise<readonly string[] | { readonly refused: Refusal }> {
  return ask.verb === 'history'
    ? pastItems(ask.question, sources)
    : accountItems(ask.question.users, sources);
}

/** What a uid was called at the time of a session decides here whose it was, as for this host's own accounts. */
async function pastItems(
  { users, ...asked }: PastQuestion,
  { past, systemUsers }: ItemSources,
): Promise<readonly string[] | { readonly refused: Refusal }> {
  const { scope, gaps } = await pastScopeOf(users, systemUsers);
  const told = gaps.map((gap) => JSON.stringify({ gap }));
  if (scope.kind === 'some' && scope.users.length === 0) return told;
  const answer = await past.read({ scope, ...asked }).catch((error: unknown): Past | null => {
    if (error instanceof ScopeTooLargeError) return null;
    throw error;
  });
  if (answer === null) return { refused: 'too-large' };
  if (answer.kind === 'none') return { refused: refusalOf[answer.reason] };
  const { sessions, warnings } = answer;
  return [
    ...told,
    ...warnings.map((warning) => JSON.stringify({ warning })),
    ...sessions.flatMap(({ files = [], ...line }) => [
      JSON.stringify({ past: line }),
      ...files.map((file) =>
        JSON.stringify({ file: { session: line.id, user: line.user, ...file } }),
      ),
    ]),
  ];
}

async function pastScopeOf(
  users: readonly string[] | null,
  systemUsers: ItemSources['systemUsers'],
): Promise<{ readonly scope: HistoryScope; readonly gaps: readonly Gap[] }> {
  if (users === null) return { scope: { kind: 'everybody' }, gaps: [] };
  systemUsers.refresh();
  const found = await systemUsers.uidsOf(users);
  const names = new Map<number, readonly string[]>();
  const gaps: Gap[] = [];
  for (const systemUser of users) {
    const uid = found.get(systemUser);
    if (uid === undefined) gaps.push({ cause: 'system-user-unknown', ownerUid: null, systemUser });
    else if (uid === 0) gaps.push({ cause: 'system-user-is-root', ownerUid: null, systemUser });
    else names.set(uid, [...(names.get(uid) ?? []), systemUser]);
  }
  return { scope: { kind: 'some', users: [...names], logins: [] }, gaps };
}

async function accountItems(
  users: readonly string[] | null,
  { sessions }: ItemSources,
): Promise<readonly string[]> {
  const scope = users === null ? everybody : ofSystemUsers(users);
  const { ftpAccounts, gaps, daemons } = await sessions.snapshot(scope, { ftpAccounts: true });
  return [
    ...gaps.map((gap) => JSON.stringify({ gap })),
    ...daemons.map((daemon) => JSON.stringify({ daemon })),
    ...(ftpAccounts?.faults ?? []).map((fault) => JSON.stringify({ fault })),
    ...(ftpAccounts?.accounts ?? []).map((account) => JSON.stringify({ account })),
  ];
}
