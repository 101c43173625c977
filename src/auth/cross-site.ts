import type { FastifyRequest } from 'fastify';

/**
 * True when a browser says that a page of another site made the request: by Sec-Fetch-Site (W3C
 * Fetch Metadata), where only "same-origin" and "none", what the user did himself, are ours, or by
 * an Origin (RFC 6454) that is not this server's. Programs that send neither are no browsers; but
 * browsers keep both to themselves with a picture's request over plain HTTP, and add the Basic
 * credentials that they remember, so who calls himself one and shows such has to send one of the two.
 *
 * The server's own name is what Host says. X-Forwarded-Host is not believed: a proxy in front has to
 * pass Host on.
 */
export function isCrossSite({ headers, raw }: Pick<FastifyRequest, 'headers' | 'raw'>): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  const { origin, host } = headers;
  if (origin === undefined) return site === undefined && isBrowserWithPassword(headers);
  return !isOwnOrigin(origin, host ?? '', 'encrypted' in raw.socket);
}

function isBrowserWithPassword({ authorization = '', ...headers }: Headers): boolean {
  return /^mozilla\//i.test(headers['user-agent'] ?? '') && /^\s*basic\s/i.test(authorization);
}

type Headers = FastifyRequest['headers'];

/** Behind a proxy that speaks TLS for us the page is of https and the connection is not. */
function isOwnOrigin(origin: string, host: string, isEncrypted: boolean): boolean {
  const [, scheme = '', authority = ''] = /^(https?):\/\/([^/?#@\s]+)$/i.exec(origin) ?? [];
  if (scheme === '' || (isEncrypted && scheme.toLowerCase() !== 'https')) return false;
  const own = normal(scheme, host);
  return own !== null && own === normal(scheme, authority);
}

/** The host in small letters and its port, unless that is the scheme's own. */
function normal(scheme: string, authority: string): string | null {
  if (!/^[^/?#@\s\\]+$/.test(authority)) return null;
  try {
    return new URL(`${scheme}://${authority}`).host;
  } catch {
    return null;
  }
}
