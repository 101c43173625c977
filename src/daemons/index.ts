import type { DaemonDriver } from './driver.ts';
import { proftpdDriver } from './proftpd/driver.ts';
import { pureFtpdDriver } from './pure-ftpd/driver.ts';
import { vsftpdDriver } from './vsftpd/driver.ts';

/** The drivers of all daemons: a line for each. What may be known without rights is in `descriptions.ts`. */
export const daemonDrivers: readonly DaemonDriver[] = [pureFtpdDriver, proftpdDriver, vsftpdDriver];
