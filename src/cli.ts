#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { Command, CommanderError } from 'commander';
import { registerAccountCommands } from './commands/account.ts';
import { registerKillCommand } from './commands/kill.ts';
import { printJson } from './commands/output.ts';
import { registerRoleCommands } from './commands/role.ts';
import { serveOptions } from './commands/serve-options.ts';
import { registerSessionsCommand } from './commands/sessions.ts';
import { registerTlsCommands } from './commands/tls.ts';
import { registerTokenCommands } from './commands/token.ts';
import { UsageError } from './commands/usage-error.ts';
import {
  ConfigError,
  type ConfigSources,
  loadConfig,
  loadLookSettings,
  loadPlaces,
} from './config/config.ts';
import { version } from './lib/version.ts';

try {
  await createProgram().parseAsync();
} catch (error) {
  // A server that fails half-way may have left handles open that would keep the process.
  process.exit(report(error));
}

function createProgram(): Command {
  const program = new Command('uapid')
    .description(
      'An HTTP server, API-compatible with cPanel UAPI, for the FTP sessions of this host.',
    )
    .version(version)
    .exitOverride();

  const serve = program.command('serve').description('run the server');
  for (const option of serveOptions()) serve.addOption(option);
  serve.action(async (flags: Record<string, unknown>) => {
    const config = loadConfig(configSources(flags));
    // Loaded here because it brings the whole server, which no other command needs.
    const server = await import('./monitor/serve.ts');
    await server.serve(config);
  });

  const stateDirOf = (options: object) => loadPlaces(configSources({ ...options })).stateDir;
  const auditLogOf = (options: object) => loadPlaces(configSources({ ...options })).auditLog;
  registerAccountCommands(program, stateDirOf, auditLogOf);
  registerTokenCommands(program, stateDirOf, auditLogOf);
  registerRoleCommands(program, stateDirOf, auditLogOf);
  registerTlsCommands(program, stateDirOf);
  const lookSettingsOf = (options: object) => loadLookSettings(configSources({ ...options }));
  registerSessionsCommand(program, lookSettingsOf);
  registerKillCommand(program, lookSettingsOf);

  program
    .command('openapi')
    .description('print the OpenAPI document')
    .action(async () => {
      const { openapiDocument } = await import('./worker/openapi-document.ts');
      printJson(await openapiDocument());
    });
  return program;
}

function configSources(flags: Record<string, unknown>): ConfigSources {
  return {
    flags,
    env: process.env,
    platform: process.platform,
    isRoot: process.geteuid?.() === 0,
    home: homedir(),
    cwd: process.cwd(),
    readFile: (path) => readFileSync(path, 'utf8'),
  };
}

/** Says what went wrong on stderr and returns the exit code: 2 for what was asked wrongly, else 1. */
function report(error: unknown): number {
  // Commander has printed its message, or the help that was asked for, by itself.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const message = error instanceof Error ? error.message : String(error);
  for (const line of message.split('\n')) process.stderr.write(`uapid: ${line}\n`);
  return error instanceof UsageError || error instanceof ConfigError ? 2 : 1;
}
