import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { version } from '../../src/lib/version.ts';
import { pureFtpdPrograms } from '../support/daemons.ts';

/**
 * The machine, what else it did before, and the versions of everything that is measured, as lines
 * of Markdown.
 */
export async function describeMachine(): Promise<string[]> {
  const { pureFtpd, env } = await pureFtpdPrograms();
  const require = createRequire(import.meta.url);
  const fastify = (require('fastify/package.json') as { version: string }).version;
  const ftpdHelp = firstLine(pureFtpd, ['--help'], { ...process.env, ...env });
  const ftpd = /v(\d[\w.]*)/.exec(ftpdHelp)?.[1] ?? ftpdHelp;
  return [
    `- ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}, load average before: ${loadavg()[0]?.toFixed(1)}`,
    `- uapid ${version}, Node.js ${process.version}, Fastify ${fastify}, pure-ftpd ${ftpd}, ${firstLine('ps', ['--version'])}`,
  ];
}

function firstLine(file: string, args: readonly string[], env = process.env): string {
  return execFileSync(file, args, { encoding: 'utf8', env }).split('\n')[0] ?? '';
}
