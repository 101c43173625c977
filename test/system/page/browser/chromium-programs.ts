import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot, unpackPackages } from '../../../support/debian-packages.ts';

/** Chromium's engine without what only windows need: a page takes it half of the processor time. */
const shell = 'chromium-headless-shell';
const unpacked = join(projectRoot(), '.cache', shell, 'usr/lib/chromium', shell);

const whole = ['chromium', 'chromium-browser'];

/** The Chromium that is installed, or the one without windows that lies beside it; null without any. */
export function findChromium(): string | null {
  const found = installed([shell, ...whole]);
  return found !== null && isThere(unpacked) ? unpacked : found;
}

/** The browser that people have, where what it sends and to whom is the question. */
export function findWholeChromium(): string | null {
  return installed([...whole, shell]);
}

function installed(names: readonly string[]): string | null {
  const { PATH } = process.env;
  const folders = (PATH ?? '').split(':').filter(Boolean);
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find(isThere) ?? null;
}

function isThere(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Beside the system's Chromium, whose libraries it needs, the one without windows is unpacked into
 * `.cache` of this project (fetched once). Where that cannot be, Chromium itself does.
 */
export async function fetchChromiumShell(): Promise<void> {
  const found = findChromium();
  if (found === null || found.endsWith(shell)) return;
  try {
    const root = await unpackPackages(shell, [shell, 'chromium-common']);
    await promisify(execFile)(unpacked, ['--version']).catch(() => rm(root, { recursive: true }));
  } catch {
    // No such package, or no network.
  }
}
