import * as z from 'zod';

/** How a server of a fleet is: it answers, or why its sessions are missing. */
export const serverState = z
  .enum([
    'answers',
    'absent',
    'silent',
    'not-asked',
    'unsigned',
    'refused',
    'malformed',
    'cloned',
    'not-enrolled',
  ])
  .describe('answers, or why its sessions are missing.');
