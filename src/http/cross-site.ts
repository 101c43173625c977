import type { FastifyRequest } from 'fastify';

/**
 * Where a request comes from: `own`, a page of this server, a user at a browser's address bar or a
 * program; `other`, a page of another site; `unclear`, either a program that calls itself a browser or
 * a browser on behalf of such a page.
 */
export type Site = 'own' | 'other' | 'unclear';

type Request = Pick<FastifyRequest, 'headers' | 'method' | 'raw'>;

/**
 * Tells where a request comes from by what browsers say of it: Sec-Fetch-Site (W3C Fetch Metadata),
 * where only "same-origin" and "none", what the user did himself, are ours, or an Origin (RFC 6454)
 * that is not this server's. Programs that send neither are no browsers; but browsers keep both to
 * themselves with a picture's request over plain HTTP, older ones also over TLS, and add the Basic
 * credentials that they remember. What calls itself a browser, shows such and sends neither is
 * therefore unclear, unless it is a POST: with one of another site every browser since Firefox 70
 * sends an Origin (Fetch standard, "append a request Origin header"), also over plain HTTP.
 *
 * "same-origin" is the browser's own comparison, which no page can forge, and holds behind a proxy that
 * sends another Host, as nginx does unless told otherwise. Where it is not said, as over plain HTTP,
 * the server's own name is what Host says. X-Forwarded-Host is not believed: there a proxy in front has
 * to pass Host on.
 */
export function siteOf({ headers, method, raw }: Request): Site {
  const site = headers['sec-fetch-site'];
  if (site === 'same-origin') return 'own';
  if (site !== undefined && site !== 'none') return 'other';
  const { origin, host } = headers;
  if (origin !== undefined) {
    return isOwnOrigin(origin, host ?? '', 'encrypted' in raw.socket) ? 'own' : 'other';
  }
  if (site !== undefined || method === 'POST') return 'own';
  return isBrowserWithPassword(headers) ? 'unclear' : 'own';
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
