/** What a scoreboard entry holds, and the build whose layout it has. */
export interface EntryFields {
  /** 0 free, 1 idle, 2 download, 3 upload. */
  readonly state: number;
  readonly pid: number;
  /** 4 bytes for AF_INET, 16 for AF_INET6. */
  readonly remoteAddress: Uint8Array;
  readonly remotePort: number;
  readonly localAddress: Uint8Array;
  readonly localPort: number;
  readonly connectedAt: bigint;
  readonly transferStartedAt: bigint;
  readonly restartedAt: bigint;
  readonly bytesTotal: bigint;
  readonly bytesMoved: bigint;
  /** Both are cut to their place; what fills it has no NUL behind. */
  readonly account: Uint8Array;
  readonly file: Uint8Array;
}

/** The builds of pure-ftpd for 64-bit Linux, with the size that their entries have as files. */
export const builds = [
  { name: 'upstream with glibc', size: 1456, accountLength: 128, fileLength: 1024 },
  { name: 'Debian 12', size: 1464, accountLength: 129, fileLength: 1024 },
  { name: 'musl, pages of 4 KiB', size: 3504, accountLength: 128, fileLength: 3072 },
  { name: 'musl with 129, pages of 4 KiB', size: 3512, accountLength: 129, fileLength: 3072 },
  { name: 'musl, pages of 16 KiB', size: 15_792, accountLength: 128, fileLength: 15_360 },
  { name: 'musl, pages of 64 KiB', size: 64_944, accountLength: 128, fileLength: 64_512 },
] as const;

/** Builds with another MAX_USER_LENGTH; the second has the size of Debian's entries. */
export const otherBuilds = [
  { name: 'MAX_USER_LENGTH 255', size: 1584, accountLength: 256, fileLength: 1024 },
  { name: 'MAX_USER_LENGTH 135', size: 1464, accountLength: 136, fileLength: 1024 },
  { name: 'MAX_USER_LENGTH 31', size: 1360, accountLength: 32, fileLength: 1024 },
  { name: 'MAX_USER_LENGTH 255 and musl', size: 3632, accountLength: 256, fileLength: 3072 },
] as const;

export type Build = (typeof builds)[number] | (typeof otherBuilds)[number];

/** struct FTPWhoEntry of that build, written field by field; the padding is not zero. */
export function encodeEntry(fields: EntryFields, build: Build): Buffer {
  const bytes = Buffer.alloc(build.size, 0);
  bytes.writeUInt32LE(fields.state, 0x00);
  bytes.writeInt32LE(fields.pid, 0x04);
  writeSockaddr(bytes, 0x08, fields.remoteAddress, fields.remotePort);
  writeSockaddr(bytes, 0x88, fields.localAddress, fields.localPort);
  bytes.writeBigInt64LE(fields.connectedAt, 0x108);
  bytes.writeBigInt64LE(fields.transferStartedAt, 0x110);
  bytes.writeBigInt64LE(fields.restartedAt, 0x118);
  bytes.writeBigInt64LE(fields.bytesTotal, 0x120);
  bytes.writeBigInt64LE(fields.bytesMoved, 0x128);
  const fileAt = 0x130 + build.accountLength;
  bytes.set(fields.account.subarray(0, build.accountLength), 0x130);
  bytes.set(fields.file.subarray(0, build.fileLength), fileAt);
  return bytes.fill(0xaa, fileAt + build.fileLength);
}

/** sockaddr_in and sockaddr_in6 (ip(7), ipv6(7)) in a sockaddr_storage of 128 bytes. */
function writeSockaddr(bytes: Buffer, at: number, address: Uint8Array, port: number): void {
  bytes.writeUInt16LE(address.length === 4 ? 2 : 10, at);
  bytes.writeUInt16BE(port, at + 2);
  bytes.set(address, at + (address.length === 4 ? 4 : 8));
}
