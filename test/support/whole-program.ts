import assert from 'node:assert/strict';
import type { Command } from 'commander';
import { createProgram } from '../../src/commands/program.ts';

const never = () => assert.fail('no command is carried out');

/** The program with all of its commands, none of which can be carried out. */
export function wholeProgram(): Promise<Command> {
  return createProgram({
    config: never,
    scanSettings: never,
    stateDir: never,
    auditLog: never,
    fleetPlace: never,
    fleetGateway: never,
  });
}
