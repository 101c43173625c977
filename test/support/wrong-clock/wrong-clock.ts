import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sandboxFolder } from '../users.ts';

const source = fileURLToPath(
  new URL('../../../../test/support/wrong-clock/wrong-clock.c', import.meta.url),
);

/** A library that puts the clock of programs off by so many seconds, behind where that is below 0. */
export function wrongClockLibrary(seconds: number): string {
  const folder = mkdtempSync(join(sandboxFolder, 'wrong-clock-'));
  chmodSync(folder, 0o755);
  const library = join(folder, 'wrong-clock.so');
  const flags = ['-shared', '-fPIC', '-Wall', '-O1', `-DOFFSET=(${seconds})`];
  execFileSync('gcc', [...flags, '-o', library, source]);
  return library;
}

/**
 * Commands of sh(1) by which all programs of a mount namespace, which has to be their own, have that clock from then
 * on, whatever their environment.
 */
export function wrongClockCommands(seconds: number): string {
  const library = wrongClockLibrary(seconds);
  const etc = `${library}.etc`;
  return `cp -a /etc ${etc} && echo ${library} > ${etc}/ld.so.preload && mount --bind ${etc} /etc`;
}
