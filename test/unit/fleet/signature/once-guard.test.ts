import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aheadMs, createOnceGuard } from '../../../../src/fleet/signature/once-guard.ts';

const start = 1_000_000;
const validMs = 10_000;

/** A guard whose host has run for a minute, and its clock. */
function running(max?: number) {
  let at = start;
  const guard = createOnceGuard(() => at, max);
  at += 60_000;
  return {
    at: () => at,
    set: (to: number) => {
      at = to;
    },
    refusal: (nonce: string, issuedAt: number, gateway = 'gw1') =>
      guard.refusal({ gateway, nonce, issuedAt, validMs }),
  };
}

test('a request counts once, and a gateway’s number is none of another’s', () => {
  const { refusal, at } = running();
  assert.equal(refusal('a', at()), null);
  assert.equal(refusal('a', at()), 'replayed');
  assert.equal(refusal('a', at(), 'gw2'), null);
});

test('a request counts while its time is now: not after, nor before it', () => {
  const { refusal, at } = running();
  assert.equal(refusal('late', at() - validMs - 1), 'expired');
  assert.equal(refusal('just in time', at() - validMs), null);
  assert.equal(refusal('early', at() + aheadMs + 1), 'expired');
  assert.equal(refusal('a little early', at() + aheadMs), null);
});

test('what was refused for its time has used no number', () => {
  const { refusal, at, set } = running();
  const issuedAt = at() + aheadMs + 500;
  assert.equal(refusal('a', issuedAt), 'expired');
  set(issuedAt);
  assert.equal(refusal('a', issuedAt), null);
});

test('what is forgotten never counts again, also where the clock is set back', () => {
  const { refusal, at, set } = running(2);
  const first = at();
  assert.equal(refusal('a', first), null);
  set(first + 100);
  for (const nonce of ['b', 'c', 'd']) assert.equal(refusal(nonce, at()), null);
  assert.equal(refusal('a', first), 'expired');
  set(first);
  assert.equal(refusal('a', first), 'expired');
});

test('nothing of an earlier run is done by the next one', () => {
  let at = start;
  const guard = createOnceGuard(() => at);
  const refusal = (issuedAt: number) =>
    guard.refusal({ gateway: 'gw1', nonce: String(issuedAt), issuedAt, validMs });
  // A gateway's clock may be ahead by as much.
  assert.equal(refusal(start + aheadMs), 'starting');
  assert.equal(refusal(start - 1), 'starting');
  assert.equal(refusal(start - validMs), 'expired');
  at = start + aheadMs + 1;
  assert.equal(refusal(at), null);
});
