import { mkdirSync, writeFileSync } from 'node:fs';
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
import { pageStates } from './page-states.ts';
import { drawSheet, looks, takePictures } from './sheet.ts';
import { dev } from './traffic.ts';

const docs = fileURLToPath(new URL('../../../docs/', import.meta.url));
const picture = join(docs, 'page.png');

const { alice, bob } = users;
const download = { name: 'backup-2030-11-23.tar.gz', size: 64_000_000 };

/**
 * `screenshot.js`: the page with real sessions, as docs/page.png for the README, and a sheet of each of its
 * states, with sessions that are made up, in docs/pictures. `screenshot.js FOLDER`: every state in every look
 * as a picture of its own, and nothing of docs/.
 */
async function main([folder]: readonly string[]): Promise<number> {
  if (folder !== undefined) return await writePictures(folder);
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
    await writeSheets(browser);
  } finally {
    for (const client of clients) client.destroy();
    await browser.close();
    await uapid.stop();
    await ftpd.stop();
  }
  process.stdout.write(`${picture} is written.\n`);
  return 0;
}

/** Every state in every look, as FOLDER/STATE-LOOK.png. */
async function writePictures(folder: string): Promise<number> {
  const browser = await startChromium();
  mkdirSync(folder, { recursive: true });
  for (const state of pageStates) {
    for (const { look, image } of await takePictures(browser, state)) {
      writeFileSync(join(folder, `${state.name}-${look.name}.png`), image);
    }
  }
  await browser.close();
  process.stdout.write(`${pageStates.length * looks.length} pictures are in ${folder}.\n`);
  return 0;
}

async function writeSheets(browser: Browser): Promise<void> {
  const folder = join(docs, 'pictures');
  mkdirSync(folder, { recursive: true });
  for (const state of pageStates) {
    const sheet = await drawSheet(browser, await takePictures(browser, state));
    writeFileSync(join(folder, `${state.name}.webp`), sheet);
  }
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
