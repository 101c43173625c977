import { isIP } from 'node:net';
import * as z from 'zod';
import type { SessionContainer } from '../../sessions/container.ts';
import type { DataConnection, FtpSession, SessionDetails } from '../../sessions/session.ts';

/*
 * What a host tells of its sessions is foreign input: it may lie about itself, and neither break the
 * answer for others nor make it without bounds. So no value goes beyond what the API's own rows take.
 * A key that is not known here is left out, so that hosts may be newer than their gateway.
 */

/**
 * A session with the name of its owner on that host; whose host it is, its messages do not say. `details`
 * where they were asked for.
 */
export type SessionRow = Omit<FtpSession, 'host' | 'ownerName'> & {
  /** The system user of that uid; null where it has no name. */
  readonly ownerName: string | null;
  readonly details?: SessionDetails;
};

/** The last second of the year 9999. */
const maxSeconds = 253_402_300_799;
/** A petabyte: a rate over five seconds, made of it, stays a safe whole number. */
const maxBytes = 2 ** 50;
const maxUid = 2 ** 32 - 1;
const maxPid = 2 ** 31 - 1;
const maxPort = 65_535;
const maxText = 8192;
/** The name of an FTP daemon. */
const daemonForm = /^[\w.-]{1,32}$/;

/**
 * Whether all of these are rows. Written out, since a list of a thousand hosts has twelve thousand rows: by a schema of
 * zod, and a copy more of each row, the gateway took 2.0 times as long for such a list, its network aside.
 */
export function areSessionRows(values: readonly unknown[]): values is readonly SessionRow[] {
  return values.every(isSessionRow);
}

function isSessionRow(value: unknown): boolean {
  if (!isObject(value)) return false;
  const row: Foreign<SessionRow> = value;
  return (
    isWhole(row.pid, 1, maxPid) &&
    isLike(row.startTime, /^\w{1,32}$/) &&
    isLike(row.daemon, daemonForm) &&
    isText(row.title, maxText) &&
    isWhole(row.ownerUid, 0, maxUid) &&
    (row.ownerName === null || isName(row.ownerName)) &&
    (row.user === null || isText(row.user, 1024)) &&
    typeof row.isUserProven === 'boolean' &&
    (row.remoteAddress === null || isAddress(row.remoteAddress)) &&
    (row.remotePort === null || isWhole(row.remotePort, 1, maxPort)) &&
    (row.localPort === null || isWhole(row.localPort, 1, maxPort)) &&
    (row.state === 'idle' || row.state === 'download' || row.state === 'upload') &&
    (row.file === null || isText(row.file, maxText)) &&
    (row.path === null || isText(row.path, maxText)) &&
    (row.command === null || isText(row.command, maxText)) &&
    isProtocol(row.protocol) &&
    isBytes(row.bytesMoved) &&
    isBytes(row.bytesSkipped) &&
    isBytes(row.bytesTotal) &&
    isSeconds(row.connectedAt) &&
    isSeconds(row.transferStartedAt) &&
    isSeconds(row.lastTransferStartedAt) &&
    isSeconds(row.idleSince) &&
    (row.isUnlisted === undefined || row.isUnlisted === true) &&
    (row.container === undefined || isContainer(row.container)) &&
    (row.details === undefined || areDetails(row.details))
  );
}

/** Nothing is known of a value that another host has sent, not even that it is there. */
type Foreign<T> = { readonly [Key in keyof T]?: unknown };

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isWhole(value: unknown, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
}

function isLike(value: unknown, form: RegExp): boolean {
  return typeof value === 'string' && form.test(value);
}

function isText(value: unknown, maxLength: number): boolean {
  return typeof value === 'string' && value.length <= maxLength;
}

function isName(value: unknown): boolean {
  return isText(value, 256) && value !== '';
}

function isAddress(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 64 && isIP(value) !== 0;
}

function isProtocol(value: unknown): boolean {
  return value === null || value === 'ftp' || value === 'ftps' || value === 'sftp';
}

function isBytes(value: unknown): boolean {
  return value === null || isWhole(value, 0, maxBytes);
}

function isSeconds(value: unknown): boolean {
  return value === null || (typeof value === 'number' && value >= 0 && value <= maxSeconds);
}

function isContainer(value: unknown): boolean {
  if (!isObject(value)) return false;
  const container: Foreign<SessionContainer> = value;
  return isName(container.name) && isName(container.account);
}

function areDetails(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { directory, sendingOver, leftBehind }: Foreign<SessionDetails> = value;
  return (
    (directory === null || isText(directory, maxText)) &&
    (sendingOver === null || isDataConnection(sendingOver)) &&
    Array.isArray(leftBehind) &&
    leftBehind.length <= 16 &&
    leftBehind.every(isDataConnection)
  );
}

function isDataConnection(value: unknown): boolean {
  if (!isObject(value)) return false;
  const connection: Foreign<DataConnection> = value;
  return (
    isWhole(connection.localPort, 1, maxPort) &&
    isAddress(connection.remoteAddress) &&
    isWhole(connection.remotePort, 1, maxPort) &&
    isWhole(connection.unsentBytes, 0, maxBytes)
  );
}

const uid = z.int().min(0).max(maxUid);
const pid = z.int().min(1).max(maxPid);
/** Of a system user or an account, as a line may show it. */
const name = z
  .string()
  .max(256)
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u);
const daemonName = z.string().regex(daemonForm);

/** Something that the host could not see; the gateway has the sentence for it. */
export const gapRow = z.object({
  cause: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/),
  ownerUid: uid.nullable(),
  pid: pid.optional(),
  daemon: daemonName.optional(),
  systemUser: name.optional(),
  account: name.optional(),
  login: z.string().max(1024).optional(),
});

/** A daemon that was seen running. */
export const daemonRow = z.object({
  name: daemonName,
  pid,
  ports: z.array(z.int().min(1).max(65_535)).max(1024).readonly().nullable(),
});
