import { BlockList, isIP } from 'node:net';
import { normalAddress } from './client-address.ts';

/**
 * The one form of a range of addresses, ADDRESS/BITS, or of a single address; v4-mapped IPv6 becomes
 * IPv4, as clients' addresses do. Null for any other text.
 */
export function normalRange(text: string): string | null {
  const [written = '', digits, ...rest] = text.split('/');
  const address = written.includes('%') ? null : normalAddress(written);
  if (address === null || rest.length > 0) return null;
  if (digits === undefined) return address;
  const isMapped = isIP(written) === 6 && isIP(address) === 4;
  const bits = /^\d{1,3}$/.test(digits) ? Number(digits) - (isMapped ? 96 : 0) : -1;
  return bits >= 0 && bits <= bitsOf(address) ? `${address}/${bits}` : null;
}

/** Ranges that can be asked whether an address, in normal form, is in one of them. */
export interface AddressRanges {
  has(address: string): boolean;
}

/** Makes them of texts in the form of `normalRange`. */
export function createAddressRanges(ranges: readonly string[]): AddressRanges {
  // One list has IPv4 within ::/0.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const range of ranges) {
    const [address = '', bits = bitsOf(address)] = range.split('/');
    const family = familyOf(address);
    lists[family].addSubnet(address, Number(bits), family);
  }
  const isListed = (address: string, family: keyof typeof lists) =>
    lists[family].check(address, family);
  return { has: (address) => isIP(address) !== 0 && isListed(address, familyOf(address)) };
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

function bitsOf(address: string): 32 | 128 {
  return isIP(address) === 6 ? 128 : 32;
}
