import type { Refusal } from './door.ts';

/** How the administrator's forms say that a credential is missing or wrong, strings as shown. */
export const accessDenied = {
  httpStatus: 403,
  reasonPhrase: 'Forbidden Access denied',
  body: {
    cpanelresult: {
      apiversion: '2',
      error: 'Access denied',
      data: { reason: 'Access denied', result: '0' },
      type: 'text',
    },
  },
} satisfies Refusal;
