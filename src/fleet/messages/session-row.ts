import { isIP } from 'node:net';
import * as z from 'zod';

/*
 * What a host tells of its sessions is foreign input: it may lie about itself, and neither break the
 * answer for others nor make it without bounds. So no value goes beyond what the API's own rows take.
 * A key that is not known here is left out, so that hosts may be newer than their gateway.
 */

/** The last second of the year 9999. */
const seconds = z.number().min(0).max(253_402_300_799).nullable();
/** A petabyte: a rate over five seconds, made of it, stays a safe whole number. */
const bytes = z
  .int()
  .min(0)
  .max(2 ** 50)
  .nullable();
const text = z.string().max(8192);
const port = z.int().min(1).max(65_535).nullable();
const address = z
  .string()
  .max(64)
  .refine((each) => isIP(each) !== 0, 'is no IP address');
const uid = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);
const pid = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);
const name = z.string().min(1).max(256);

const dataConnection = z.object({
  localPort: z.int().min(1).max(65_535),
  remoteAddress: address,
  remotePort: z.int().min(1).max(65_535),
  unsentBytes: z
    .int()
    .min(0)
    .max(2 ** 50),
});

const details = z.object({
  directory: text.nullable(),
  sendingOver: dataConnection.nullable(),
  leftBehind: z.array(dataConnection).max(16).readonly(),
});

/** A session with the name of its owner on that host; whose host it is, its messages do not say. */
export const sessionRow = z.object({
  pid,
  startTime: z.string().regex(/^\w{1,32}$/),
  daemon: z.string().regex(/^[\w.-]{1,32}$/),
  title: text,
  ownerUid: uid,
  /** The system user of that uid; null where it has no name. */
  ownerName: name.nullable(),
  user: z.string().max(1024).nullable(),
  isUserProven: z.boolean(),
  remoteAddress: address.nullable(),
  remotePort: port,
  localPort: port,
  state: z.enum(['idle', 'download', 'upload']),
  file: text.nullable(),
  path: text.nullable(),
  command: text.nullable(),
  protocol: z.enum(['ftp', 'ftps', 'sftp']).nullable(),
  bytesMoved: bytes,
  bytesSkipped: bytes,
  bytesTotal: bytes,
  connectedAt: seconds,
  transferStartedAt: seconds,
  lastTransferStartedAt: seconds,
  idleSince: seconds,
  isUnlisted: z.literal(true).optional(),
  container: z.object({ name, account: name }).optional(),
  /** Where they were asked for. */
  details: details.optional(),
});
export type SessionRow = z.infer<typeof sessionRow>;

/** Something that the host could not see; the gateway has the sentence for it. */
export const gapRow = z.object({
  cause: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/),
  ownerUid: uid.nullable(),
  pid: pid.optional(),
  daemon: name.optional(),
  systemUser: name.optional(),
  account: name.optional(),
  login: z.string().max(1024).optional(),
});

/** A daemon that was seen running. */
export const daemonRow = z.object({
  name,
  pid,
  ports: z.array(z.int().min(1).max(65_535)).max(1024).readonly().nullable(),
});
