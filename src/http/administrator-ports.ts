import type { FastifyRequest } from 'fastify';

/** Plain and TLS port of the administrator's interface, which clients hard-wire. */
const administratorPorts: readonly number[] = [2086, 2087];

/** True when a request came in where only administrators' credentials count. */
export function isAdministratorDoor(request: Pick<FastifyRequest, 'socket'>): boolean {
  return administratorPorts.includes(request.socket.localPort ?? 0);
}
