import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { formatAudit } from '../../../src/audit/audit-line.ts';
import { serveWorker } from '../../../src/channel/serve-requests.ts';
import { receiveFrames } from '../../../src/lib/frames.ts';
import { createVersionedValue } from '../../../src/lib/versioned-value.ts';
import { readProcessStats } from '../../../src/os/process-stats.ts';
import { createEndingCounts } from '../../../src/sessions/count-endings.ts';
import { localHost } from '../../../src/sessions/identity.ts';
import { everybody, ofUids, type Scope } from '../../../src/sessions/scope.ts';
import { ftpSession, snapshot } from '../../support/app.ts';
import { noHistory } from '../../support/history-lines.ts';
import { noKeptLogins } from '../../support/no-kept-logins.ts';
import { relayOf } from '../../support/relay.ts';
import { connectWorker } from '../../support/worker-client.ts';
import { mutateBytes, mutateText, mutateValue } from '../mutate.ts';
import type { Random } from '../random.ts';
import { pureTarget, type Target } from '../target.ts';

/** A FAKE of a channel's end: what is given to it comes in at once, what is written goes nowhere. */
class Channel extends EventEmitter {
  readonly written: Buffer[] = [];
  readonly writableLength = 0;
  isDestroyed = false;
  write(chunk: Buffer): boolean {
    this.written.push(chunk);
    return true;
  }
  give(bytes: Buffer, random: Random): void {
    for (let at = 0; at < bytes.length; ) {
      const next = random.oneIn(2) ? bytes.length : at + random.below(9) + 1;
      this.emit('data', bytes.subarray(at, next));
      at = next;
    }
  }
  destroy(): void {
    this.isDestroyed = true;
  }
  cork(): void {}
  uncork(): void {}
  pause(): void {}
  resume(): void {}
}
const asDuplex = (channel: Channel) => channel as unknown as Duplex;

function frame(text: string): Buffer {
  const body = Buffer.from(text);
  const header = Buffer.alloc(4);
  header.writeUInt32BE(body.length);
  return Buffer.concat([header, body]);
}

const toMonitor: readonly unknown[] = [
  { id: 1, verb: 'snapshot', scope: ofUids([0, 1001, 2 ** 32 - 1]), known: 0 },
  { id: 2, verb: 'snapshot', scope: everybody, known: 1 },
  { id: 3, verb: 'state', known: 0 },
  { id: 4, verb: 'key-pair', known: 1 },
  {
    id: 5,
    verb: 'end-sessions',
    identities: [{ host: localHost, pid: 7, startTime: '1234' }],
    scope: ofUids([1001]),
  },
  { id: 6, verb: 'process-stats' },
  {
    id: 7,
    verb: 'history',
    query: {
      scope: { kind: 'some', users: [[1001, ['alice']]], logins: ['*@alice.example'] },
      login: 'dev@alice.example',
      from: '192.0.2.0/24',
      since: 0,
      until: null,
    },
  },
  { event: 'listening' },
  { event: 'alive' },
  { event: 'audit', claim: { event: 'login', address: '::1', account: 'a', door: 'login' } },
  { event: 'failed', message: 'no' },
];

const toHttp: readonly unknown[] = [
  { id: 2, value: { ...snapshot(), sessions: [1], fresh: [[1, ftpSession()]], dropped: [] } },
  { id: 2, value: { ...snapshot(), sessions: [1, 2], fresh: [], dropped: [1] } },
  { id: 1, state: { version: 1, value: { accounts: {}, roles: {}, tokens: {} } }, value: null },
  { id: 2, state: { version: 1 }, value: { ...snapshot(), sessions: [], fresh: [], dropped: [] } },
  { id: 2, error: 'the monitor failed' },
  { runAs: null, logLevel: 'info', listen: [], state: { version: 1 } },
];

function makeFrames(random: Random, samples: readonly unknown[]): Buffer {
  const frames = random.some(4, () => {
    const sample = random.pick(samples);
    const value = random.oneIn(2) ? mutateValue(random, sample) : sample;
    const text = JSON.stringify(value) ?? 'null';
    return frame(random.oneIn(6) ? mutateText(random, text) : text);
  });
  const bytes = Buffer.concat(frames);
  return random.oneIn(4) ? mutateBytes(random, bytes) : bytes;
}

