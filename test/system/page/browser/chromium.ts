import { type Browser, chromium } from 'playwright-core';
import { needsSandbox } from '../../../support/sandbox.ts';
import { findChromium } from './chromium-programs.ts';

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
export async function startChromium(
  flags: readonly string[] = [],
  executablePath = findChromium(),
): Promise<Browser> {
  if (executablePath === null)
    throw new Error('There is no Chromium: install the package chromium.');
  return await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking', ...flags],
  });
}
