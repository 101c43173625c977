import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { type Connection, createShares } from '../../../src/http/connection-shares.ts';

const share = 2;
const socket = new Socket();

const move = fc.record({
  what: fc.constantFrom('add', 'add', 'add', 'remove', 'let in', 'answer', 'begin', 'make room'),
  of: fc.nat(4),
  which: fc.nat(100),
});

/** The size of a client as docs/security.md tells it. */
function sizeOf(all: readonly Connection[], key: string): number {
  const own = all.filter(({ peer }) => peer.key === key);
  const letIn = own.filter(({ isLetIn }) => isLetIn).length;
  return own.length - letIn + Math.max(0, letIn - share);
}

test('in whatever order connections come, are let in and go, the largest client makes room, and what it needs least', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 200 }), (moves) => {
      const shares = createShares(share);
      // In the order of their last answers.
      let all: Connection[] = [];
      for (const { what, of, which } of moves) {
        const one = all[which % Math.max(1, all.length)];
        if (what === 'add') all.push(shares.add(`192.0.2.${of}`, socket));
        if (one === undefined) continue;
        const others = all.filter((each) => each !== one);
        if (what === 'remove') {
          shares.remove(one);
          shares.remove(one);
          all = others;
        } else if (what === 'let in' && !one.isLetIn) {
          shares.letIn(one);
          all = [...others, one];
        } else if (what === 'answer') {
          shares.moveToEnd(one);
          all = [...others, one];
        } else if (what === 'begin') one.requests += 1;
        else if (what === 'make room') {
          const first = shares.first();
          assert.ok(first !== undefined);
          const { key } = first.peer;
          const sizes = all.map(({ peer }) => sizeOf(all, peer.key));
          assert.equal(sizeOf(all, key), Math.max(...sizes));
          const own = all.filter(({ peer }) => peer.key === key);
          const letIn = own.filter(({ isLetIn }) => isLetIn);
          const strangers = own.filter(({ isLetIn }) => !isLetIn);
          const ofLetIn = letIn.find(({ requests }) => requests === 0) ?? letIn[0];
          const isStranger =
            strangers.length > 0 && strangers.length >= Math.max(0, letIn.length - share);
          assert.equal(first, isStranger ? strangers[0] : ofLetIn);
          shares.remove(first);
          all = all.filter((each) => each !== first);
        }
        assert.equal(shares.size, all.length);
        assert.equal([...shares.all()].length, all.length);
      }
    }),
    { numRuns: 500 },
  );
});

/** Counts what is done with any Set or Map while `work` runs: each call and each step of an iterator. */
function countSteps(t: TestContext, work: () => void): number {
  let steps = 0;
  const counted: [object, string[]][] = [
    [Set.prototype, ['add', 'delete', 'has']],
    [Map.prototype, ['get', 'set', 'delete', 'has']],
    [Object.getPrototypeOf(new Set().values()), ['next']],
    [Object.getPrototypeOf(new Map().values()), ['next']],
  ];
  const mocks = counted.flatMap(([prototype, names]) =>
    names.map((name) => {
      const original = Reflect.get(prototype, name) as (...args: unknown[]) => unknown;
      Reflect.set(prototype, name, function (this: unknown, ...args: unknown[]) {
        steps += 1;
        return original.apply(this, args);
      });
      return () => Reflect.set(prototype, name, original);
    }),
  );
  try {
    work();
  } finally {
    for (const restore of mocks) restore();
  }
  t.diagnostic(`${steps} steps`);
  return steps;
}

test('making room takes a few steps, however many clients and connections there are', (t) => {
  const stepsAmong = (clients: number) => {
    const shares = createShares(share);
    for (let i = 0; i < clients; i += 1) shares.add(`client ${i}`, socket);
    return countSteps(t, () => {
      for (let i = 0; i < 2000; i += 1) {
        const first = shares.first();
        if (first !== undefined) shares.remove(first);
        shares.add(`another ${i}`, socket);
      }
    });
  };
  const few = stepsAmong(100);
  assert.ok(few >= 2000 && few < 2000 * 30, `${few}`);
  assert.equal(stepsAmong(8000), few);
});
