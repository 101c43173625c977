#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { CommanderError } from 'commander';
import type { Settings } from './commands/command.ts';
import { exitCodeOf } from './commands/exit-codes.ts';
import { outliveOutput } from './commands/output.ts';
import { createProgram } from './commands/program.ts';
import {
  type ConfigSources,
  loadConfig,
  loadFleetGateway,
  loadFleetPlace,
  loadPlaces,
  loadScanSettings,
} from './config/config.ts';

/** What each command may ask of the configuration. */
const settings: Settings = {
  config: (flags) => loadConfig(configSources(flags)),
  scanSettings: (flags) => loadScanSettings(configSources(flags), namesAccount(flags)),
  stateDir: (flags) => loadPlaces(configSources(flags)).stateDir,
  auditLog: (flags) => loadPlaces(configSources(flags)).auditLog,
  fleetPlace: (flags) => loadFleetPlace(configSources(flags)),
  fleetGateway: (flags) => loadFleetGateway(configSources(flags)),
};

/**
 * Where the service manager has handed in sockets, a connection that waits starts the program again as
 * soon as it has ended: systemd's own limits either do not count these starts (PollLimitBurst, tried on
 * systemd 257) or close the sockets (StartLimitBurst, TriggerLimitBurst). So a start that has failed by
 * its configuration, and would fail again, ends after a pause.
 */
const activatedPauseMs = 5_000;
const { LISTEN_PID } = process.env;
const isActivated = LISTEN_PID === String(process.pid);

// A server says in its log what it could not say on stdout.
outliveOutput((message) => (process.argv[2] === 'serve' ? 0 : report(message)));

try {
  await (await createProgram(settings, process.argv[2])).parseAsync();
} catch (error) {
  // A server that fails half-way may have left handles open that would keep the process.
  const code = report(error);
  if (isActivated && code === 2) await delay(activatedPauseMs);
  // Help ends by itself, so that it is known by then whether it could be written.
  if (code !== 0) process.exit(code);
}

/** Whether a command is for an account, which it has to look up. */
function namesAccount(flags: { readonly account?: string; readonly user?: string }): boolean {
  return flags.account !== undefined || (flags.user !== undefined && flags.user !== 'root');
}

function configSources(flags: object): ConfigSources {
  return {
    flags: { ...flags },
    env: process.env,
    platform: process.platform,
    isRoot: process.geteuid?.() === 0,
    home: homedir(),
    cwd: process.cwd(),
    readFile: (path) => readFileSync(path, 'utf8'),
    exists: existsSync,
  };
}

/** Says what went wrong on stderr and returns the exit code. */
function report(error: unknown): number {
  // Commander has printed its message, or the help that was asked for, by itself.
  if (error instanceof CommanderError) return exitCodeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  for (const line of message.split('\n')) process.stderr.write(`uapid: ${line}\n`);
  return exitCodeOf(error);
}
