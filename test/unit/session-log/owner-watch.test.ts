import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OwnerWatch, settlingMs, watchOwner } from '../../../src/session-log/owner-watch.ts';

/** The owner after each reading: its time in ms, the uid, and whether that cannot be the daemon's. */
function ownersOf(...readings: readonly (readonly [number, number | null, boolean?])[]) {
  let watch: OwnerWatch | null = null;
  return readings.map(([time, uid, isOwn = false]) => {
    watch = watchOwner(watch, { uid, isOwn }, time);
    return watch.owner;
  });
}

const later = settlingMs + 1;

test('a uid that cannot be the daemon’s is the owner at once, and another one only when it has lasted', () => {
  assert.deepEqual(ownersOf([0, 1001, true]), [1001]);
  assert.deepEqual(ownersOf([0, 33], [20, 1001], [later, 1001], [20 + later, 1001]), [
    null,
    null,
    null,
    1001,
  ]);
  assert.deepEqual(ownersOf([0, 33], [later, 33]), [null, 33]);
});

test('root’s rights that a daemon takes back for a moment are not the owner’s, and a session of root’s is root’s', () => {
  assert.deepEqual(ownersOf([0, 0], [20, 1001, true], [40, 0]), [null, 1001, 1001]);
  assert.deepEqual(ownersOf([0, 1001], [20, 0], [later, 1001]), [null, null, 1001]);
  assert.deepEqual(ownersOf([0, 0], [later, 0], [2 * later, 0]), [null, null, 0]);
});

test('what could not be read makes nobody the owner', () => {
  assert.deepEqual(ownersOf([0, null], [later, null], [2 * later, null]), [null, null, null]);
});

test('an owner that is not to be had is given up after a while, and no earlier than root’s would be known', () => {
  let watch: OwnerWatch | null = null;
  const givenUp = [0, 1, 2, 3].map((times) => {
    // It changes with each reading.
    watch = watchOwner(watch, { uid: 33 + times, isOwn: false }, times * settlingMs);
    return watch.isGivenUp;
  });
  assert.deepEqual(givenUp, [false, false, false, false]);
  assert.ok(watch !== null);
  const late = 3 * settlingMs + 1;
  assert.equal(watchOwner(watch, { uid: 1001, isOwn: false }, late).isGivenUp, true);
  assert.equal(watchOwner(watch, { uid: 1001, isOwn: true }, late).isGivenUp, false);
});
