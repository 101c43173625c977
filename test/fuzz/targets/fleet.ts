import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { createAnswerer } from '../../../src/fleet/agent/answer-ask.ts';
import { instanceOf, readAnswer } from '../../../src/fleet/gateway/read-answer.ts';
import { parseAnswerPart } from '../../../src/fleet/messages/answer.ts';
import { decodeFrame } from '../../../src/fleet/signature/signed-frame.ts';
import { readPlace } from '../../../src/fleet/transport/collect-parts.ts';
import { toPastRow } from '../../../src/uapi/Ftp/list_history.ts';
import { pastSession } from '../../unit/fleet/agent/past-session.ts';
import { mutateBytes, mutateValue } from '../mutate.ts';
import type { Random } from '../random.ts';
import { pureTarget, type Target } from '../target.ts';

const session = {
  pid: 7,
  startTime: '1234',
  daemon: 'pure-ftpd',
  title: 'pure-ftpd (IDLE)',
  ownerUid: 2001,
  ownerName: 'alice',
  user: 'alice',
  isUserProven: true,
  remoteAddress: '192.0.2.7',
  remotePort: 4711,
  localPort: 21,
  state: 'download',
  file: 'a.iso',
  path: '/home/alice/a.iso',
  command: null,
  protocol: 'ftp',
  bytesMoved: 5,
  bytesSkipped: 0,
  bytesTotal: 9,
  connectedAt: 1_700_000_000,
  transferStartedAt: 1_700_000_001,
  lastTransferStartedAt: null,
  idleSince: null,
  details: { directory: '/', sendingOver: null, leftBehind: [] },
};
const gap = { cause: 'file-unknown', ownerUid: 2001 };
const daemon = { name: 'pure-ftpd', pid: 5, ports: [21] };
const instance = 'i'.repeat(22);
const head = {
  version: '1',
  begunAt: 7,
  scanMs: 1,
  digest: 'd'.repeat(43),
  gaps: [gap],
  daemons: [daemon],
};
const samples = [
  { v: 1, instance, head, sessions: [session, { ...session, pid: 8 }] },
  { v: 1, instance, refused: 'signature', now: 5 },
  { v: 1, instance, unchanged: 'd'.repeat(43), begunAt: 1, scanMs: 1 },
  {
    v: 1,
    instance,
    items: [
      { past: pastSession() },
      { warning: { code: 'history-begins', text: 'It begins today.' } },
      { gap },
      { daemon },
      { fault: { daemon: 'proftpd', fault: 'elsewhere' } },
    ],
  },
  { v: 1, instance, ended: [{ pid: 7, startTime: '1', outcome: 'ended' }] },
];

function spoilt(random: Random, sample: unknown): Buffer {
  const value = random.oneIn(4) ? sample : mutateValue(random, sample);
  const bytes = Buffer.from(JSON.stringify(value) ?? '');
  return random.oneIn(2) ? bytes : mutateBytes(random, bytes);
}

/** What a host says to its gateway: no answer at all, or one that every row of the API can be made of. */
const answers = pureTarget(
  'fleet-answers',
  40_000,
  (random) => spoilt(random, random.pick(samples)),
  (bytes) => {
    instanceOf(bytes);
    const part = parseAnswerPart(bytes);
    for (const each of part !== null && 'items' in part ? part.items : []) {
      if ('past' in each) toPastRow(each.past, null);
      if ('warning' in each) assert.doesNotMatch(each.warning.text, /\p{C}/u);
    }
    const read = readAnswer('web1', bytes, undefined, true);
    if (read.kind !== 'answer') return;
    const { sessions, gaps, daemons } = read.answer;
    for (const each of [...sessions, ...gaps, ...daemons]) assert.equal(each.host, 'web1');
    for (const { remoteAddress, connectedAt, bytesMoved } of sessions) {
      assert.ok(remoteAddress === null || isIP(remoteAddress) !== 0);
      if (connectedAt !== null) new Date(connectedAt * 1000).toISOString();
      assert.ok(Number.isSafeInteger((bytesMoved ?? 0) * 1000) || (bytesMoved ?? 0) <= 2 ** 50);
    }
  },
);

const answer = createAnswerer({
  host: 'web1',
  gateways: new Map(),
  allow: ['list', 'end'],
  enderFor: () => {
    throw new Error('nobody may end what nobody has signed');
  },
  sessions: {
    snapshot: async () => {
      throw new Error('nobody may look for what nobody has signed');
    },
  },
  past: { read: () => assert.fail('nobody may read what nobody has signed for') },
  systemUsers: { refresh: () => {}, uidsOf: async () => new Map(), namesOf: async () => new Map() },
  instance,
  version: '1',
  maxPartBytes: () => 1_000,
  onRefusal: () => {},
  onInternalError: (error) => {
    throw error;
  },
});

/** What a messaging server may hand to a host: refused, and never looked for. */
const asks = pureTarget(
  'fleet-asks',
  20_000,
  (random) => {
    const header = { gateway: 'gw1', signature: 'A'.repeat(86), known: 'd'.repeat(43) };
    const body = spoilt(random, { v: 1, verb: 'list' });
    return Buffer.concat([spoilt(random, header), Buffer.from('\n'), body]);
  },
  (bytes) => {
    decodeFrame(bytes);
    readPlace(bytes.toString('latin1').slice(0, 8));
    void answer('list', bytes);
  },
);

export const fleetTargets: readonly Target[] = [answers, asks];
