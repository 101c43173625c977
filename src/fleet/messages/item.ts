import { isIP } from 'node:net';
import * as z from 'zod';
import { maxSessionNameLength } from '../../sessions/history.ts';
import { daemonRow, gapRow } from './session-row.ts';

/*
 * What a host tells of sessions that were, and of its FTP accounts, one thing an item: foreign input, as
 * its sessions are (session-row.ts).
 */

const uid = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);
const count = z.int().min(0).nullable();
const port = z.int().min(0).max(65_535).nullable();
/** In ISO 8601 and UTC, with milliseconds: a day and an hour that there are. */
const time = z.string().max(24).refine(isTime).nullable();
const word = z.string().regex(/^[a-z][a-z_-]{0,63}$/);
const sessionName = z.string().min(1).max(maxSessionNameLength);
const text = z.string().max(8192);

/** A session that was; whose host it is, its messages do not say. */
const pastSession = z.object({
  id: sessionName,
  daemon: z.string().regex(/^[\w.-]{1,32}$/),
  pid: z
    .int()
    .min(1)
    .max(2 ** 31 - 1),
  start: z
    .string()
    .regex(/^\w{1,32}$/)
    .nullable(),
  user: z.string().max(1024).nullable(),
  owner: uid.nullable(),
  owner_name: z.string().min(1).max(256).nullable(),
  address: z
    .string()
    .max(64)
    .refine((each) => isIP(each) !== 0)
    .nullable(),
  port,
  local_port: port,
  protocol: z.enum(['ftp', 'ftps', 'sftp']).nullable(),
  connected_at: time,
  ended_at: time,
  end: z.enum(['left', 'cut', 'ended', 'daemon-gone', 'unknown']).nullable(),
  ended_by: z.string().max(1024).nullable(),
  transfers: count,
  bytes: count,
  transfers_by: z
    .enum(['session-id', 'time-user-address', 'time-user', 'looks'])
    .nullable()
    .default(null),
  seen: z.enum(['events', 'looks']),
  why: z.record(word, word),
});
export type PastSession = z.infer<typeof pastSession>;

/** A file that a session has transferred. */
const pastFile = z.object({
  session: sessionName,
  user: z.string().max(1024).nullable(),
  at: time,
  direction: z.enum(['upload', 'download']),
  bytes: z.int().min(0),
  seconds: count,
  whole: z.boolean(),
  file: text,
});
export type PastFile = z.infer<typeof pastFile>;

/** What may be missing, in the host's own words: one line of text, and nothing that a terminal obeys. */
const warning = z.object({
  /** Of a host that is newer than its gateway it may be another than that one knows. */
  code: z.string().regex(/^history-[a-z][a-z-]{0,55}$/),
  text: z
    .string()
    .max(1024)
    .regex(/^[^\p{C}\p{Zl}\p{Zp}]*$/u),
});

const ftpAccount = z.object({
  daemon: z.string().regex(/^[\w.-]{1,32}$/),
  user: z.string().min(1).max(1024),
  type: z.enum(['main', 'sub']),
  ownerUid: uid,
  home: text,
  ownerHome: text.nullable(),
  quotaBytes: z.union([z.int().min(0), z.literal('unlimited')]).nullable(),
});

const accountsFault = z.object({
  daemon: z.string().regex(/^[\w.-]{1,32}$/),
  fault: z.enum(['place-unknown', 'untrusted', 'unreadable', 'elsewhere']),
});

function isTime(text: string): boolean {
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString() === text;
}

/** One thing of an answer, by the key that no other has. */
export const item = z.union([
  z.object({ past: pastSession }),
  z.object({ file: pastFile }),
  z.object({ account: ftpAccount }),
  z.object({ fault: accountsFault }),
  z.object({ warning }),
  z.object({ gap: gapRow }),
  z.object({ daemon: daemonRow }),
]);
export type Item = z.infer<typeof item>;
