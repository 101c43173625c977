import { BlockList, isIP, isIPv6 } from 'node:net';
import * as z from 'zod';

/** An address to listen on. */
export interface ListenAddress {
  /** The shortest form of the URL, without a slash at its end. */
  readonly url: string;
  /** An IP address without brackets, or "localhost". */
  readonly host: string;
  /** 0 stands for any free port. */
  readonly port: number;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/** An address to listen on, or null for the text "none". */
export const addressOrNone = z
  .string('must be a URL or none')
  .transform((text, context) => (text.trim() === 'none' ? null : readAddress(text, context)));

/** A list of different addresses: a text with commas, or a list of texts. "none" stands for no address. */
export const listenAddresses = z
  .preprocess(
    (value) => (typeof value === 'string' ? value.split(',') : value),
    z
      .array(z.string(), 'must be a URL or a list of URLs')
      .min(1, 'must name an address')
      .transform((texts, context) =>
        texts.join() === 'none' ? [] : texts.map((text) => readAddress(text, context)),
      ),
  )
  .superRefine((all, context) => {
    for (const [index, { url, host, port }] of all.entries()) {
      const before = all.slice(0, index);
      if (before.some((each) => each.url === url)) {
        context.addIssue(`${url} is there more than once`);
      } else if (port !== 0 && before.some((each) => each.host === host && each.port === port)) {
        context.addIssue(`${url}: a port speaks either http or https`);
      }
    }
  });

/** Whether TLS is spoken there. */
export function isHttps({ url }: ListenAddress): boolean {
  return url.startsWith('https:');
}

/**
 * A line for each address where plain HTTP could be read by others on its way. `harm` is what it
 * would do there.
 */
export function plainHttpFaults(
  listen: readonly ListenAddress[],
  harm = 'carry passwords there unencrypted',
): string[] {
  return listen
    .filter((address) => !isHttps(address) && !isLoopback(address.host))
    .map(
      ({ url }) =>
        `${url} is reachable from other hosts and plain HTTP would ${harm}; use https, ` +
        'or --allow-plain-http (UAPID_ALLOW_PLAIN_HTTP, allowPlainHttp in the file)',
    );
}

function readAddress(text: string, context: z.RefinementCtx): ListenAddress {
  const result = parseListenUrl(text.trim());
  if (typeof result !== 'string') return result;
  // What stands before an @ may be a password.
  context.addIssue(`${JSON.stringify(text.replace(/^.*@/s, '…@'))} ${result}`);
  return z.NEVER;
}

/** The address in a URL of the form http://HOST:PORT or https://HOST:PORT, or what is wrong with it. */
function parseListenUrl(text: string): ListenAddress | string {
  const parts = /^(https?):\/\/(?:\[([^\]]*)\]|([^:/?#@[\]]*))(?::(\d{1,5}))?\/?$/i.exec(text);
  if (parts === null) return 'is not of the form http://HOST:PORT or https://HOST:PORT';
  const [, scheme = '', bracketed, plain = '', digits] = parts;
  const isAddress = bracketed === undefined ? isIP(plain) === 4 : isPlainIPv6(bracketed);
  const isLocalhost = plain.toLowerCase() === 'localhost';
  if (!isAddress && !isLocalhost) return 'needs an IP address or localhost as its host';
  if (digits === undefined) return 'needs a port';
  const port = Number(digits);
  if (port > 65_535) return 'needs a port from 0 to 65535';
  const host = bracketed === undefined ? plain.toLowerCase() : shortestIPv6(bracketed);
  const url = `${scheme.toLowerCase()}://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  return { url, host, port };
}

/** An IPv6 address without a zone: URLs write zones in a form of their own (RFC 6874). */
function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%');
}

function shortestIPv6(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || loopback.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');
}
