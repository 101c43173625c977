import { pino } from 'pino';
import { loginLimits } from '../accounts/kept-login.ts';
import { createAudit } from '../audit/audit.ts';
import { createCredentialCache } from '../auth/credential-cache.ts';
import { createLoginSessions } from '../auth/login-sessions.ts';
import { createThrottle } from '../auth/throttle.ts';
import { createVerificationQueue } from '../auth/verification-queue.ts';
import { buildApp, type Services } from './app.ts';

/** Stands for the host where only the description of the application is wanted. */
const nowhere: Services = {
  sessions: { snapshot: unavailable },
  sessionEnder: { end: unavailable },
  systemUsers: { uidOf: unavailable, namesOf: unavailable },
  accounts: {
    find: () => undefined,
    list: () => [],
    ownedBy: () => [],
    generation: () => undefined,
    verify: unavailable,
  },
  tokens: { verify: () => false, isReadOnly: () => true },
  logins: createLoginSessions(loginLimits),
  state: { now: () => ({ version: 0, asked: 0 }), revalidate: unavailable },
  throttle: createThrottle(),
  verifications: createVerificationQueue(),
  proxies: { record: () => {} },
  credentialCache: createCredentialCache(),
  audit: createAudit(() => {}),
  roles: { isEnabled: () => true },
  logger: pino({ level: 'silent' }),
};

/** The OpenAPI 3.1 document, generated from the functions. */
export async function openapiDocument(): Promise<object> {
  const app = await buildApp(nowhere);
  await app.ready();
  const document = app.swagger();
  await app.close();
  return document;
}

function unavailable(): Promise<never> {
  return Promise.reject(new Error('there is no host behind this application'));
}
