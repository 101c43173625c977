import type { Command } from 'commander';
import type { Config, ScanSettings } from '../config/config.ts';
import type { FleetPlace } from '../config/fleet-place.ts';

/** What the flags of a command, the environment and the file say. Each throws ConfigError. */
export interface Settings {
  config(flags: object): Config;
  scanSettings(flags: object): ScanSettings;
  stateDir(flags: object): string;
  auditLog(flags: object): string;
  /** What this machine is of a fleet; null for nothing. */
  fleetPlace(flags: object): FleetPlace | null;
  /** The name that this machine has as a gateway of a fleet; null for none. */
  fleetGateway(flags: object): string | null;
}

/** Adds a command, with those below it, to the program. `whole` makes a program with all commands. */
export type Register = (
  program: Command,
  settings: Settings,
  whole: () => Promise<Command>,
) => void;
