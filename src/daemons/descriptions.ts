import type { DaemonDescription } from './description.ts';
import { proftpd } from './proftpd/description.ts';
import { pureFtpd } from './pure-ftpd/description.ts';
import { vsftpd } from './vsftpd/description.ts';

/**
 * The descriptions of all daemons, in the order in which they are shown: a line for each. Their
 * drivers are in `index.ts`.
 */
export const daemonDescriptions: readonly DaemonDescription[] = [pureFtpd, proftpd, vsftpd];
