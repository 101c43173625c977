import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { addAccount } from '../support/add-account.ts';
import { asProgram } from '../support/as-program.ts';
import { connectFtp, type FtpClient } from '../support/ftp-client.ts';
import { makeHome } from '../support/homes.ts';
import { fetchDaemons } from '../support/host-daemons.ts';
import { type PureFtpd, startPureFtpd } from '../support/pure-ftpd.ts';
import { becomeSandbox, isSandbox, sandboxObstacle } from '../support/sandbox.ts';
import { type RunningUapid, startUapid } from '../support/uapid.ts';
import { until } from '../support/until.ts';
import { users } from '../support/users.ts';
import { needsBrowser, startChromium } from '../system/page/browser/chromium.ts';
import { type Look, pageStates, takePictures } from './page-states.ts';
import { dev } from './traffic.ts';

const docs = fileURLToPath(new URL('../../../docs/', import.meta.url));
const picture = join(docs, 'page.png');

const sizes = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
  { width: 768, height: 1024 },
  { width: 390, height: 844 },
];
const looks = sizes.flatMap((viewport) =>
  (['light', 'dark'] as const).map(
    (colorScheme): Look => ({
      name: `${viewport.width}-${colorScheme}`,
      options: { viewport, colorScheme },
    }),
  ),
);

/** Of the states those that docs/page.md shows, each in one look. */
const shownStates: readonly (readonly [state: string, look: string])[] = [
  ['seven', '390-dark'],
  ['nobody', '768-light'],
  ['lost', '1024-light'],
  ['role-off', '768-light'],
];

const { alice, bob } = users;
const download = { name: 'backup-2030-11-23.tar.gz', size: 64_000_000 };

/**
 * `screenshot.js`: the page with real sessions, as docs/page.png for the README, and some of its states
 * with sessions that are made up. `screenshot.js FOLDER`: all states in all looks, and nothing of docs/.
 */
async function main([folder]: readonly string[]): Promise<number> {
  if (folder !== undefined) {
    const browser = await startChromium();
    for (const state of pageStates) await takePictures(browser, state, looks, folder);
    await browser.close();
    process.stdout.write(`${pageStates.length * looks.length} pictures are in ${folder}.\n`);
    return 0;
  }
  if (!isSandbox()) {
    const obstacle = sandboxObstacle();
    if (obstacle !== undefined) return complain(`It needs root on Linux: ${obstacle}.`);
    const missing = await fetchDaemons(['pure-ftpd']);
    if (missing !== undefined) return complain(missing);
    return await becomeSandbox([
      process.execPath,
      '--enable-source-maps',
      fileURLToPath(import.meta.url),
    ]);
  }
  const reason = needsBrowser();
  if (reason !== false) return complain(`It ${reason}.`);
  const ftpd = await startPureFtpd({ throttle: 1_900, virtualUsers: [dev] });
  const uapid = await startUapid(['--log-level', 'warn']);
  addAccount(uapid.stateDir, alice.name, alice.password);
  addAccount(uapid.stateDir, bob.name, bob.password);
  const browser = await startChromium();
  const clients = await startSessions(ftpd);
  try {
    await takePicture(browser, uapid);
    for (const [name, look] of shownStates) {
      const state = pageStates.find((each) => each.name === name);
      const one = looks.filter((each) => each.name === look);
      if (state !== undefined) await takePictures(browser, state, one, join(docs, 'pictures'));
    }
  } finally {
    for (const client of clients) client.destroy();
    await browser.close();
    await uapid.stop();
    await ftpd.stop();
  }
  process.stdout.write(`${picture} is written.\n`);
  return 0;
}

/** A download that comes to half once its rate is known, an upload, and a session that is idle. */
async function startSessions(ftpd: PureFtpd): Promise<FtpClient[]> {
  await makeHome(alice, [[download.name, download.size]]);
  const [down, idle, up] = [
    await connectFtp({ ...ftpd, localAddress: '127.0.24.118' }),
    await connectFtp({ ...ftpd, localAddress: '127.0.7.9' }),
    await connectFtp({ ...ftpd, localAddress: '127.0.113.40' }),
  ];
  await down.login(alice.name, alice.password);
  await idle.login(dev.name, dev.password);
  await up.login(bob.name, bob.password);
  await up.startUpload('holiday.mp4');
  await down.startDownload(download.name, { offset: download.size * 0.1 });
  return [down, idle, up];
}

async function takePicture(browser: Browser, { url, user, password }: RunningUapid): Promise<void> {
  const viewport = { width: 1180, height: 420 };
  const context = await browser.newContext({ viewport, locale: 'en-GB', deviceScaleFactor: 1.5 });
  const page = await context.newPage();
  await page.goto(url);
  await page.getByLabel('Account').fill(user);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  const percent = page.locator('#rows .percent', { hasText: /^5\d %$/ });
  await until(async () => (await percent.count()) === 1, {
    what: 'the download is at half',
    timeoutMs: 30_000,
  });
  // The bar follows its number.
  await page.waitForTimeout(900);
  mkdirSync(dirname(picture), { recursive: true });
  await page.screenshot({ path: picture });
}

function complain(text: string): number {
  process.stderr.write(`The picture cannot be taken here. ${text}\n`);
  return 2;
}

await asProgram(() => main(process.argv.slice(2)));
