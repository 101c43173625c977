import type { Account, AccountDirectory, TokenDirectory } from '../accounts/account.ts';

/** What an Authorization header of the schemes "cpanel" and "whm" shows; "" for what is missing. */
export interface TokenHeader {
  readonly scheme: 'cpanel' | 'whm';
  readonly name: string;
  readonly token: string;
}

/** Reads "cpanel USER:TOKEN" and "whm USER:TOKEN"; null for any other scheme. */
export function readTokenHeader(authorization: string): TokenHeader | null {
  const scheme = /^\s*(\w+)\s/.exec(authorization)?.[1]?.toLowerCase();
  if (scheme !== 'cpanel' && scheme !== 'whm') return null;
  // No part of it may be tried twice on 16 kB of somebody's blanks.
  const [, name = '', token = ''] = /^\s*\w+\s+([^:\s][^:]*):(.*)$/.exec(authorization) ?? [];
  return { scheme, name, token: token.trim() };
}

/**
 * The account whose token it is; undefined when it is not, may not come from that address, or the scheme
 * is not for it.
 */
export function accountOfToken(
  { scheme, name, token }: TokenHeader,
  address: string,
  { accounts, tokens }: { accounts: AccountDirectory; tokens: TokenDirectory },
): Account | undefined {
  const found = tokens.verify(name, token, address) ? accounts.find(name) : undefined;
  return scheme === 'whm' && found?.role === 'user' ? undefined : found;
}
