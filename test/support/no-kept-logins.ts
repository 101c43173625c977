import type { KeptLogins } from '../../src/accounts/kept-logins.ts';

/** Of a monitor without a state directory: every login ends with the worker. */
export const noKeptLogins: KeptLogins = {
  list: () => [],
  open: async () => null,
  end: async () => {},
  used: () => {},
  endAll: async () => {},
  close: async () => {},
};
