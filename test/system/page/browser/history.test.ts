import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { addAccount } from '../../../support/add-account.ts';
import { day, logText, pastSession } from '../../../support/history-lines.ts';
import { type RunningUapid, startUapid } from '../../../support/uapid.ts';
import { sandboxFolder, users } from '../../../support/users.ts';
import { violations } from './axe.ts';
import { needsBrowser, startChromium } from './chromium.ts';
import { openReader, type Reader, refusals, textToBe } from './reader.ts';

const skip = needsBrowser();
const { alice } = users;
const path = join(sandboxFolder, 'page-history.log');
let uapid: RunningUapid;
let browser: Browser;

const file = {
  at: `${day}01:00:30.000Z`,
  direction: 'upload' as const,
  bytes: 1_500,
  seconds: 1,
  whole: false,
  file: '/www/<b>index</b>.php',
};

before(async () => {
  if (skip !== false) return;
  writeFileSync(
    path,
    logText(
      pastSession(11, '01:00:00', {
        owner: alice.uid,
        owner_name: alice.name,
        transfers: 1,
        bytes: 1_500,
        transfers_by: 'session-id',
        files: [file],
      }),
      pastSession(12, '02:00:00', { user: '<i>bob', owner: 7, owner_name: 'bob', end: 'cut' }),
    ),
    { mode: 0o600 },
  );
  uapid = await startUapid(['--session-log', path]);
  addAccount(uapid.stateDir, alice.name, alice.password);
  browser = await startChromium();
});
after(async () => {
  await browser?.close();
  await uapid?.stop();
});

const historyRows = ({ page }: Reader) => page.locator('#history-rows > tr');
const asked = ({ requests }: Reader) => requests.filter((url) => url.includes('list_history'));

test('the tab History is loaded when it is opened, tells who was connected at a time, and a session’s files by one click', {
  skip,
}, async (t) => {
  const reader = await openReader(t, browser, uapid.url);
  const { page } = reader;
  await reader.logIn(uapid.user, uapid.password);
  await page.getByRole('tab', { name: 'History' }).waitFor();
  assert.deepEqual(asked(reader), []);
  await page.getByRole('tab', { name: 'History' }).click();
  await textToBe(page.locator('#history-shown'), /^2 sessions$/);
  assert.match(await historyRows(reader).first().innerText(), /<i>bob\s+bob\s+192\.0\.2\.7/);
  // The reader's zone is nine hours ahead.
  await page.getByLabel('Who was connected at').fill('2026-11-28 10:00:10');
  await page.keyboard.press('Enter');
  await textToBe(page.locator('#history-shown'), /^1 session$/);
  assert.match(await historyRows(reader).first().innerText(), /1\.50 kB/);
  const before = asked(reader).length;
  const button = page.getByRole('button', { name: /^1 file of alice from 192\.0\.2\.7/ });
  await button.click();
  await textToBe(
    historyRows(reader).nth(1),
    /\/www\/<b>index<\/b>\.php \(.*Upload, 1\.50 kB, broken off\)/,
  );
  assert.equal(asked(reader).length, before + 1);
  await button.click();
  assert.equal(await historyRows(reader).count(), 1);
  await page.getByLabel('Who was connected at').fill('teatime');
  await page.keyboard.press('Enter');
  await textToBe(page.locator('#history-failure'), /That is no time/);
  // Nothing of it stays for whoever logs in next.
  await page.getByRole('button', { name: 'Log out' }).click();
  await reader.logIn(alice.name, alice.password);
  await page.getByRole('tab', { name: 'Now' }).waitFor();
  assert.equal(await historyRows(reader).count(), 0);
  await page.getByRole('tab', { name: 'Now' }).focus();
  await page.keyboard.press('ArrowRight');
  await textToBe(page.locator('#history-shown'), /^1 session$/);
});

test('files that cannot be told are no list without files: the row says why, and what is missing', {
  skip,
}, async (t) => {
  const reader = await openReader(t, browser, uapid.url, { allowed: refusals });
  const { page } = reader;
  await reader.logIn(uapid.user, uapid.password);
  await page.getByRole('tab', { name: 'History' }).click();
  const button = page.getByRole('button', { name: /^1 file of alice from 192\.0\.2\.7/ });
  const filesRow = historyRows(reader).nth(2);
  const result = { data: null, errors: null, messages: null, warnings: null, metadata: {} };
  // Fakes of answers that a real server gives only under a fault.
  for (const [fake, wanted] of [
    [{ ...result, status: 0, errors: ['The log is busy.'] }, /^The log is busy\.$/],
    [null, /^The server cannot be reached\. Try again in a moment\.$/],
    [{ ...result, status: 1, data: [], warnings: ['A gap.'] }, /^A gap\.\s+No file is known\.$/],
  ] as const) {
    await page.route(/list_history_files/, (route) =>
      fake === null ? route.abort() : route.fulfill({ json: fake }),
    );
    await button.click();
    await textToBe(filesRow, wanted);
    await button.click();
    await page.unroute(/list_history_files/);
  }
  await button.click();
  await textToBe(filesRow, /index/);
});

for (const [look, options] of [
  ['wide', {}],
  ['narrow and dark', { viewport: { width: 360, height: 700 }, colorScheme: 'dark' }],
] as const) {
  test(`axe finds no fault in the history, ${look}`, { skip }, async (t) => {
    const reader = await openReader(t, browser, uapid.url, options);
    const { page } = reader;
    await reader.logIn(uapid.user, uapid.password);
    await page.getByRole('tab', { name: 'History' }).click();
    await textToBe(page.locator('#history-shown'), /^2 sessions$/);
    await page.getByRole('button', { name: /^1 file of alice/ }).click();
    await textToBe(historyRows(reader).nth(2), /index/);
    assert.deepEqual(await violations(page), []);
    assert.equal(await page.evaluate('document.documentElement.scrollWidth > innerWidth'), false);
  });
}
