import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../support/debian-packages.ts';

/** Fetches what the package for arm64 has in the place of this machine's binaries, into .cache of this project. */
export function fetchOtherBinaries(): void {
  const folder = mkdtempSync(join(tmpdir(), 'uapid-binaries-'));
  try {
    const script = 'packaging/debian/fetch-binaries.mjs';
    execFileSync(process.execPath, [script, 'arm64', folder], { cwd: projectRoot() });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
