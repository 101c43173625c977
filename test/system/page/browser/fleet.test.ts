import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { ftpSession, password } from '../../../support/app.ts';
import { type FakeServer, fleetServices } from '../../../support/fleet-services.ts';
import { startServer } from '../../../support/http.ts';
import { until } from '../../../support/until.ts';
import { needsBrowser, startChromium } from './chromium.ts';
import { openReader, rowsToBe, textToBe } from './reader.ts';

/*
 * The page at a gateway whose servers are made up: what is true of real hosts is in test/system/fleet. How
 * it looks, axe and every language is in states.test.ts.
 */

const skip = needsBrowser();
let browser: Browser;
before(async () => {
  if (skip === false) browser = await startChromium();
});
after(async () => await browser?.close());

const sessionsOn = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    ftpSession({ pid: 100 + index, startTime: String(index), user: `user${index}` }),
  );

/** Servers web1, web2, … with so many sessions. */
const fleetOf = (...counts: readonly number[]) =>
  new Map<string, FakeServer>(counts.map((count, index) => [`web${index + 1}`, sessionsOn(count)]));

async function open(
  t: TestContext,
  servers: Map<string, FakeServer>,
  account = 'admin',
  placed: readonly string[] = [],
) {
  const server = await startServer(fleetServices(servers, placed));
  t.after(() => server.close());
  const reader = await openReader(t, browser, `http://127.0.0.1:${server.port}/`);
  await reader.logIn(account, password);
  await reader.page.getByRole('heading', { name: 'Servers' }).waitFor();
  return { ...reader, server: (name: RegExp) => reader.page.getByRole('button', { name }) };
}

test('servers come with their counts first, and the sessions of one when it is opened, all by keyboard', {
  skip,
}, async (t) => {
  const { page, server, rowTexts, ...reader } = await open(t, fleetOf(3, 2, 0, 1));
  await textToBe(page.locator('.fleet .title'), /4 of 4 servers answer; 6 sessions/);
  assert.deepEqual(await rowTexts(), []);
  await textToBe(page.locator('#empty'), /Choose a server to see its sessions/);
  const all = page.locator('[data-count="ALL"]');
  assert.equal(await all.innerText(), '', 'how many there are on none that is opened says nothing');
  await page.getByLabel('Filter servers').focus();
  // Past the order and the button for all.
  for (const _ of [1, 2, 3, 4]) await page.keyboard.press('Tab');
  assert.match(
    await page.locator(':focus').innerText(),
    /^web2: 2 sessions, downloads: 0, uploads: 0/,
  );
  await page.keyboard.press('Space');
  await rowsToBe({ ...reader, page, rowTexts }, 2);
  assert.deepEqual(await page.locator('td.server').allInnerTexts(), ['web2', 'web2']);
  assert.equal(await server(/^web2:/).getAttribute('aria-pressed'), 'true');
  assert.match(await page.locator(':focus').innerText(), /^web2/, 'the focus stays');
  assert.equal(await all.innerText(), '2');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await rowsToBe({ ...reader, page, rowTexts }, 5);
  await server(/^Server$/).click();
  assert.equal(await page.locator('td.server').first().innerText(), 'web1');
  await server(/^All sessions$/).press('Enter');
  await rowsToBe({ ...reader, page, rowTexts }, 6);
  await server(/^All sessions$/).press('Enter');
  await rowsToBe({ ...reader, page, rowTexts }, 0);
});

test('a server that goes missing is named at once, read out, and stays in sight whatever is filtered', {
  skip,
}, async (t) => {
  const servers = fleetOf(3, 2, 1, 1);
  const { page, server, ...reader } = await open(t, servers);
  const missing = page.getByRole('region', { name: /missing/ });
  await server(/^web2:/).click();
  await rowsToBe({ ...reader, page }, 2);
  assert.equal(await missing.count(), 0);
  servers.set('web2', 'absent');
  servers.set('web4', 'silent');
  await textToBe(missing, /2 servers are missing: their sessions are not shown/);
  await textToBe(missing, /Not connected\s+web2 \(last answer 23 Apr, 19:31\)/);
  await textToBe(missing, /No answer in time\s+web4/);
  await rowsToBe({ ...reader, page }, 0);
  await textToBe(page.locator('#announcements'), /2 servers are missing.*web2/);
  await page.getByLabel('Filter servers').fill('web3');
  await page.locator('#filter').fill('nobody');
  await page.getByRole('radio', { name: 'Uploads' }).check();
  assert.equal(await page.locator('.servers li').count(), 1);
  for (const name of ['web2', 'web4']) await missing.getByText(name).waitFor();
  servers.set('web2', sessionsOn(1));
  servers.set('web4', sessionsOn(1));
  await until(async () => (await missing.count()) === 0, { what: 'nothing is missing any more' });
  await textToBe(page.locator('#announcements'), /All servers answer/);
});

