import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTurns } from '../../../src/ftp/pure-ftpd/search.ts';

const from = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

test('who came is read at the first three listings that have it, before all others', () => {
  const turns = createTurns();
  const stay = from(1, 3000);
  for (let listing = 0; listing < 3; listing += 1) assert.deepEqual(turns(stay), stay);
  const newcomers = [9001, 9000];
  for (let listing = 0; listing < 3; listing += 1) {
    assert.deepEqual(turns([...newcomers, ...stay]).slice(0, 2), newcomers);
  }
  assert.ok(!turns([...stay, ...newcomers]).includes(9000));
});

test('of those who stay few are read after a listing, and each of them again by turns', () => {
  const turns = createTurns();
  const stay = from(1, 3000);
  for (let listing = 0; listing < 3; listing += 1) turns(stay);
  const read = new Map<number, number>();
  for (let listing = 0; listing < 24; listing += 1) {
    const now = turns(stay);
    assert.ok(now.length <= 250, `${now.length}`);
    for (const pid of now) read.set(pid, (read.get(pid) ?? 0) + 1);
  }
  assert.deepEqual(
    stay.filter((pid) => read.get(pid) !== 2),
    [],
  );
});

test('nobody is passed over while others come and go, and who came again is new', () => {
  const turns = createTurns();
  const stay = from(1000, 600);
  for (let listing = 0; listing < 3; listing += 1) turns(stay);
  const read = new Set<number>();
  for (let listing = 0; listing < 4; listing += 1) {
    for (const pid of turns([...from(1, listing * 50), ...stay])) read.add(pid);
  }
  assert.deepEqual(
    stay.filter((pid) => !read.has(pid)),
    [],
  );
  turns(stay.slice(1));
  assert.equal(turns(stay)[0], stay[0]);
});
