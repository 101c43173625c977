import type { Register } from './command.ts';

/** Every command, in the order of the help. Only what is called is loaded: `serve` brings a whole server. */
export const commands: Readonly<Record<string, () => Promise<{ readonly register: Register }>>> = {
  serve: () => import('./serve.ts'),
  account: () => import('./account.ts'),
  token: () => import('./token.ts'),
  role: () => import('./role.ts'),
  tls: () => import('./tls.ts'),
  check: () => import('./check.ts'),
  fleet: () => import('./fleet.ts'),
  sessions: () => import('./sessions.ts'),
  history: () => import('./history.ts'),
  kill: () => import('./kill.ts'),
  uapi: () => import('./uapi.ts'),
  cpapi2: () => import('./cpapi2.ts'),
  openapi: () => import('./openapi.ts'),
  completion: () => import('./completion.ts'),
};
