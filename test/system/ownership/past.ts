import { formatLine, type SessionLine } from '../../../src/session-log/log-line.ts';
import { users } from '../../support/users.ts';
import type { Caller } from './callers.ts';

/** A session that was, as this test wrote it into a log. */
interface PastVisit {
  readonly pid: number;
  readonly uid: number | null;
  /** The name that the uid had then. */
  readonly ownerName: string | null;
  readonly login: string;
  /** Of one that a scan saw: its daemon, and whether that one's record proved the login. Others are of events. */
  readonly looked?: { readonly daemon: string; readonly isUserProven: boolean };
}

const { alice, bob, carol, dave } = users;

const unproven = { daemon: 'vsftpd', isUserProven: false };
const proven = { daemon: 'proftpd', isUserProven: true };

/** Logins that are named like somebody else's, a uid that was somebody else's, root's, and logins that nothing proved. */
export const pastVisits: readonly PastVisit[] = [
  { pid: 901, uid: alice.uid, ownerName: alice.name, login: 'alice' },
  { pid: 902, uid: alice.uid, ownerName: alice.name, login: 'bob' },
  { pid: 903, uid: bob.uid, ownerName: bob.name, login: 'bob@x' },
  { pid: 904, uid: carol.uid, ownerName: carol.name, login: 'bob@x.evil' },
  { pid: 905, uid: dave.uid, ownerName: dave.name, login: 'carol' },
  { pid: 906, uid: alice.uid, ownerName: 'one-before', login: 'alice' },
  { pid: 907, uid: bob.uid, ownerName: null, login: 'dave' },
  { pid: 908, uid: null, ownerName: null, login: 'bob@x' },
  { pid: 909, uid: 0, ownerName: 'root', login: 'bob@x' },
  { pid: 910, uid: carol.uid, ownerName: carol.name, login: 'bob@x', looked: unproven },
  { pid: 911, uid: carol.uid, ownerName: carol.name, login: 'bob@x', looked: proven },
  { pid: 912, uid: null, ownerName: null, login: 'alice' },
];

const [connected, ended] = ['2026-11-28T03:00:00.000Z', '2026-11-28T03:01:00.000Z'];

/** Whether an account sees it, by hand: nothing here asks the program. */
function saw({ uids, logins = [] }: Caller, { uid, ownerName, login, looked }: PastVisit): boolean {
  if (uids === 'all') return true;
  if (uid === 0) return false;
  const names = Object.values(users).filter((user) => user.uid === uid);
  const isSame = ownerName === null || names.some(({ name }) => name === ownerName);
  const isProven = looked?.isUserProven ?? true;
  return (uid !== null && uids.includes(uid) && isSame) || (isProven && logins.includes(login));
}

/** Whether some are not told of only since nothing proved that they were of the account's login or system user. */
export function hasWithheld(caller: Caller): boolean {
  return pastVisits.some((visit) => mayBe(caller, visit) && !saw(caller, visit));
}

function mayBe({ uids, logins = [] }: Caller, { uid, login, looked }: PastVisit): boolean {
  const byLogin = uid !== 0 && looked?.isUserProven === false && logins.includes(login);
  const bearers = Object.values(users).filter(({ name }) => name === login);
  const byName = uids !== 'all' && bearers.some((bearer) => uids.includes(bearer.uid));
  return byLogin || (uid === null && byName);
}

/** The text of a log that has them. */
export function pastLog(): string {
  return pastVisits.map((visit) => formatLine(lineOf(visit))).join('');
}

function lineOf(visit: PastVisit): SessionLine {
  const { pid, uid, ownerName, login, looked } = visit;
  const file = { at: ended, direction: 'upload', bytes: 7, seconds: 1, whole: true } as const;
  return {
    event: 'session',
    id: `0.${pid.toString(16)}`,
    daemon: daemonOf(visit),
    host: 'localhost',
    pid,
    start: String(pid),
    user: login,
    ...(looked && { user_proven: looked.isUserProven }),
    owner: uid,
    owner_name: ownerName,
    address: '192.0.2.7',
    port: 40_000,
    local_port: 21,
    protocol: null,
    connected_at: connected,
    ended_at: ended,
    end: 'left',
    ended_by: null,
    transfers: 1,
    bytes: 7,
    transfers_by: 'session-id',
    seen: seenBy(visit),
    why: {},
    files: [{ ...file, file: fileOf(visit) }],
  };
}

/** The rows of Ftp::list_history that an account gets, newest first. */
export function pastRows(caller: Caller): object[] {
  const seen = pastVisits.filter((visit) => saw(caller, visit)).reverse();
  return seen.map((visit) => rowOf(visit));
}

function rowOf(visit: PastVisit): object {
  const { pid, uid, ownerName, login } = visit;
  return {
    session: nameOf(visit),
    daemon: daemonOf(visit),
    pid,
    start: String(pid),
    user: login,
    owner: ownerName ?? (uid === null ? null : String(uid)),
    host: '192.0.2.7',
    remote_port: 40_000,
    local_port: 21,
    protocol: null,
    started_at: connected,
    ended_at: ended,
    duration_seconds: 60,
    end: 'left',
    ended_by: null,
    transfers: 1,
    bytes: 7,
    transfers_by: 'session-id',
    seen: seenBy(visit),
    why: '',
  };
}

/** The rows of Ftp::list_history_files for that session. */
export function pastFiles(caller: Caller): object[] {
  const seen = pastVisits.filter((visit) => saw(caller, visit) && nameOf(visit) === askedSession);
  return seen.map((visit) => ({
    session: askedSession,
    user: visit.login,
    finished_at: ended,
    direction: 'upload',
    bytes: 7,
    seconds: 1,
    complete: 1,
    file: fileOf(visit),
  }));
}

const daemonOf = ({ looked }: PastVisit) => looked?.daemon ?? 'pure-ftpd';
const seenBy = ({ looked }: PastVisit) => (looked === undefined ? 'events' : 'looks');
const nameOf = ({ pid }: PastVisit) => `0.${pid.toString(16)}`;
const fileOf = ({ pid }: PastVisit) => `/home/file-${pid}`;

/** Alice's by its uid, whose login is bob's name. */
export const askedSession = '0.386';
