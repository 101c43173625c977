import { RefusedError } from '../lib/refused-error.ts';

/** No colon, because Basic authentication (RFC 7617, section 2) ends the name at the first one. */
const accountName = /^[A-Za-z0-9_][A-Za-z0-9._@+-]{0,127}$/;

/** Whether an account may have that name. */
export function isAccountName(name: string): boolean {
  return accountName.test(name);
}

/** Throws RefusedError unless an account may have that name. */
export function requireAccountName(name: string): void {
  if (isAccountName(name)) return;
  throw new RefusedError(
    'invalid',
    `${JSON.stringify(name)} is no account name: it takes 1 to 128 letters, digits and . _ - @ + ` +
      'and begins with a letter, a digit or _',
  );
}
