import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Account } from '../../accounts/account.ts';
import { accountOf, offerLogin } from '../../auth/authentication.ts';
import type { Authenticators } from '../../auth/authenticators.ts';
import { isAdministratorDoor } from '../../http/administrator-ports.ts';
import { clientAddress } from '../../lib/client-address.ts';

/** What a program is told of a URL that logs a browser in, in the words of the original. */
export interface LoginUrl {
  readonly service: 'cpaneld';
  readonly session: string;
  readonly cp_security_token: string;
  /** In seconds since 1970. */
  readonly expires: number;
  readonly url: string;
}

/** The original's ports for accounts are four below those for administrators. */
const portsBelow = 4;

/**
 * Makes a URL that logs a browser in as the account, once and within a minute. Null for a caller whose
 * token may only read, which the audit log tells.
 */
export function createLoginUrl(
  request: FastifyRequest,
  account: Account,
  authenticators: Authenticators,
): LoginUrl | null {
  const who = {
    address: clientAddress(request),
    account: account.name,
    by: accountOf(request).name,
  };
  if (request.server.isReadOnly(request)) {
    const what = { function: 'create_user_session', reason: 'read-only' } as const;
    authenticators.audit.record({ event: 'call-refused', ...who, ...what });
    return null;
  }
  const { key, securityToken, expiresAt } = offerLogin(account, authenticators);
  authenticators.audit.record({ event: 'login-offered', ...who });
  const place = `${request.protocol}://${hostForAccounts(request)}${securityToken}`;
  return {
    service: 'cpaneld',
    session: key,
    cp_security_token: securityToken,
    expires: Math.floor(expiresAt / 1000),
    url: `${place}/login/?session=${key}`,
  };
}

/** As the client names this host; an administrator's port lets no account in. */
function hostForAccounts(request: FastifyRequest): string {
  const { localPort = 0 } = request.socket;
  return isAdministratorDoor(request)
    ? `${request.hostname}:${localPort - portsBelow}`
    : request.host;
}

/** Tells a browser why nobody is logged in. */
export function refuseLoginUrl(reply: FastifyReply): FastifyReply {
  return reply
    .code(401)
    .headers({
      'content-security-policy': "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
      'x-frame-options': 'DENY',
    })
    .type('text/html; charset=utf-8')
    .send(refusal);
}

const refusal = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>uapid</title>
<p>This link has been used already, or it is older than a minute, or the account has changed.
<a href="/">Log in</a>
</html>
`;
