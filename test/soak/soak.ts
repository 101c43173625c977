import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { asProgram } from '../support/as-program.ts';
import { daemonNames, fetchDaemons } from '../support/host-daemons.ts';
import { becomeSandbox, isSandbox, sandboxObstacle } from '../support/sandbox.ts';
import { progressLine, summary, totals } from './report.ts';
import { runSoak } from './run-soak.ts';

const usage = 'Usage: npm run soak -- [--seconds N] [--clients N], N from 1 to 86400 or 5000\n';
const defaultSeconds = 300;
const defaultClients = 240;

/** `soak.js [--seconds N] [--clients N]`: 0 when every answer was true, 1 when not, 2 when it cannot run. */
async function main(args: string[]): Promise<number> {
  const options = optionsOf(args);
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
  const missing = await fetchDaemons(daemonNames);
  if (missing !== undefined) {
    process.stderr.write(`${missing}\n`);
    return 2;
  }
  const self = fileURLToPath(import.meta.url);
  return await becomeSandbox([process.execPath, '--enable-source-maps', self, ...args]);
}

function optionsOf(args: string[]): { seconds: number; clients: number } | undefined {
  try {
    const { values } = parseArgs({
      args,
      options: { seconds: { type: 'string' }, clients: { type: 'string' } },
    });
    const seconds = Number(values.seconds ?? defaultSeconds);
    const clients = Number(values.clients ?? defaultClients);
    const isRight = seconds >= 1 && seconds <= 86_400 && clients >= 1 && clients <= 5_000;
    return isRight && Number.isInteger(clients) ? { seconds, clients } : undefined;
  } catch {
    return undefined;
  }
}

async function soak(options: { seconds: number; clients: number }): Promise<number> {
  const result = await runSoak({
    ...options,
    onProgress: (soFar) => process.stdout.write(`${progressLine(soFar)}\n`),
  });
  process.stdout.write(`\n${summary(result)}\n`);
  return totals(result).violations === 0 ? 0 : 1;
}

await asProgram(() => main(process.argv.slice(2)));
