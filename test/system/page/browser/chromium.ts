import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { needsSandbox } from '../../../support/sandbox.ts';

/** The system's Chromium, or null. */
function findChromium(): string | null {
  const { PATH } = process.env;
  const folders = (PATH ?? '').split(':').filter(Boolean);
  const names = ['chromium', 'chromium-browser'];
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isThere) ?? null;
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
 * What a test that needs the sandbox and a browser in it passes as node:test's `skip`: false where
 * both are there, else the reason. Throws where CI=true, as `needsSandbox` does.
 */
export function needsBrowser(): false | string {
  const sandbox = needsSandbox();
  if (sandbox !== false || findChromium() !== null) return sandbox;
  const reason = 'needs Chromium: install the package chromium';
  const { CI } = process.env;
  if (CI === 'true') throw new Error(`CI=true forbids to skip, and this test ${reason}`);
  return reason;
}

/** Starts it without a window, with further flags. Its own sandbox wants another user than root. */
export async function startChromium(flags: readonly string[] = []): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === null)
    throw new Error('There is no Chromium: install the package chromium.');
  return await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking', ...flags],
  });
}
