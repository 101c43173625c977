import { isIP, isIPv4, isIPv6 } from 'node:net';
import * as z from 'zod';

/**
 * The one form in which an IP address is compared, counted and logged: dotted IPv4, also for
 * v4-mapped IPv6 (::ffff:192.0.2.7), else IPv6 as RFC 5952 writes it, without a zone. Null for what
 * is no IP address.
 */
export function normalAddress(text: string): string | null {
  if (isIPv4(text)) return text;
  if (!isIPv6(text)) return null;
  // The zone (RFC 4007, section 11) names an interface of this host, not the peer.
  const withoutZone = text.replace(/%.*$/s, '');
  const shortest = new URL(`http://[${withoutZone}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(shortest);
  if (mapped === null) return shortest;
  return mapped
    .slice(1)
    .map((group) => Number.parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 0xff])
    .join('.');
}

/** The part of Fastify's request that tells where it came from. */
export interface Hops {
  /** The peer of the connection. */
  readonly socket: { readonly remoteAddress?: string | undefined };
  /** With Fastify's `trustProxy`: the peer, then the hops that trusted proxies vouch for. */
  readonly ips?: readonly string[] | undefined;
}

/**
 * The address of the client in normal form: the farthest hop that a trusted proxy vouches for, or
 * the peer itself. Fastify stops at the first hop that is not trusted, be it an address or not, so
 * one that is not is left out and the proxy that sent it stands for it. "unknown" when the
 * connection is gone or has no address.
 */
export function clientAddress({ socket, ips }: Hops): string {
  if (ips === undefined) return peerAddress(socket);
  const addresses = ips.map((hop) => normalAddress(hop ?? ''));
  return addresses.findLast((address) => address !== null) ?? 'unknown';
}

/** A connection has one peer, and is asked for it several times a request. */
const peers = new WeakMap<object, string>();

/** The address of a connection's other end, in normal form; "unknown" when it has none any more. */
export function peerAddress(socket: Hops['socket']): string {
  const known = peers.get(socket);
  if (known !== undefined) return known;
  const address = normalAddress(socket.remoteAddress ?? '');
  if (address !== null) peers.set(socket, address);
  return address ?? 'unknown';
}

/**
 * What counts as one client: an IPv4 address, and of IPv6 the /64, the least that one customer has
 * (RFC 6177; BCP 157), in which everybody can take any number of addresses.
 */
export function throttleKey(address: string): string {
  return address.includes(':') ? prefixOf(groupsOf(address), 64) : address;
}

/** The prefixes in which one customer's addresses lie. */
export type CustomerPrefix = 48 | 56;

/**
 * Of an IPv6 address its /56 and its /48, which are what customers of access providers have at most
 * (RFC 6177, section 2; RIPE-690, section 4.2), each with 256 times as many /64 as the one before.
 * Undefined for IPv4, of which nobody has many.
 */
export function customerKeys(address: string): Record<CustomerPrefix, string> | undefined {
  if (!address.includes(':')) return undefined;
  const groups = groupsOf(address);
  return { 56: prefixOf(groups, 56), 48: prefixOf(groups, 48) };
}

/** The eight groups of an IPv6 address in normal form. */
function groupsOf(address: string): string[] {
  const [front = '', back] = address.split('::');
  const before = front === '' ? [] : front.split(':');
  const after = back === undefined || back === '' ? [] : back.split(':');
  const zeros = back === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<string>(zeros).fill('0'), ...after];
}

function prefixOf(groups: readonly string[], bits: CustomerPrefix | 64): string {
  if (bits !== 56) return `${groups.slice(0, bits / 16).join(':')}::/${bits}`;
  const [a, b, c, d = '0'] = groups;
  const upperByte = (Number.parseInt(d, 16) & 0xff00).toString(16);
  return `${a}:${b}:${c}:${upperByte}::/56`;
}

const trustedProxy = z.string().transform((text, context): string => {
  const proxy = text.trim();
  const fault = proxyFault(proxy);
  if (fault === null) return proxy;
  context.addIssue(`${JSON.stringify(proxy)} ${fault}`);
  return z.NEVER;
});

/**
 * The proxies whose X-Forwarded-For is believed, ready for Fastify's `trustProxy`: addresses and
 * CIDR ranges, as a text with commas or a list of texts. A range that holds every address is
 * refused, because then every client could name itself as it likes.
 */
export const trustedProxies = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(',') : value),
  z
    .array(trustedProxy, 'must be an address, a range or a list of them')
    .min(1, 'must name a proxy'),
);

function proxyFault(text: string): string | null {
  const [address = '', digits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || rest.length > 0) {
    return 'is no IP address and no range (ADDRESS/BITS)';
  }
  if (digits === undefined) return null;
  const maxBits = family === 4 ? 32 : 128;
  if (!/^\d{1,3}$/.test(digits) || Number(digits) > maxBits) return `needs 1 to ${maxBits} bits`;
  if (Number(digits) === 0) return 'would trust everybody';
  return null;
}