test('where no server answers all are named, and nobody is said to be there or not', {
  skip,
}, async (t) => {
  const { page } = await open(t, new Map([['web1', 'absent']]));
  await textToBe(page.getByRole('region', { name: /missing/ }), /Not connected\s+web1/);
  assert.doesNotMatch(await page.locator('main').last().innerText(), /Nobody is connected\./);
});

test('who has few servers sees the sessions of all at once, and ending one names its server', {
  skip,
}, async (t) => {
  const servers = fleetOf(1, 2, 4);
  const { page, ...reader } = await open(t, servers, 'alice', ['web1', 'web2']);
  await rowsToBe({ ...reader, page }, 3);
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'End the 3 shown' }).click();
  await textToBe(dialog, /On 2 servers \(web1, web2\)\./);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page
    .locator('#rows tr', { hasText: 'web2' })
    .first()
    .getByRole('button', { name: /^End session of .*, Server web2$/ })
    .click();
  await textToBe(dialog, /Connected from [\s\S]*On the server web2\./);
  const request = page.waitForRequest(/Ftp\/end_session$/);
  await dialog.getByRole('button', { name: 'End session' }).click();
  const sent = new URLSearchParams((await request).postData() ?? '');
  assert.deepEqual([sent.get('server'), sent.has('pid'), sent.has('start')], ['web2', true, true]);
});

test('seven hundred servers are paged and found by name, and cost the browser no more than a page of them', {
  skip,
}, async (t) => {
  const { page, server } = await open(t, fleetOf(...Array.from({ length: 700 }, () => 1)));
  const items = page.locator('.servers li');
  assert.equal(await items.count(), 24);
  await textToBe(page.getByRole('navigation', { name: 'Pages of servers' }), /1 to 24 of 700/);
  await server(/^Next servers$/).press('Enter');
  await textToBe(page.getByRole('navigation', { name: 'Pages of servers' }), /25 to 48 of 700/);
  assert.equal(await page.locator(':focus').innerText(), '→');
  await page.getByLabel('Filter servers').fill('web69');
  assert.equal(await items.count(), 11);
  await server(/^web699:/).click();
  await page.locator('td.server', { hasText: 'web699' }).waitFor();
});

test('sessions that were are told with their server, which is asked for the files of one', {
  skip,
}, async (t) => {
  const { page } = await open(t, fleetOf(1, 1));
  // The answers are forced: the logs of real hosts are in test/system/fleet.
  const past = {
    session: '1a.2',
    server: 'web2',
    user: 'alice',
    owner: 'alice',
    host: '192.0.2.7',
    started_at: '2030-04-23T01:00:00Z',
    duration_seconds: 60,
    end: 'left',
    ended_by: null,
    transfers: 1,
    bytes: 1_500,
  };
  const answer = (data: unknown) => ({
    json: { data, errors: null, messages: null, metadata: {}, status: 1, warnings: null },
  });
  let asked = '';
  await page.route(/list_history/, async (route) => {
    const url = new URL(route.request().url());
    const isFiles = url.pathname.endsWith('_files');
    if (isFiles) asked = url.search;
    await route.fulfill(answer(isFiles ? [] : [past]));
  });
  await page.getByRole('tab', { name: 'History' }).click();
  await textToBe(page.locator('#history-rows td.user'), /alice\s+web2/);
  await page.getByRole('button', { name: /^1 file of alice/ }).click();
  await page.getByText('No file is known.').waitFor();
  assert.equal(asked, '?session=1a.2&server=web2');
});
