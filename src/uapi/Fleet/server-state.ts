import * as z from 'zod';
import { serverStates } from '../../sessions/servers.ts';

/** How a server of a fleet is: it answers, or why its sessions are missing. */
export const serverState = z
  .enum(serverStates)
  .describe('answers, or why its sessions are missing.');
