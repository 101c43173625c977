import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pureFtpdPrograms } from '../support/daemons.ts';
import { natsServerProgram } from '../support/nats/nats-server-program.ts';
import { fetchProftpd } from '../support/proftpd/programs.ts';
import { becomeSandbox, isSandbox, sandboxObstacle } from '../support/sandbox.ts';
import { vsftpdProgram } from '../support/vsftpd/programs.ts';
import { describeMachine } from './machine.ts';
import { measures } from './measures/index.ts';
import { type Options, readOptions, usage } from './options.ts';
import type { Result } from './result.ts';
import { startScene } from './scene.ts';
import { resultTable } from './table.ts';

/** Measures a real uapid against its peers, with a real pure-ftpd and real sessions. */
async function main(args: string[]): Promise<number> {
  const names = Object.keys(measures);
  const options = readOptions(args, names);
  if (options === undefined) {
    process.stderr.write(usage(names));
    return 2;
  }
  if (isSandbox()) {
    return await bench(options, args);
  }
  const obstacle = sandboxObstacle();
  if (obstacle !== undefined) {
    process.stderr.write(
      `The benchmark starts an FTP daemon in a sandbox and cannot do so here: ${obstacle}. Run it as root on Linux.\n`,
    );
    return 2;
  }
  await pureFtpdPrograms();
  await fetchProftpd();
  await vsftpdProgram('debian-12');
  await natsServerProgram();
  const self = fileURLToPath(import.meta.url);
  return await becomeSandbox([process.execPath, '--enable-source-maps', self, ...args]);
}

/** Resolves to 0 when every measure gave its numbers, whether or not they keep their targets. */
async function bench({ sizes, only, results: file }: Options, args: string[]): Promise<number> {
  // The sandbox asks with SIGTERM; what is left when this process ends it ends itself.
  process.once('SIGTERM', () => process.exit(130));
  const results: Result[] = [];
  const failures: string[] = [];
  const machine = await describeMachine();
  const scene = await startScene(sizes);
  try {
    for (const name of only) {
      const start = performance.now();
      try {
        results.push(...((await measures[name]?.(scene)) ?? []));
      } catch (error) {
        failures.push(`${name} failed: ${error instanceof Error ? error.message : error}`);
      }
      const seconds = ((performance.now() - start) / 1_000).toFixed(0);
      process.stderr.write(
        `${failures.at(-1)?.startsWith(name) ? 'failed' : 'done'}: ${name} (${seconds} s)\n`,
      );
    }
  } finally {
    await scene.stop();
  }
  const report = compose(results, failures, machine, args);
  process.stdout.write(report);
  if (file !== null) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, report);
  }
  return failures.length === 0 ? 0 : 1;
}

function compose(
  results: readonly Result[],
  failures: readonly string[],
  machine: readonly string[],
  args: readonly string[],
): string {
  const command = ['npm run bench', ...(args.length === 0 ? [] : ['--', ...args])].join(' ');
  const lines = [
    '# Results of the benchmark',
    '',
    `- \`${command}\`, ${new Date().toISOString().slice(0, 10)}`,
    ...machine,
    '',
    'Medians, with the 5th and 95th percentile in brackets. Ours and the peer took turns in one run;',
    'the value is the median of the quotients of what was measured one after the other, or of the',
    'medians where turns are long.',
    '',
    ...resultTable(results),
    ...(failures.length === 0 ? [] : ['', ...failures]),
  ];
  return `${lines.join('\n')}\n`;
}

process.exitCode = await main(process.argv.slice(2));
