import { hash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** The SHA-256 of a token, in hexadecimal. The token is random, so nothing slower is needed. */
export function hashOfToken(token: string): string {
  return hash('sha256', token);
}

/**
 * A hook that lets nobody pass but with `Authorization: Bearer TOKEN` (RFC 6750, 2.1), whose hash that
 * is; others get 401 and the challenge of RFC 6750, 3.
 */
export function requireBearer(tokenHash: string) {
  const wanted = Buffer.from(tokenHash, 'hex');
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const given = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    if (given !== undefined && timingSafeEqual(hash('sha256', given, 'buffer'), wanted)) return;
    const fault = given === undefined ? '' : ', error="invalid_token"';
    return reply
      .code(401)
      .header('www-authenticate', `Bearer realm="uapid metrics"${fault}`)
      .type('text/plain; charset=utf-8')
      .send(
        'The metrics ask for a bearer token. It is in the file that uapid names when it starts.\n',
      );
  };
}
