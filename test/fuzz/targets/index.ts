import type { Target } from '../target.ts';
import { channel } from './channel.ts';
import { connections } from './connections.ts';
import { cgroups, containedSessions } from './contained.ts';
import { expressions } from './expressions.ts';
import { files } from './files.ts';
import { fleetTargets } from './fleet.ts';
import { procTexts } from './proc-texts.ts';
import { procTree } from './proc-tree.ts';
import { proftpdScoreboard, proftpdTitles } from './proftpd.ts';
import { puredb } from './puredb.ts';
import { requests } from './requests.ts';
import { scoreboard } from './scoreboard.ts';
import { titles } from './titles.ts';
import { vsftpdTargets } from './vsftpd.ts';

/** Everything that parses foreign bytes. */
export const targets: readonly Target[] = [
  titles,
  ...vsftpdTargets,
  scoreboard,
  puredb,
  proftpdTitles,
  proftpdScoreboard,
  containedSessions,
  cgroups,
  ...procTexts,
  procTree,
  ...requests,
  expressions,
  connections,
  ...channel,
  ...files,
  ...fleetTargets,
];
