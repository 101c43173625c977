import type {
  DataConnection,
  FtpSession,
  Gap,
  RunningDaemon,
  SessionDetails,
} from '../../sessions/session.ts';
import type { SessionCounts } from '../../sessions/session-counts.ts';
import {
  type AnswerHead,
  type AnswerPart,
  parseAnswerPart,
  type Refusal,
} from '../messages/answer.ts';
import type { SessionRow } from '../messages/session-row.ts';

/** What a host has answered about its sessions. */
export interface HostAnswer {
  readonly sessions: readonly FtpSession[];
  readonly details: readonly SessionDetails[] | undefined;
  readonly gaps: readonly Gap[];
  readonly daemons: readonly RunningDaemon[];
  /** Where they alone were asked for, of a host that knows to tell them; then there are no sessions here. */
  readonly counts: SessionCounts | undefined;
  readonly digest: string;
  readonly version: string;
  /** Of the messages that it came in. */
  readonly bytes: number;
}

export type ReadAnswer =
  | {
      readonly kind: 'answer';
      readonly instance: string;
      readonly begunAt: number;
      readonly answer: HostAnswer;
    }
  | {
      readonly kind: 'refused';
      readonly instance: string;
      readonly refusal: Refusal;
      readonly now: number;
      /** `needs-room`: the bytes of the answer that it has. */
      readonly bytes: number | null;
    }
  | { readonly kind: 'malformed' }
  /** Parts of two machines. */
  | { readonly kind: 'mixed'; readonly instances: readonly string[] };

const malformed = { kind: 'malformed' } as const;
const noDetails: SessionDetails = { directory: null, sendingOver: null, leftBehind: [] };

/** What a host's one part says (`readParts`). */
export function readAnswer(
  host: string,
  part: Uint8Array,
  known: HostAnswer | undefined,
  wantsDetails: boolean,
): ReadAnswer {
  const read = parseAnswerPart(part);
  return readParts(host, read && [read], part.length, known, wantsDetails);
}

/**
 * What a host's parts say, of so many bytes; null where they are none. `known` is the answer that the request has named.
 * All of it is foreign: what does not fit is no answer, and whose host it is says the gateway, never the host.
 */
export function readParts(
  host: string,
  read: readonly AnswerPart[] | null,
  bytes: number,
  known: HostAnswer | undefined,
  wantsDetails: boolean,
): ReadAnswer {
  const [first] = read ?? [];
  if (read === null || first === undefined) return malformed;
  const { instance } = first;
  const instances = [...new Set(read.map((part) => part.instance))];
  if (instances.length > 1) return { kind: 'mixed', instances };
  if ('refused' in first) {
    const { refused: refusal, now, bytes: wanted = null } = first;
    return { kind: 'refused', instance, refusal, now, bytes: wanted };
  }
  if ('unchanged' in first) {
    const { begunAt } = first;
    const isKnown = known !== undefined && known.digest === first.unchanged;
    return isKnown ? { kind: 'answer', instance, begunAt, answer: known } : malformed;
  }
  const rows = read.flatMap((part) => ('sessions' in part ? part.sessions : []));
  const head = 'sessions' in first ? first.head : undefined;
  if (head === undefined || !areDifferent(rows)) return malformed;
  const answer = { ...toAnswer(host, head, rows, wantsDetails), bytes };
  return { kind: 'answer', instance, begunAt: head.begunAt, answer };
}

/** What every part that uapid sends begins with. */
const beginning = /^\{"v":1,"instance":"([\w-]{22})",/;
const beginningBytes = 64;

/**
 * The instance that a late or second part comes from; null where it makes no sense. Nothing else of it is read: a host
 * may send as many of these as of those that count.
 */
export function instanceOf(part: Uint8Array): string | null {
  const start = Buffer.from(part.buffer, part.byteOffset, Math.min(part.length, beginningBytes));
  return beginning.exec(start.toString('latin1'))?.[1] ?? null;
}

/** A session is one row: its pid and start tell it from all others of the host. */
function areDifferent(rows: readonly SessionRow[]): boolean {
  if (new Set(rows.map(({ pid }) => pid)).size === rows.length) return true;
  return new Set(rows.map(({ pid, startTime }) => `${pid} ${startTime}`)).size === rows.length;
}

function toAnswer(
  host: string,
  { gaps, daemons, counts, digest, version }: AnswerHead,
  rows: readonly SessionRow[],
  wantsDetails: boolean,
): Omit<HostAnswer, 'bytes'> {
  return {
    sessions: rows.map((row) => toSession(host, row)),
    details: wantsDetails ? rows.map(({ details = noDetails }) => toDetails(details)) : undefined,
    gaps: gaps.map((gap): Gap => withoutUndefined({ ...gap, host })),
    daemons: daemons.map((daemon) => ({ ...daemon, host })),
    counts,
    digest,
    version,
  };
}

/** What is known of a row, and nothing else that it may have; property by property, as `withBytesMoved` says. */
function toSession(host: string, row: SessionRow): FtpSession {
  const session: FtpSession = {
    host,
    pid: row.pid,
    startTime: row.startTime,
    daemon: row.daemon,
    title: row.title,
    ownerUid: row.ownerUid,
    user: row.user,
    isUserProven: row.isUserProven,
    remoteAddress: row.remoteAddress,
    remotePort: row.remotePort,
    localPort: row.localPort,
    state: row.state,
    file: row.file,
    path: row.path,
    command: row.command,
    protocol: row.protocol,
    bytesMoved: row.bytesMoved,
    bytesSkipped: row.bytesSkipped,
    bytesTotal: row.bytesTotal,
    connectedAt: row.connectedAt,
    transferStartedAt: row.transferStartedAt,
    lastTransferStartedAt: row.lastTransferStartedAt,
    idleSince: row.idleSince,
    ownerName: row.ownerName,
  };
  const { isUnlisted, container } = row;
  if (isUnlisted === undefined && container === undefined) return session;
  return {
    ...session,
    ...(isUnlisted === undefined ? {} : { isUnlisted }),
    ...(container && { container: { name: container.name, account: container.account } }),
  };
}

function toDetails({ directory, sendingOver, leftBehind }: SessionDetails): SessionDetails {
  return {
    directory,
    sendingOver: sendingOver && toConnection(sendingOver),
    leftBehind: leftBehind.map(toConnection),
  };
}

function toConnection(connection: DataConnection): DataConnection {
  const { localPort, remoteAddress, remotePort, unsentBytes } = connection;
  return { localPort, remoteAddress, remotePort, unsentBytes };
}

/** zod gives an absent key the type of one that is there and undefined. */
export function withoutUndefined(gap: { [Key in keyof Gap]: Gap[Key] | undefined }): Gap {
  return Object.fromEntries(
    Object.entries(gap).filter(([, value]) => value !== undefined),
  ) as unknown as Gap;
}
