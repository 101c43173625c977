import { parseArgs } from 'node:util';
import { type DaemonName, daemonNames } from '../support/host-daemons.ts';

/** In seconds; what a terminal that was forgotten costs at most. */
const day = 86_400;

export interface Options {
  readonly seconds: number;
  readonly daemons: readonly DaemonName[];
  /** How many hosts a fleet has; 0 for one host and no fleet. */
  readonly fleet: number;
}

const maxHosts = 9;

/** What it understands, as a sentence. */
export const usage = `Usage: npm run demo -- [--daemon ${daemonNames.join('|')}|all] [--fleet 1…${maxHosts}] [--seconds N], N from 1 to ${day}`;

/** pure-ftpd alone and a day unless given; a sentence when the arguments are wrong. */
export function readOptions(args: string[]): Options | string {
  try {
    const { values } = parseArgs({
      args,
      options: {
        seconds: { type: 'string' },
        daemon: { type: 'string' },
        fleet: { type: 'string' },
      },
    });
    const seconds = Number(values.seconds ?? day);
    if (!(seconds >= 1 && seconds <= day)) return `The demo cannot last ${values.seconds} seconds.`;
    const wanted = values.daemon ?? 'pure-ftpd';
    const daemons = daemonNames.filter((name) => wanted === 'all' || wanted === name);
    if (daemons.length === 0) return `The demo knows no FTP daemon “${wanted}”.`;
    const fleet = Number(values.fleet ?? 0);
    if (values.fleet !== undefined && !(Number.isInteger(fleet) && fleet >= 1 && fleet <= maxHosts))
      return `A fleet of ${values.fleet} hosts cannot be shown.`;
    if (fleet > 0 && values.daemon !== undefined) return 'The hosts of a fleet run pure-ftpd.';
    return { seconds, daemons, fleet };
  } catch (error) {
    const [first = ''] = (error as Error).message.split(/\. |\.?\n/);
    return `${first}.`;
  }
}
