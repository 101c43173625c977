import { entryLayouts } from '../../../src/daemons/proftpd/scoreboard-entry.ts';

/** What an entry of a scoreboard that a test builds says; the rest is 0. */
export interface EntryText {
  readonly pid?: number;
  readonly user?: string | Uint8Array;
  readonly server?: string;
  readonly client?: string;
  readonly name?: string;
  readonly protocol?: string;
  readonly directory?: string;
  readonly command?: string;
  readonly argument?: string | Uint8Array;
  readonly waitedSince?: number;
  readonly connectedAt?: number;
  readonly transferBytes?: number;
  readonly bytesMoved?: number;
}

/** The bytes of one entry as ProFTPD 1.3.6 to 1.3.10 lays them out, with IPv6 or without. */
export function entryBytes(text: EntryText = {}, hasIpv6 = true): Buffer {
  const layout = entryLayouts[hasIpv6 ? 0 : 1];
  const bytes = Buffer.alloc(layout?.bytes ?? 0);
  const shift = hasIpv6 ? 0 : -30;
  bytes.writeInt32LE(text.pid ?? 100, 0);
  const put = (value: string | Uint8Array, offset: number) => bytes.set(Buffer.from(value), offset);
  put(text.user ?? 'alice', 12);
  put(text.server ?? '192.0.2.1:21', 48);
  put(text.client ?? '192.0.2.7', 160);
  put(text.name ?? '192.0.2.7', 206 + shift);
  put(text.protocol ?? 'ftp', 318 + shift);
  put(text.directory ?? '/', 350 + shift);
  put(text.command ?? 'idle', 430 + shift);
  put(text.argument ?? '', 495 + shift);
  const times = bytes.length - 48;
  const numbers = [
    [text.waitedSince ?? 1_700_000_100, 0],
    [text.connectedAt ?? 1_700_000_000, 8],
    [text.transferBytes ?? 0, 16],
    [text.bytesMoved ?? 0, 32],
  ] as const;
  for (const [value, offset] of numbers) bytes.writeBigInt64LE(BigInt(value), times + offset);
  return bytes;
}

/** A whole scoreboard: the header and these entries; an empty one is a free slot. */
export function scoreboardBytes(entries: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(32);
  header.writeBigUInt64LE(0xdeadbeefn, 0);
  header.writeBigUInt64LE(0x01040003n, 8);
  header.writeInt32LE(99, 16);
  header.writeBigInt64LE(1_700_000_000n, 24);
  return Buffer.concat([header, ...entries]);
}
