import { RefusedError } from './refused-error.ts';

/** No colon, because Basic authentication (RFC 7617, section 2) ends the name at the first one. */
const accountName = /^[A-Za-z0-9_][A-Za-z0-9._@+-]{0,127}$/;

/**
 * Wide on purpose: directories know names like `DOM\alice` and `host$`. What a line of passwd(5) or
 * an option of getent could take for something else is out.
 */
const systemUserName = /^[^\p{C}\p{Z}:/+~-][^\p{C}\p{Z}:/]{0,255}$/u;

/** Whether an account may have that name. */
export function isAccountName(name: string): boolean {
  return accountName.test(name);
}

/** Whether that text could be the name of a system user. */
export function isSystemUserName(name: string): boolean {
  return systemUserName.test(name);
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
