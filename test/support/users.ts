/** A system user that exists inside the sandbox only. */
export interface TestUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  /** Made anew for every sandbox; "" outside of one. */
  readonly password: string;
}

/** Where everything that a sandbox needs lies: on its private /run, so it vanishes with it. */
export const sandboxFolder = '/run/uapid-test';

/** The environment variable that carries a sandbox's random part of the passwords. */
export const secretVariable = 'UAPID_SANDBOX_SECRET';

/** The test users, with passwords made from `secret`. */
export function usersWith(secret: string) {
  const user = (name: string, uid: number): TestUser => ({
    name,
    uid,
    gid: uid,
    home: `${sandboxFolder}/home/${name}`,
    password: secret === '' ? '' : `${name}-${secret}`,
  });
  return {
    alice: user('alice', 62_001),
    bob: user('bob', 62_002),
    carol: user('carol', 62_003),
    dave: user('dave', 62_004),
  };
}

/** The users of the sandbox that this process runs in. */
export const users = usersWith(process.env[secretVariable] ?? '');
