import * as z from 'zod';
import { claim } from '../audit/claim.ts';
import type { Update } from '../lib/versioned-value.ts';
import { maxFileTextLength, maxFromLength, maxSessionNameLength } from '../sessions/history.ts';
import { hostName } from '../sessions/identity.ts';
import { isLoginPattern, maxScopeEntries } from '../sessions/scope.ts';

/*
 * What goes over the channel between the monitor, which sees every process and reads no
 * byte from the network, and the worker, which speaks with the world and has no rights; and over
 * the control socket, between the monitor and commands on this machine. The monitor
 * believes nothing: whatever does not fit these schemas ends the worker, or cuts the command off.
 */

/** So many sessions are ended with one request. */
export const maxTargets = 1_000;

/** A session as a snapshot has named it; no start time of any process table is longer. */
export const sessionIdentity = z.strictObject({
  host: z.string().regex(hostName),
  pid: z
    .int()
    .min(1)
    .max(2 ** 31 - 1),
  startTime: z.string().regex(/^\w{1,32}$/),
});

/** Characters of a system user's password; the monitor takes no longer one. */
export const maxSystemPassword = 256;

const id = z.int().min(1);
const uid = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);
const entries = <T extends z.ZodType>(entry: T) => z.array(entry).max(maxScopeEntries).readonly();
const scope = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('everybody') }),
  z.strictObject({
    kind: z.literal('some'),
    uids: entries(uid),
    logins: entries(z.string().refine(isLoginPattern)),
    accounts: entries(z.string().min(1).max(256)).optional(),
  }),
  z.strictObject({
    kind: z.literal('system-users'),
    names: entries(z.string().min(1).max(256)),
  }),
]);
const known = z.int().min(0);
const loginId = z.string().regex(/^[\w-]{22}$/);
const loginRecord = z.strictObject({
  account: z.string().min(1).max(256),
  holder: z.string().min(1).max(512),
  securityToken: z.string().regex(/^\/cpsess\d{10}$/),
});

/** Of a system user: what can stand in a line, no longer than a helper takes it. */
const systemName = z.string().min(1).max(128);
const systemSecret = z.string().min(1).max(maxSystemPassword);

const snapshot = z.strictObject({
  id,
  verb: z.literal('snapshot'),
  scope,
  details: z.literal(true).optional(),
  ftpAccounts: z.literal(true).optional(),
});
const endSessions = z.strictObject({
  id,
  verb: z.literal('end-sessions'),
  identities: z.array(sessionIdentity).max(maxTargets).readonly(),
  scope,
});

const momentMs = z.int().min(-8.64e15).max(8.64e15).nullable();
/** Which of the sessions that were are wanted (src/sessions/history.ts). */
const historyQuery = z.strictObject({
  scope: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('everybody') }),
    z.strictObject({
      kind: z.literal('some'),
      users: entries(z.tuple([uid, entries(z.string().min(1).max(256))]).readonly()),
      logins: entries(z.string().refine(isLoginPattern)),
    }),
  ]),
  login: z.string().refine(isLoginPattern).nullable(),
  /** The reader takes nothing but an address or a range. */
  from: z.string().max(maxFromLength).nullable(),
  since: momentMs,
  until: momentMs,
  file: z.string().max(maxFileTextLength).nullish(),
  session: z.string().max(maxSessionNameLength).nullish(),
  files: z.boolean().optional(),
});

export type EndRequest = z.infer<typeof endSessions>;

/** What is asked about FTP sessions. */
const ftpRequest = z.discriminatedUnion('verb', [snapshot, endSessions]);

/** Characters of a request that the monitor signs for a gateway. */
export const maxSignedLength = 256 * 1024;

/** The monitor's few verbs. `known` is the version of the state that the asker has. */
export const request = z.discriminatedUnion('verb', [
  snapshot.extend({ known }),
  endSessions,
  z.strictObject({ id, verb: z.literal('state'), known }),
  z.strictObject({ id, verb: z.literal('key-pair'), known }),
  z.strictObject({ id, verb: z.literal('process-stats') }),
  z.strictObject({ id, verb: z.literal('open-login'), login: loginRecord }),
  z.strictObject({ id, verb: z.literal('end-login'), login: loginId }),
  z.strictObject({ id, verb: z.literal('history'), query: historyQuery }),
  z.strictObject({
    id,
    verb: z.literal('check-password'),
    name: systemName,
    password: systemSecret,
  }),
  z.strictObject({
    id,
    verb: z.literal('sign-ask'),
    message: z.string().max(maxSignedLength),
    known,
  }),
]);
export type Request = z.infer<typeof request>;

/** A request without its id, and where it names a version of the state without that. */
export type Asked = Request extends infer Each
  ? Each extends { verb: 'snapshot' | 'state' | 'sign-ask' }
    ? Omit<Each, 'id' | 'known'>
    : Omit<Each, 'id'>
  : never;

/**
 * A text that goes into the log or to a terminal: in one line, and nothing in it that a terminal may
 * obey (src/terminal/printable.ts).
 */
const sentence = z
  .string()
  .max(2000)
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]*$/u);

/** What the worker tells of its own accord; that it is alive, for each ping. */
const event = z.discriminatedUnion('event', [
  z.strictObject({ event: z.literal('listening') }),
  z.strictObject({ event: z.literal('alive') }),
  z.strictObject({ event: z.literal('audit'), claim }),
  z.strictObject({ event: z.literal('login-used'), login: loginId }),
  z.strictObject({ event: z.literal('failed'), message: sentence }),
]);
export type Event = z.infer<typeof event>;

export const fromWorker = z.union([request, event]);

/** Who is at the command line, by the command's own word; said once and before anything is ended. */
const caller = z.strictObject({ event: z.literal('caller'), name: z.string().min(1).max(256) });
export type Caller = z.infer<typeof caller>;

/** All that a command on this machine may say to a running server. */
export const fromCommand = z.union([ftpRequest, caller]);

/**
 * No frame of the worker is longer than this many bytes: the most uids, of ten digits each, and
 * the most targets, of less than 150 bytes each; and as many names or logins of 40 bytes each.
 */
export const maxFromWorkerBytes = 512 * 1024;

/** What the monitor sends to a worker that listens, to hear that it is alive. */
export const ping = { ping: true } as const;

/**
 * An answer to a request. To one that names a version of the state it says which the state has at
 * some moment after the question came in, and after a change what it is.
 */
export type Reply =
  | { readonly id: number; readonly state?: Update; readonly value: unknown }
  | { readonly id: number; readonly error: string };
