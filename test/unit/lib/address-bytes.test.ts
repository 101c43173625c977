import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatAddress } from '../../../src/lib/address-bytes.ts';

/** The bytes that a text form stands for, read by the rules of RFC 4291, 2.2. */
function bytesOf(text: string): Buffer {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  const [head = '', tail] = text.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const known = [...groups(head), ...groups(tail ?? '')].length;
  const zeros = tail === undefined ? [] : Array(8 - known).fill('0');
  const all = [...groups(head), ...zeros, ...groups(tail ?? '')];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

describe('an address as text', () => {
  // RFC 5952: the examples of sections 1, 2 and 4.
  const examples: [hex: string, text: string][] = [
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['20010db8000000000000000000020001', '2001:db8::2:1'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['20010000000000010000000000000001', '2001:0:0:1::1'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['20010db8aaaabbbbccccddddeeeeaaaa', '2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa'],
    ['00000000000000000000000000000001', '::1'],
    ['00000000000000000000000000000000', '::'],
    ['fe800000000000000000000000000000', 'fe80::'],
    ['7f000001', '127.0.0.1'],
    ['c0000207', '192.0.2.7'],
    ['00000000', '0.0.0.0'],
  ];
  for (const [hex, text] of examples) {
    test(`is ${text} for ${hex}`, () => {
      assert.equal(formatAddress(Buffer.from(hex, 'hex')), text);
    });
  }

  test('is IPv4 for a v4-mapped one, and only for such', () => {
    assert.equal(
      formatAddress(Buffer.from('00000000000000000000ffffc0000207', 'hex')),
      '192.0.2.7',
    );
    for (const hex of ['00000000000000000001ffffc0000207', '000000000000000000000000c0000207']) {
      assert.ok(isIPv6(formatAddress(Buffer.from(hex, 'hex'))), hex);
    }
  });

  test('names exactly these bytes, in the shortest and only form', () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
    const address = fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => {
      const bytes = Buffer.alloc(16);
      for (const [index, value] of groups.entries()) bytes.writeUInt16BE(value, index * 2);
      return bytes;
    });
    fc.assert(
      fc.property(address, (bytes) => {
        const text = formatAddress(bytes);
        fc.pre(!isIPv4(text));
        assert.ok(isIPv6(text), text);
        assert.deepEqual(bytesOf(text), bytes);
        assert.equal(text, text.toLowerCase());
        assert.doesNotMatch(text, /(?:^|:)0[0-9a-f]/);
        // What "::" stands for is a longest run of zeros, the first of that length, and not one.
        const hex = bytes.toString('hex').match(/.{4}/g) ?? [];
        const runs = hex.map((_, from) => hex.slice(from).findIndex((value) => value !== '0000'));
        const lengths = runs.map((length, from) => (length < 0 ? 8 - from : length));
        const longest = Math.max(...lengths);
        const at = text.indexOf('::');
        assert.equal(at >= 0, longest >= 2);
        if (at < 0) return;
        const before = text.slice(0, at).split(':').filter(Boolean).length;
        assert.equal(before, lengths.indexOf(longest));
        assert.equal(text.split(':').filter(Boolean).length, 8 - longest);
      }),
    );
  });

  test('is dotted decimal for any 4 bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
        const text = formatAddress(Buffer.from(bytes));
        assert.ok(isIPv4(text));
        assert.deepEqual([...bytesOf(text)], [...bytes]);
      }),
    );
  });
});
