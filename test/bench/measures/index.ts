import type { Result } from '../result.ts';
import type { Scene } from '../scene.ts';
import { measureContainedScan } from './contained-scan.ts';
import { measureDescriptors } from './descriptors.ts';
import { measureFleet } from './fleet.ts';
import { measureFleetOfOne } from './fleet-of-one.ts';
import { measureHistory } from './history.ts';
import { measureIdle } from './idle.ts';
import { measureListTime } from './list-time.ts';
import { measureLoopDelay } from './loop-delay.ts';
import { measureMemory } from './memory.ts';
import { measureProftpdScan } from './proftpd-scan.ts';
import { measureAdminRate, measureUserRate } from './request-rate.ts';
import { measureScanPerSession, measureUnrelated } from './scan-time.ts';
import { measureSessionLog } from './session-log.ts';
import { measureVsftpdScan } from './vsftpd-scan.ts';

export type Measure = (scene: Scene) => Promise<Result[]>;

/** Every measure by the name that `--only` takes, in an order that needs few logins. */
export const measures: Readonly<Record<string, Measure>> = {
  idle: measureIdle,
  'list-time': measureListTime,
  'session-log': async (scene) => [
    ...(await measureSessionLog(scene)),
    ...(await measureHistory(scene)),
  ],
  'user-rate': measureUserRate,
  'admin-rate': measureAdminRate,
  'loop-delay': measureLoopDelay,
  unrelated: measureUnrelated,
  'look-per-session': measureScanPerSession,
  proftpd: measureProftpdScan,
  vsftpd: measureVsftpdScan,
  contained: measureContainedScan,
  fleet: async (scene) => [...(await measureFleet(scene)), ...(await measureFleetOfOne(scene))],
  memory: measureMemory,
  descriptors: measureDescriptors,
};