/** What a reader has of these bytes that sees all of them at once. */
function decode(bytes: Buffer, limit: number): { values: unknown[]; faults: number } {
  const values: unknown[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end - at - 4 > limit) return { values, faults: 1 };
    if (end > bytes.length) break;
    try {
      values.push(JSON.parse(bytes.toString('utf8', at + 4, end)));
    } catch {
      return { values, faults: 1 };
    }
    at = end;
  }
  return { values, faults: 0 };
}

const limit = 4096;

interface Sent {
  readonly bytes: Buffer;
  readonly random: Random;
}
const sent = (samples: readonly unknown[]) => (random: Random) => ({
  bytes: makeFrames(random, samples),
  random,
});

const frames = pureTarget<Sent>('frames', 100_000, sent(toMonitor), ({ bytes, random }) => {
  const channel = new Channel();
  const seen = { values: [] as unknown[], faults: 0 };
  receiveFrames(asDuplex(channel), limit, {
    onValue: (value) => seen.values.push(value),
    onFault: () => {
      seen.faults += 1;
    },
  });
  channel.give(bytes, random);
  assert.deepEqual(seen, decode(bytes, limit));
});

const isUid = (uid: number) => Number.isInteger(uid) && uid >= 0 && uid < 2 ** 32;

function isScope(scope: Scope): boolean {
  switch (scope.kind) {
    case 'everybody':
      return true;
    case 'some':
      return scope.uids.every(isUid) && scope.logins.every((login) => /^\*?[^*]+$/.test(login));
    case 'system-users':
      return scope.names.every((name) => name !== '');
    case 'placed':
      return false;
  }
}

/** What the worker may send: answers, or one fault; nothing of a wrong form gets through. */
const privileged: Target = {
  name: 'to-privileged-side',
  inputs: 50_000,
  open: async () => ({
    next: (random) => {
      const { bytes } = sent(toMonitor)(random);
      return { input: bytes, check: () => askMonitor(bytes, random) };
    },
  }),
};

async function askMonitor(bytes: Buffer, random: Random): Promise<void> {
  const channel = new Channel();
  const faults: string[] = [];
  let asked = 0;
  const whole = (value: object) => createVersionedValue(() => ({ value }));
  serveWorker(
    asDuplex(channel),
    {
      snapshots: relayOf({
        snapshot: async (scope) => {
          asked += 1;
          assert.ok(isScope(scope));
          return snapshot();
        },
      }),
      ender: {
        end: async (identities, scope) => {
          asked += 1;
          assert.ok(isScope(scope));
          return identities.map((identity) => ({ identity, session: null, outcome: 'gone' }));
        },
      },
      state: whole({}),
      keyPair: whole({}),
      logins: noKeptLogins,
      history: noHistory,
      checkPassword: async () => false,
      processStats: async () => ({
        monitor: readProcessStats(),
        scanner: null,
        endings: createEndingCounts(),
      }),
    },
    {
      onEvent: (event) => {
        if (event.event === 'audit') {
          const line = formatAudit({ ...event.claim, claimed: 'line' }, new Date());
          assert.match(line, /^uapid-audit: [ -~]{1,4080}$/);
        } else if (event.event === 'failed') assert.equal(typeof event.message, 'string');
      },
      onFault: (reason) => faults.push(reason),
      onInternalError: (error) => assert.fail(String(error)),
    },
  );
  channel.give(bytes, random);
  for (let turn = 0; turn < 4; turn += 1) await null;
  assert.ok(faults.length <= 1, faults.join());
  const answers = decode(Buffer.concat(channel.written), 2 ** 31);
  assert.equal(answers.faults, 0);
  assert.ok(answers.values.length >= asked);
}

/** What the monitor may send, were it broken: no exception, only failed asks. */
const http: Target = {
  name: 'to-http-side',
  inputs: 50_000,
  open: async () => ({
    next: (random) => {
      const { bytes } = sent(toHttp)(random);
      return { input: bytes, check: () => answerHttp(bytes, random) };
    },
  }),
};

async function answerHttp(bytes: Buffer, random: Random): Promise<void> {
  const channel = new Channel();
  const { sessions, state } = connectWorker(asDuplex(channel));
  const asks = [state.revalidate(state.now()), sessions.snapshot(everybody)];
  for (const ask of asks) Promise.resolve(ask).catch(() => {});
  // Looks are asked for when this turn of the event loop is over.
  await setImmediate();
  assert.equal(decode(Buffer.concat(channel.written), 2 ** 31).values.length, asks.length);
  channel.give(bytes, random);
}

/** The channel between the two sides, in both directions. */
export const channel = [frames, privileged, http];
