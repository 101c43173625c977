import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareChildren } from '../../../src/collector/children.ts';

const everybody = () => true;

test('a list that did not change has nothing added or removed', () => {
  assert.deepEqual(compareChildren([1, 2, 3], [1, 2, 3], everybody), { added: [], removed: [] });
  assert.deepEqual(compareChildren([], [], everybody), { added: [], removed: [] });
});

test('what stands at the end was added, and what is missing removed', () => {
  assert.deepEqual(compareChildren([1, 2, 3], [1, 3, 4, 5], everybody), {
    added: [4, 5],
    removed: [2],
  });
});

test('a pid that was used again is a added process by its place', () => {
  assert.deepEqual(
    compareChildren([1, 2, 3], [1, 3, 2], (pid) => pid !== 2),
    {
      added: [2],
      removed: [2],
    },
  );
});

test('a pid that was used again at the same place is a added process, as its process has ended', () => {
  assert.deepEqual(
    compareChildren([1, 2, 3], [1, 2, 3], (pid) => pid === 1),
    {
      added: [2, 3],
      removed: [2, 3],
    },
  );
});

test('whatever is born, dies and takes a pid again: no added process is missed', () => {
  const events = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('birth'), pid: fc.integer({ min: 1, max: 12 }) }),
      fc.record({ kind: fc.constant('death'), pid: fc.integer({ min: 1, max: 12 }) }),
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(events, events, (first, second) => {
      let born = 0;
      let children: { pid: number; birth: number }[] = [];
      const live = (all: { kind: string; pid: number }[]) => {
        for (const { kind, pid } of all) {
          const isThere = children.some((child) => child.pid === pid);
          if (kind === 'death') children = children.filter((child) => child.pid !== pid);
          else if (!isThere) {
            born += 1;
            children = [...children, { pid, birth: born }];
          }
        }
        return children;
      };
      const before = live(first);
      const now = live(second);
      const isSame = (pid: number) =>
        before.find((child) => child.pid === pid)?.birth ===
        now.find((child) => child.pid === pid)?.birth;
      const pids = (all: typeof children) => all.map(({ pid }) => pid);
      const { added, removed } = compareChildren(pids(before), pids(now), isSame);
      const fresh = pids(now).filter((pid) => !isSame(pid));
      for (const pid of fresh) assert.ok(added.includes(pid));
      for (const { pid, birth } of before) {
        const isGone = !now.some((child) => child.birth === birth);
        if (isGone) assert.ok(removed.includes(pid));
      }
    }),
  );
});
