import assert from 'node:assert/strict';
import { isIP, isIPv6 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import Fastify from 'fastify';
import {
  clientAddress,
  customerKeys,
  normalAddress,
  throttleKey,
  trustedProxies,
} from '../../../src/lib/client-address.ts';

test('however an address is written, it has one form; what is none has no form', () => {
  for (const [text, normal] of [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:C000:207', '192.0.2.7'],
    ['0:0:0:0:0:ffff:192.0.2.7', '192.0.2.7'],
    ['::ffff:0.0.0.0', '0.0.0.0'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:0:192.0.2.7', '::ffff:0:c000:207'],
    ['::', '::'],
    ['', null],
    ['unknown', null],
    ['192.0.2.7:4711', null],
    ['[2001:db8::1]', null],
    ['192.0.2.07', null],
    ['192.0.2.7\n198.51.100.1', null],
    ['fe80::1%eth0\n198.51.100.1', null],
  ] as const) {
    const found = normalAddress(text);
    // A zone may hold anything; it is cut off before the rest is looked at.
    const expected = text.startsWith('fe80::1%eth0\n') && isIP(text) ? 'fe80::1' : normal;
    assert.equal(found, expected, JSON.stringify(text));
  }
});

test('every IP address has a normal form, which is its own normal form', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
      const normal = normalAddress(address);
      assert.ok(normal !== null && isIP(normal) !== 0, address);
      assert.equal(normalAddress(normal), normal);
    }),
  );
});

test('an IPv6 address counts as its /64, an IPv4 address as itself', () => {
  assert.equal(throttleKey('192.0.2.7'), '192.0.2.7');
  assert.equal(throttleKey('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
  assert.equal(throttleKey('2001:db8:1:2::'), throttleKey('2001:db8:1:2:ffff::1'));
  assert.notEqual(throttleKey('2001:db8:1:3::1'), throttleKey('2001:db8:1:2::1'));
  assert.equal(throttleKey('2001:db8::1'), '2001:db8:0:0::/64');
  assert.equal(throttleKey('::1'), '0:0:0:0::/64');
  assert.equal(throttleKey('unknown'), 'unknown');
  const group = fc.integer({ min: 0, max: 0xffff });
  const half = fc.tuple(group, group, group, group);
  fc.assert(
    fc.property(half, half, half, (network, one, other) => {
      const [a, b] = [one, other].map((host) => {
        const text = [...network, ...host].map((each) => each.toString(16)).join(':');
        return normalAddress(text) ?? '';
      }) as [string, string];
      // v4-mapped addresses are the one exception, and no /64 of IPv6.
      if (isIPv6(a) && isIPv6(b)) assert.equal(throttleKey(a), throttleKey(b));
    }),
  );
});

/** What the application makes of a peer and its header, through Fastify's own walk. */
async function seen(peer: string, header: string | null, proxies: readonly string[]) {
  const app = Fastify(proxies.length === 0 ? {} : { trustProxy: [...proxies] });
  app.get('/', (request) => ({ address: clientAddress(request) }));
  const response = await app.inject({
    url: '/',
    remoteAddress: peer,
    headers: header === null ? {} : { 'x-forwarded-for': header },
  });
  await app.close();
  return response.json<{ address: string }>().address;
}

test('nobody is believed about his address unless he is a trusted proxy', async () => {
  assert.equal(await seen('203.0.113.9', '192.0.2.1', []), '203.0.113.9');
  assert.equal(await seen('203.0.113.9', '192.0.2.1', ['127.0.0.1']), '203.0.113.9');
  assert.equal(await seen('::ffff:203.0.113.9', null, []), '203.0.113.9');
});

test('behind trusted proxies the last address counts that none of them added for another', async () => {
  const proxies = ['127.0.0.1', '10.0.0.0/8', '2001:db8:ffff::/48'];
  for (const [header, address] of [
    ['192.0.2.1', '192.0.2.1'],
    ['198.51.100.66, 192.0.2.1', '192.0.2.1'],
    ['198.51.100.66, 192.0.2.1, 10.1.2.3', '192.0.2.1'],
    ['192.0.2.1, 2001:db8:ffff::7', '192.0.2.1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['127.0.0.1', '127.0.0.1'],
    // What is no address ends the walk: the proxy that sent it stands for it.
    ['192.0.2.1, garbage', '127.0.0.1'],
    ['192.0.2.1, garbage, 10.1.2.3', '10.1.2.3'],
    ['192.0.2.1:4711', '127.0.0.1'],
    ['', '127.0.0.1'],
    [', ,', '127.0.0.1'],
  ] as const) {
    assert.equal(await seen('127.0.0.1', header, proxies), address, header);
  }
  assert.equal(await seen('::ffff:127.0.0.1', '192.0.2.1', proxies), '192.0.2.1');
});

test('a connection that is gone has the address "unknown"', () => {
  assert.equal(clientAddress({ socket: {} }), 'unknown');
  assert.equal(clientAddress({ socket: {}, ips: [undefined as unknown as string] }), 'unknown');
});

test('trusted proxies are addresses and ranges; everybody and nonsense are refused by name', () => {
  assert.deepEqual(trustedProxies.parse('127.0.0.1, ::1,10.0.0.0/8'), [
    '127.0.0.1',
    '::1',
    '10.0.0.0/8',
  ]);
  assert.deepEqual(trustedProxies.parse(['2001:db8::/32']), ['2001:db8::/32']);
  for (const [bad, message] of [
    ['0.0.0.0/0', /"0\.0\.0\.0\/0" would trust everybody/],
    ['::/0', /would trust everybody/],
    ['loopback', /"loopback" is no IP address/],
    ['true', /is no IP address/],
    ['10.0.0.0/33', /needs 1 to 32 bits/],
    ['::1/129', /needs 1 to 128 bits/],
    ['10.0.0.0/255.0.0.0', /needs 1 to 32 bits/],
    ['10.0.0.0/8/8', /is no IP address/],
    ['', /is no IP address/],
    [7, /must be an address/],
    [[], /must name a proxy/],
  ] as const) {
    const result = trustedProxies.safeParse(bad);
    assert.equal(result.success, false, String(bad));
    assert.match(result.error?.issues[0]?.message ?? '', message);
  }
});

test('of an IPv6 address the /56 and the /48 are known, of IPv4 and no address neither', () => {
  assert.deepEqual(customerKeys('2001:db8:1:abcd:3:4:5:6'), {
    56: '2001:db8:1:ab00::/56',
    48: '2001:db8:1::/48',
  });
  assert.deepEqual(customerKeys('2001:db8:1::5'), {
    56: '2001:db8:1:0::/56',
    48: '2001:db8:1::/48',
  });
  assert.equal(customerKeys('2001:db8:1:ff::1')?.[56], customerKeys('2001:db8:1::1')?.[56]);
  assert.notEqual(customerKeys('2001:db8:1:100::1')?.[56], customerKeys('2001:db8:1::1')?.[56]);
  assert.equal(customerKeys('192.0.2.7'), undefined);
  assert.equal(customerKeys('unknown'), undefined);
});
