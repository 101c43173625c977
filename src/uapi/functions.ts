import type { UapiFunction } from './define-function.ts';
import { listSessions } from './Ftp/list_sessions.ts';

/** Every function that this server answers. */
export const functions: readonly UapiFunction[] = [listSessions];
