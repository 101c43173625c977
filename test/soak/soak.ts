import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { asProgram } from '../support/as-program.ts';
import { daemonNames, fetchDaemons } from '../support/host-daemons.ts';
import { natsServerProgram } from '../support/nats/nats-server-program.ts';
import { becomeSandbox, isSandbox, sandboxObstacle } from '../support/sandbox.ts';
import { fleetProgress, fleetSummary } from './fleet/report.ts';
import { runFleetSoak } from './fleet/run-fleet-soak.ts';
import { type Options, readOptions, usage } from './options.ts';
import { progressLine, summary, totals } from './report.ts';
import { runSoak } from './run-soak.ts';

/** So many rows are held against the truth where a fleet is asked, if it takes longer, too. */
const minFleetRows = 20_000;

/** `soak.js [--fleet [--seed N]] [--seconds N] [--clients N]`: 0 when every answer was true, 1 when not, 2 when it cannot run. */
async function main(args: string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) {
    process.stderr.write(usage);
    return 2;
  }
  if (isSandbox()) return await soak(options);
  const obstacle = sandboxObstacle();
  if (obstacle !== undefined) {
    process.stderr.write(
      `The soak starts FTP daemons in a sandbox of its own and cannot do so here: ${obstacle}. Run it as root on Linux.\n`,
    );
    return 2;
  }
  if (options.isFleet) await natsServerProgram();
  const missing = await fetchDaemons(options.isFleet ? ['pure-ftpd'] : daemonNames);
  if (missing !== undefined) {
    process.stderr.write(`${missing}\n`);
    return 2;
  }
  const self = fileURLToPath(import.meta.url);
  return await becomeSandbox([process.execPath, '--enable-source-maps', self, ...args]);
}

async function soak({ isFleet, seed, ...options }: Options): Promise<number> {
  const print = (text: string) => void process.stdout.write(`${text}\n`);
  if (isFleet) {
    const result = await runFleetSoak({
      ...options,
      seed: seed ?? randomInt(2 ** 31),
      minRows: minFleetRows,
      pauseMs: 20,
      calmMs: 4_000,
      onProgress: (soFar) => print(fleetProgress(soFar)),
    });
    print(`\n${fleetSummary(result)}`);
    return result.faults.length === 0 ? 0 : 1;
  }
  const result = await runSoak({
    ...options,
    onProgress: (soFar) => print(progressLine(soFar)),
  });
  print(`\n${summary(result)}`);
  return totals(result).violations === 0 ? 0 : 1;
}

await asProgram(() => main(process.argv.slice(2)));
