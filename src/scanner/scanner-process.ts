import { type ConfinedProcess, spawnConfined } from '../os/confined-process.ts';

/**
 * What looking and ending need of root's rights (capabilities(7)): other users' descriptors and
 * executables, a signal to their processes, and what lies in folders that root alone may search.
 */
const capabilities = ['sys_ptrace', 'kill', 'dac_read_search'];

/** Starts a scanner with those rights. */
export function spawnScanner(environment: NodeJS.ProcessEnv): ConfinedProcess {
  return spawnConfined('scanner.js', environment, capabilities);
}
