import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { endianness } from 'node:os';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatAddress } from '../../../../../src/lib/address-bytes.ts';
import { parseNetTcp } from '../../../../../src/os/processes/procfs/net-tcp.ts';

const heading =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';

/** A line as the kernel prints it on a machine of this byte order (net/ipv4/tcp_ipv4.c). */
function line(
  [localAddress, localPort]: [Uint8Array, number],
  [remoteAddress, remotePort]: [Uint8Array, number],
  state: string,
  inode: number,
  littleEndian: boolean,
): string {
  const endpoint = (address: Uint8Array, port: number) => {
    const bytes = Buffer.from(address);
    if (littleEndian) bytes.swap32();
    const hex = port.toString(16).padStart(4, '0');
    return `${bytes.toString('hex')}:${hex}`.toUpperCase();
  };
  const ends = `${endpoint(localAddress, localPort)} ${endpoint(remoteAddress, remotePort)}`;
  const middle = '00000000:00000000 00:00000000 00000000     0        0';
  return `   0: ${ends} ${state} ${middle} ${inode} 1 0000000000000000 100 0 0 10 0`;
}

describe('the table of TCP sockets', () => {
  test('is read from lines of both families', () => {
    const text = [
      heading,
      '   0: 0100007F:0015 0700007F:C3B4 01 0000AB00:00000010 00:00000000 00000000     0        0 4242 1 0 20 4 30 10 -1',
      '   1: 00000000:0015 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 99 1 0 100 0 0 10 0',
      '   2: 0000000000000000FFFF0000070200C0:0015 B80D0120000000000000000001000000:FFFF 01 00000000:00000000 00:00000000 00000000     0        0 7 1 0',
    ].join('\n');
    assert.deepEqual(parseNetTcp(text), [
      {
        inode: '4242',
        listening: false,
        closing: false,
        localAddress: '127.0.0.1',
        localPort: 21,
        remoteAddress: '127.0.0.7',
        remotePort: 50_100,
        unsentBytes: 0xab00,
      },
      {
        inode: '99',
        listening: true,
        closing: false,
        localAddress: '0.0.0.0',
        localPort: 21,
        remoteAddress: '0.0.0.0',
        remotePort: 0,
        unsentBytes: 0,
      },
      {
        inode: '7',
        listening: false,
        closing: false,
        localAddress: '192.0.2.7',
        localPort: 21,
        remoteAddress: '2001:db8::1',
        remotePort: 65_535,
        unsentBytes: 0,
      },
    ]);
  });

  test('counts of a connection that is being ended the bytes, and not the end', () => {
    const unsent = (state: string, queue: string) =>
      parseNetTcp(
        `${heading}\n   0: 0100007F:0014 0700007F:C3B4 ${state} ${queue}:00000000 00:00000000 00000000     0        0 0 1 0`,
      ).map(({ closing, unsentBytes }) => [closing, unsentBytes]);
    assert.deepEqual(unsent('01', '00000001'), [[false, 1]]);
    for (const state of ['04', '09', '0B']) {
      assert.deepEqual(unsent(state, '00000101'), [[true, 256]]);
      // All has been confirmed but the end.
      assert.deepEqual(unsent(state, '00000001'), [[true, 0]]);
    }
  });

  test('gives back what was written, in either byte order', () => {
    const address = fc
      .constantFrom(4, 16)
      .chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
    const end = fc.tuple(address, fc.integer({ min: 0, max: 65_535 }));
    fc.assert(
      fc.property(end, end, fc.nat(), fc.boolean(), (local, remote, inode, littleEndian) => {
        const text = `${heading}\n${line(local, remote, '01', inode, littleEndian)}\n`;
        const expected = {
          inode: String(inode),
          listening: false,
          closing: false,
          localAddress: formatAddress(Buffer.from(local[0])),
          localPort: local[1],
          remoteAddress: formatAddress(Buffer.from(remote[0])),
          remotePort: remote[1],
          unsentBytes: 0,
        };
        assert.deepEqual(parseNetTcp(text, littleEndian), [expected]);
      }),
    );
  });

  test('passes over lines of another form and never throws', () => {
    assert.deepEqual(parseNetTcp(''), []);
    assert.deepEqual(parseNetTcp(heading), []);
    assert.deepEqual(parseNetTcp(`${heading}\nnonsense\n   0: 01:02 03:04 01 x y z a b 5\n`), []);
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        parseNetTcp(`${heading}\n${Buffer.from(bytes).toString('latin1')}`);
      }),
    );
  });

  for (const [host, table] of [
    ['127.0.0.1', 'tcp'],
    ['::1', 'tcp6'],
  ] as const) {
    const isLinux = process.platform === 'linux';
    test(`has a real connection over ${host}`, { skip: !isLinux && 'needs Linux' }, async (t) => {
      const server = createServer((socket) => socket.on('error', () => undefined));
      t.after(() => server.close());
      server.listen(0, host);
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const client = connect({ host, port });
      t.after(() => client.resetAndDestroy());
      await Promise.all([once(client, 'connect'), once(server, 'connection')]);
      const text = readFileSync(`/proc/self/net/${table}`, 'latin1');
      const entries = parseNetTcp(text, endianness() === 'LE');
      // Others on this machine may have the port at another address.
      const ours = entries.filter(({ localPort }) => localPort === port);
      assert.ok(ours.some(({ listening }) => listening));
      const accepted = ours.find(({ remotePort }) => remotePort === client.localPort);
      assert.equal(accepted?.listening, false);
      assert.equal(accepted?.remoteAddress, host);
    });
  }
});
