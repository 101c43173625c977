/**
 * The text form of an IP address of 4 or 16 bytes in network order: dotted IPv4, also for v4-mapped
 * addresses, else IPv6 as RFC 5952 writes it (lower case, no leading zeros, the first longest run
 * of two or more zero groups as "::").
 */
export function formatAddress(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  if (isMapped(bytes)) return bytes.subarray(12).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16));
  // The URL parser's serializer compresses as RFC 5952 asks (URL Standard, "IPv6 serializer").
  return new URL(`ftp://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** ::ffff:0:0/96 (RFC 4291, 2.5.5.2). */
function isMapped(bytes: Buffer): boolean {
  return bytes.readUInt16BE(10) === 0xffff && bytes.subarray(0, 10).every((byte) => byte === 0);
}
