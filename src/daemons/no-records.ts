import type { DaemonRecords } from './driver.ts';

const none: readonly number[] = [];

/** The records of a daemon that keeps none: nothing but its master can prove a session. */
export const noRecords: DaemonRecords<null> = {
  pids: () => none,
  has: () => true,
  isHeldBy: () => null,
  open: () => ({ read: () => null }),
};
