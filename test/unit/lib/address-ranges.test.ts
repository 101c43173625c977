import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAddressRanges, normalRange } from '../../../src/lib/address-ranges.ts';

test('a range has one form, and v4-mapped ones are IPv4', () => {
  for (const [text, form] of [
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.0/24', '192.0.2.0/24'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:DB8:0::/48', '2001:db8::/48'],
    ['2001:db8::7', '2001:db8::7'],
    ['::ffff:192.0.2.0/120', '192.0.2.0/24'],
    ['::ffff:c000:207', '192.0.2.7'],
  ] as const) {
    assert.equal(normalRange(text), form, text);
    assert.equal(normalRange(form), form);
  }
  for (const text of [
    '',
    '/24',
    '192.0.2',
    '192.0.2.0/33',
    '192.0.2.0/',
    '192.0.2.0/-1',
    '192.0.2.0/24/8',
    '192.0.2.0/ 24',
    '010.0.0.1',
    '2001:db8::/129',
    '::ffff:192.0.2.0/95',
    'fe80::1%eth0',
    'localhost',
  ]) {
    assert.equal(normalRange(text), null, text);
  }
});

test('an address is in a range by its bits, and in none of the other family', () => {
  const ranges = createAddressRanges(['192.0.2.64/26', '198.51.100.7', '2001:db8:1::/48', '::1']);
  for (const inside of ['192.0.2.64', '192.0.2.127', '198.51.100.7', '2001:db8:1:ffff::9', '::1']) {
    assert.equal(ranges.has(inside), true, inside);
  }
  for (const outside of [
    '192.0.2.63',
    '192.0.2.128',
    '198.51.100.8',
    '2001:db8:2::',
    '::2',
    'unknown',
    '',
  ]) {
    assert.equal(ranges.has(outside), false, outside);
  }
  assert.equal(createAddressRanges(['0.0.0.0/0']).has('2001:db8::1'), false);
  assert.equal(createAddressRanges(['::/0']).has('192.0.2.1'), false);
});
