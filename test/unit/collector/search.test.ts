import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRotation } from '../../../src/collector/search.ts';

const from = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

test('who came is read at the first three listings that have it, before all others', () => {
  const rotation = createRotation();
  const stay = from(1, 3000);
  assert.ok(rotation(stay).length < 1000, 'those of the first listing do not count as added');
  const added = [9001, 9000];
  for (let listing = 0; listing < 3; listing += 1) {
    assert.deepEqual(rotation([...added, ...stay]).slice(0, 2), added);
  }
  assert.ok(
    !rotation([...stay, ...added])
      .slice(0, 2)
      .includes(9001),
  );
});

for (const [count, listings] of [
  [200, 1],
  [1000, 4],
  [3000, 10],
  [20_000, 10],
] as const) {
  test(`of ${count} who stay each is read once in ${listings} listings, and no more than that`, () => {
    const rotation = createRotation();
    const stay = from(1, count);
    const read = new Map<number, number>();
    for (let listing = 0; listing < 2 * listings; listing += 1) {
      for (const pid of rotation(stay)) read.set(pid, (read.get(pid) ?? 0) + 1);
    }
    assert.deepEqual(
      stay.filter((pid) => read.get(pid) !== 2),
      [],
    );
  });
}

test('nobody is passed over while others come and go, and who came again is new', () => {
  const rotation = createRotation();
  const stay = from(1000, 600);
  const read = new Set<number>();
  for (let listing = 0; listing < 4; listing += 1) {
    for (const pid of rotation([...from(1, listing * 50), ...stay])) read.add(pid);
  }
  assert.deepEqual(
    stay.filter((pid) => !read.has(pid)),
    [],
  );
  rotation(stay.slice(1));
  assert.equal(rotation(stay)[0], stay[0]);
});
