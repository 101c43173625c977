import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import { peerAddress } from '../lib/client-address.ts';

/** Told of requests that somebody shows credentials with. */
export interface UntrustedProxyWarning {
  /** `isLetIn`: whether the credentials were right. */
  record(request: FastifyRequest, isLetIn: boolean): void;
}

/**
 * Warns of a proxy that is not named in `--trust-proxy`, by which all of its clients are one address:
 * a client among them that fails too often keeps the others out. Twice at most: once of the first peer that
 * sends a forwarding header at all, which may be anybody, and once of the first behind which somebody
 * was let in. Of the header itself nothing is told; any client can write one.
 */
export function createUntrustedProxyWarning(logger: FastifyBaseLogger): UntrustedProxyWarning {
  let first: string | null = null;
  let isDone = false;
  return {
    record: (request, isLetIn) => {
      if (isDone || (first !== null && !isLetIn) || !isForwardedByStranger(request)) return;
      const peer = peerAddress(request.socket);
      isDone = isLetIn;
      if (peer === first) return;
      first = peer;
      logger.warn(
        `Requests from ${peer} bear a forwarding header, and that address is not trusted: all clients behind it count as one, and one of them that fails to log in keeps the others out. If it is your proxy, start with --trust-proxy ${peer} (UAPID_TRUST_PROXY, trustProxy) and let it set X-Forwarded-For.`,
      );
    },
  };
}

/** Where a proxy is trusted, Fastify knows of one hop at least beyond it. */
function isForwardedByStranger({ headers, ips }: FastifyRequest): boolean {
  if (ips !== undefined) return ips.length < 2 && headers['x-forwarded-for'] !== undefined;
  const { forwarded, 'x-forwarded-for': forwardedFor, 'x-real-ip': realIp } = headers;
  return forwardedFor !== undefined || forwarded !== undefined || realIp !== undefined;
}
