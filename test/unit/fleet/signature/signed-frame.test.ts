import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createSigningKey,
  publicHalf,
  readPublicHalf,
  readSigningKey,
} from '../../../../src/fleet/signature/keys.ts';
import {
  decodeFrame,
  encodeFrame,
  isSigned,
  signRequest,
} from '../../../../src/fleet/signature/signed-frame.ts';

function pair() {
  const key = readSigningKey(createSigningKey());
  assert.ok(key !== null);
  const publicKey = readPublicHalf(publicHalf(key));
  assert.ok(publicKey !== null);
  return { key, publicKey };
}

const message = Buffer.from('{"v":1,"verb":"list"}\nwith a line of its own');

test('a request comes through its frame as it was signed, and counts with that key alone', () => {
  const { key, publicKey } = pair();
  const signature = signRequest(message, key);
  const frame = decodeFrame(encodeFrame({ gateway: 'gw1', signature, message }));
  assert.ok(frame !== null);
  assert.equal(frame.gateway, 'gw1');
  assert.deepEqual(Buffer.from(frame.message), message);
  assert.ok(isSigned(frame, publicKey));
  assert.ok(!isSigned(frame, pair().publicKey));
});

test('no bit of a request or its signature can be changed', () => {
  const { key, publicKey } = pair();
  const signature = signRequest(message, key);
  for (let at = 0; at < message.length; at += 1) {
    const changed = Buffer.from(message);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.ok(!isSigned({ gateway: 'gw1', signature, message: changed }, publicKey));
  }
  const bytes = Buffer.from(signature, 'base64url');
  bytes[5] = (bytes[5] ?? 0) ^ 1;
  const other = bytes.toString('base64url');
  assert.ok(!isSigned({ gateway: 'gw1', signature: other, message }, publicKey));
});

test('what is no frame is none, whatever it is', () => {
  const signature = 'A'.repeat(86);
  const header = (value: object) => Buffer.from(`${JSON.stringify(value)}\n{}`);
  const wrong = [
    Buffer.alloc(0),
    Buffer.from('\n'),
    Buffer.from('{}'),
    Buffer.from('[]\n'),
    Buffer.from(`${' '.repeat(600)}\n`),
    header({ gateway: 'gw1' }),
    header({ gateway: 'gw1', signature: 'short' }),
    header({ gateway: '../gw', signature }),
    header({ gateway: 'gw1', signature, more: 1 }),
    header({ gateway: 'gw1', signature, known: 'x' }),
  ];
  for (const each of wrong) assert.equal(decodeFrame(each), null, each.toString());
  assert.notEqual(decodeFrame(header({ gateway: 'gw1', signature })), null);
});
