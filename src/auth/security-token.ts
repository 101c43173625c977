import type { IncomingMessage } from 'node:http';

const tokens = new WeakMap<IncomingMessage, string>();

/**
 * The URL of a request, of which `target` is the origin form, without the "/cpsess##########"
 * before its path, which is noted for `securityTokenOf`. So every path can be asked for with and
 * without it.
 */
export function takeSecurityToken(request: IncomingMessage, target: string): string {
  const match = /^(\/cpsess\d{10})(?=[/?]|$)(.*)$/s.exec(target);
  if (match?.[1] === undefined || match[2] === undefined) return target;
  tokens.set(request, match[1]);
  return match[2].startsWith('/') ? match[2] : `/${match[2]}`;
}

/** "/cpsess##########" if the request came with one. */
export function securityTokenOf(request: IncomingMessage): string | null {
  return tokens.get(request) ?? null;
}
