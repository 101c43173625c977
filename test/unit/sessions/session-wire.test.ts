import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Snapshot } from '../../../src/sessions/session.ts';
import {
  createSnapshotReceiver,
  createSnapshotSender,
  type WireSnapshot,
} from '../../../src/sessions/session-wire.ts';
import { ftpSession, snapshot } from '../../support/app.ts';

function connect() {
  const toWire = createSnapshotSender();
  const fromWire = createSnapshotReceiver();
  const wires: WireSnapshot[] = [];
  const send = (seen: Snapshot) => {
    const text = JSON.stringify(toWire(seen));
    wires.push(JSON.parse(text));
    return fromWire(JSON.parse(text));
  };
  return { send, wires };
}

test('a session that is as it was goes over once and stays the same object', () => {
  const { send, wires } = connect();
  const seen = snapshot({ sessions: [ftpSession({ pid: 1 }), ftpSession({ pid: 2 })] });
  const [first, second] = [send(seen), send({ ...seen, begunAt: 5 })];
  assert.deepEqual(first, seen);
  assert.deepEqual(second, { ...seen, begunAt: 5 });
  assert.equal(first.sessions[0], second.sessions[0]);
  assert.deepEqual(
    wires.map(({ fresh }) => fresh.length),
    [2, 0],
  );
});

test('any sequence of snapshots arrives as it was sent', () => {
  const all = Array.from({ length: 8 }, (_, pid) => ftpSession({ pid: pid + 1 }));
  const picks = fc.array(fc.subarray(all), { maxLength: 300 });
  fc.assert(
    fc.property(picks, (sequence) => {
      const { send } = connect();
      for (const sessions of sequence) {
        const seen = snapshot({ sessions });
        assert.deepEqual(send(seen), seen);
      }
    }),
    { numRuns: 50 },
  );
});

test('sessions that are not named any more are forgotten by both sides', () => {
  const { send, wires } = connect();
  const gone = ftpSession({ pid: 1 });
  send(snapshot({ sessions: [gone] }));
  for (let look = 0; look < 200; look += 1) send(snapshot());
  assert.deepEqual(
    wires.flatMap(({ dropped }) => dropped),
    [1],
  );
  assert.deepEqual(send(snapshot({ sessions: [gone] })).sessions, [gone]);
  assert.equal(wires.at(-1)?.fresh.length, 1);
});
