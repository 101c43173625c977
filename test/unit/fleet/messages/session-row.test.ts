import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import * as z from 'zod';
import { readAnswer } from '../../../../src/fleet/gateway/read-answer.ts';
import { areSessionRows } from '../../../../src/fleet/messages/session-row.ts';

/* What a row may be, said a second time by a schema of zod, which would be slow where thousands of rows come. */
const seconds = z.number().min(0).max(253_402_300_799).nullable();
const count = z
  .int()
  .min(0)
  .max(2 ** 50);
const text = z.string().max(8192);
const port = z.int().min(1).max(65_535);
const address = z
  .string()
  .max(64)
  .refine((each) => isIP(each) !== 0);
const name = z.string().min(1).max(256);
const connection = z.object({
  localPort: port,
  remoteAddress: address,
  remotePort: port,
  unsentBytes: count,
});
const row = z.object({
  pid: z
    .int()
    .min(1)
    .max(2 ** 31 - 1),
  startTime: z.string().regex(/^\w{1,32}$/),
  daemon: z.string().regex(/^[\w.-]{1,32}$/),
  title: text,
  ownerUid: z
    .int()
    .min(0)
    .max(2 ** 32 - 1),
  ownerName: name.nullable(),
  user: z.string().max(1024).nullable(),
  isUserProven: z.boolean(),
  remoteAddress: address.nullable(),
  remotePort: port.nullable(),
  localPort: port.nullable(),
  state: z.enum(['idle', 'download', 'upload']),
  file: text.nullable(),
  path: text.nullable(),
  command: text.nullable(),
  protocol: z.enum(['ftp', 'ftps', 'sftp']).nullable(),
  bytesMoved: count.nullable(),
  bytesSkipped: count.nullable(),
  bytesTotal: count.nullable(),
  connectedAt: seconds,
  transferStartedAt: seconds,
  lastTransferStartedAt: seconds,
  idleSince: seconds,
  isUnlisted: z.literal(true).optional(),
  container: z.object({ name, account: name }).optional(),
  details: z
    .object({
      directory: text.nullable(),
      sendingOver: connection.nullable(),
      leftBehind: z.array(connection).max(16),
    })
    .optional(),
});

const over = { localPort: 20, remoteAddress: '2001:db8::1', remotePort: 4_000, unsentBytes: 9 };
const whole = {
  pid: 4_242,
  startTime: '99_a',
  daemon: 'pure-ftpd',
  title: 'pure-ftpd (IDLE)',
  ownerUid: 1_000,
  ownerName: 'alice',
  user: 'alice',
  isUserProven: true,
  remoteAddress: '192.0.2.1',
  remotePort: 40_000,
  localPort: 21,
  state: 'download',
  file: 'a',
  path: '/a',
  command: 'RETR a',
  protocol: 'ftps',
  bytesMoved: 1,
  bytesSkipped: 0,
  bytesTotal: 2,
  connectedAt: 1.5,
  transferStartedAt: 2,
  lastTransferStartedAt: 2,
  idleSince: null,
  isUnlisted: true,
  container: { name: 'docker:web-1', account: 'alice' },
  details: { directory: '/', sendingOver: over, leftBehind: [over] },
};

/** What may come in the place of any value, the bounds of all of them among it. */
const values: readonly unknown[] = [
  ...[null, true, false, {}, [], [[]], over, whole.container, whole.details],
  ...[-1, -0, 0, 0.5, 1, 65_535, 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32],
  ...[2 ** 50, 2 ** 50 + 1, 2 ** 53, 1e300, Number.POSITIVE_INFINITY, 253_402_300_799],
  ...[253_402_300_799.5, 253_402_300_800, '', '0', '1', 'a\n', 'é', '.-', 'ftp', 'sftp', 'idle'],
  ...['upload', 'FTP', '::1', '127.0.0.1', '127.1', 'fe80::1%eth0', `fe80::1%${'e'.repeat(60)}`],
  ...[32, 33, 256, 257, 1_024, 1_025, 8_192, 8_193].map((length) => 'x'.repeat(length)),
  ...[16, 17].map((length) => Array.from({ length }, () => over)),
];

test('what is a row of a host is what its schema takes, with any value in any place', () => {
  const verdicts = { taken: 0, refused: 0 };
  const compare = (value: unknown) => {
    const isRow = areSessionRows([value]);
    const { success, data } = row.safeParse(value);
    assert.equal(isRow, success, JSON.stringify(value)?.slice(0, 900));
    verdicts[isRow ? 'taken' : 'refused'] += 1;
    if (data === undefined) return;
    const { details, ...session } = data;
    const told = toldOf(value);
    assert.deepEqual(told.session, asSent({ host: 'web1', ...session }), 'what the schema leaves');
    if (details !== undefined) assert.deepEqual(told.details, asSent(details));
  };
  for (const each of [...values, whole]) compare(each);
  for (const other of spoilt(whole)) compare(other);
  assert.ok(verdicts.taken > 100 && verdicts.refused > 1_000, JSON.stringify(verdicts));
});

/** This, with one value in it missing, or another one, or one more; at every depth. */
function* spoilt(value: object): Generator<object> {
  yield { ...value, unknown: 'to this gateway' };
  for (const [key, own] of Object.entries(value)) {
    const { [key as never]: _left, ...rest } = value;
    yield rest;
    for (const other of values) yield { ...value, [key]: other };
    if (Array.isArray(own)) {
      for (const each of own) for (const other of spoilt(each)) yield { ...value, [key]: [other] };
    } else if (typeof own === 'object' && own !== null) {
      for (const other of spoilt(own)) yield { ...value, [key]: other };
    }
  }
}

/** What a gateway makes of it. */
function toldOf(sent: unknown) {
  const digest = 'd'.repeat(43);
  const head = { version: '1', begunAt: 1, scanMs: 1, digest, gaps: [], daemons: [] };
  const part = { v: 1, instance: 'i'.repeat(22), head, sessions: [sent] };
  const read = readAnswer('web1', Buffer.from(JSON.stringify(part)), undefined, true);
  assert.equal(read.kind, 'answer');
  const [session] = read.answer.sessions;
  const [details] = read.answer.details ?? [];
  return { session, details };
}

/** JSON has no -0. */
function asSent(value: object): unknown {
  return JSON.parse(JSON.stringify(value));
}
