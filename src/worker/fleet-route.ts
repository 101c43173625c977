import type { FastifyInstance } from 'fastify';
import { type Attempt, createThrottle } from '../auth/throttle.ts';
import type { Pass } from '../fleet/signature/signed-frame.ts';
import type { HttpsDoor } from '../fleet/transport/https-door.ts';
import { fleetPath, joinParts, partsHeader, passHeader } from '../fleet/transport/https-parts.ts';
import { recordLetIn } from '../http/let-in.ts';
import { RetryLaterError } from '../http/retry-later-error.ts';
import { clientAddress } from '../lib/client-address.ts';

/**
 * Adds the address where gateways ask this host. A request shows in a header, before its body, that a
 * gateway has signed it; one that does not is refused after one check of a signature, its body unread, and
 * after some from one address without even that. A pass that was seen somewhere goes with no other body, and with its own
 * it counts once: what came with it counts against the address as well, and until then is as any client's.
 */
export function addFleetRoute(app: FastifyInstance, door: HttpsDoor): void {
  // Of its own: what goes wrong here locks nobody out of the API.
  const throttle = createThrottle();
  app.decorateRequest('fleetEntry', null);
  app.post<{ Params: { verb: string } }>(
    `${fleetPath}:verb`,
    {
      schema: { hide: true },
      // A gateway asks as often as somebody looks at it.
      logLevel: 'warn',
      onRequest: async (request, reply) => {
        const shown = request.headers[passHeader];
        const begin = throttle.begin(clientAddress(request), null);
        if (!begin.isAllowed) {
          throw new RetryLaterError(429, 'Too many were refused.', begin.retryAfterSeconds);
        }
        const pass = door.readPass(typeof shown === 'string' ? shown : undefined);
        if (pass !== null && door.admits(pass)) {
          request.signedBy = pass.gateway;
          request.fleetEntry = { pass, attempt: begin.attempt };
          request.raw.once('close', () => {
            if (!request.raw.complete) begin.attempt.abandoned();
          });
          return;
        }
        begin.attempt.failed();
        if (pass === null) throw Object.assign(new Error('no pass'), { statusCode: 403 });
        const parts = await door.refuse(request.params.verb, pass);
        // Its body stays unread, so nothing else can come over this connection.
        reply.header('connection', 'close').header(partsHeader, parts.length);
        await reply.code(403).type('application/octet-stream').send(joinParts(parts));
      },
      // Whatever became of a body that came whole.
      onResponse: async ({ fleetEntry }) => fleetEntry?.attempt.abandoned(),
    },
    async (request, reply) => {
      const { body, fleetEntry } = request;
      if (fleetEntry === null) throw new Error('a request without a pass was let through');
      const { pass, attempt } = fleetEntry;
      try {
        const { parts, standing } = await door.answer(
          request.params.verb,
          Buffer.isBuffer(body) ? body : Buffer.alloc(0),
          pass,
        );
        if (standing === 'strange') attempt.failed();
        if (standing === 'known') recordLetIn(request.raw.socket);
        reply.header(partsHeader, parts.length).type('application/octet-stream');
        return joinParts(parts);
      } finally {
        attempt.abandoned();
      }
    },
  );
}

declare module 'fastify' {
  interface FastifyRequest {
    /** What a request of a gateway has shown before its body; null for any other. */
    fleetEntry: { readonly pass: Pass; readonly attempt: Attempt } | null;
  }
}
