import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { connectFtp } from '../../../support/ftp-client.ts';
import { giveRecordAway } from '../../../support/spoilt-records.ts';
import { cli } from '../../../support/uapid.ts';
import { until } from '../../../support/until.ts';
import { needsBrowser } from './chromium.ts';
import { openReader, rowsToBe, textToBe } from './reader.ts';
import { accounts, bigFile, setScene } from './scene.ts';
import { visit } from './visitors.ts';

const skip = needsBrowser();
const scene = setScene();
const { alice, bob } = accounts;

test('a session appears, moves with its transfers, and goes, without a hand on the page', {
  skip,
}, async (t) => {
  const reader = await openReader(t, scene.browser, scene.uapid.url);
  await reader.logIn(alice.name, alice.password);
  await textToBe(reader.page.locator('#connection'), /^Live$/);
  await rowsToBe(reader, 0);
  const client = await connectFtp(scene.ftpd);
  t.after(() => client.destroy());
  await client.login(alice.name, alice.password);
  await rowsToBe(reader, 1);
  const row = reader.row('alice');
  await textToBe(row.locator('.status'), /^Idle$/);
  assert.equal(await row.locator('.from').innerText(), '127.0.0.1');
  assert.equal(await row.getByRole('progressbar').count(), 0);

  const download = await client.startDownload(bigFile);
  await textToBe(row.locator('.status'), /^Download$/);
  assert.equal(await row.locator('.file').innerText(), bigFile);
  const bar = row.getByRole('progressbar', { name: `Progress of ${bigFile}` });
  const shown = async () => Number(await bar.getAttribute('value'));
  const first = await shown();
  await until(async () => (await shown()) > first, { what: 'the bar moves' });
  await textToBe(row.locator('.progress'), /\d+ %\s+[\d.]+ [kM]?B of 60\.0 MB/);
  await textToBe(row.locator('.rate'), /^[\d.]+ [kM]?B\/s$/);
  await download.abort();

  const upload = await client.startUpload('holiday.mp4');
  await textToBe(row.locator('.status'), /^Upload$/);
  assert.equal(await row.getByRole('progressbar').getAttribute('value'), null);
  await textToBe(row.locator('.progress'), /^[\d.]+ [kM]?B$/);
  await upload.finish();
  await textToBe(row.locator('.status'), /^Idle$/);
  await client.quit();
  await rowsToBe(reader, 0);
});

test('times are in the reader’s zone', { skip }, async (t) => {
  const client = await connectFtp(scene.ftpd);
  t.after(() => client.destroy());
  await client.login(alice.name, alice.password);
  for (const timezoneId of ['America/New_York', 'Asia/Kolkata']) {
    const reader = await openReader(t, scene.browser, scene.uapid.url, { timezoneId });
    await reader.logIn(alice.name, alice.password);
    await rowsToBe(reader, 1);
    const since = reader.row('alice').locator('time');
    const moment = new Date((await since.getAttribute('datetime')) ?? '');
    const time = { timeZone: timezoneId, timeStyle: 'medium' } as const;
    const expected = new Intl.DateTimeFormat('en-GB', time).format(moment);
    assert.equal(await since.innerText(), expected);
    assert.ok(Math.abs(Date.now() - moment.getTime()) < 600_000);
    await textToBe(reader.page.locator('#zone'), /America\/New_York|Asia\/(?:Kolkata|Calcutta)/);
  }
});

test('an admin sees everybody’s with the account, an account its own and no such column', {
  skip,
}, async (t) => {
  for (const user of [alice, bob]) {
    const client = await connectFtp(scene.ftpd);
    t.after(() => client.destroy());
    await client.login(user.name, user.password);
  }
  const admin = await openReader(t, scene.browser, scene.uapid.url);
  await admin.logIn(scene.uapid.user, scene.uapid.password);
  await rowsToBe(admin, 2);
  const owners = await admin.page.locator('#rows .owner').allInnerTexts();
  assert.deepEqual(owners.toSorted(), ['alice', 'bob']);
  const own = await openReader(t, scene.browser, scene.uapid.url);
  await own.logIn(bob.name, bob.password);
  await rowsToBe(own, 1);
  assert.equal(await own.page.getByRole('columnheader', { name: 'Account' }).count(), 0);
  assert.equal(await own.page.locator('#rows .owner').isVisible(), false);
});

test('filter, status and order choose what is shown, and the counts follow', {
  skip,
}, async (t) => {
  const clients = [];
  for (const user of [alice, bob, alice]) {
    const client = await connectFtp(scene.ftpd);
    t.after(() => client.destroy());
    await client.login(user.name, user.password);
    clients.push(client);
  }
  await clients[1]?.startDownload(bigFile);
  const reader = await openReader(t, scene.browser, scene.uapid.url);
  const { page } = reader;
  await reader.logIn(scene.uapid.user, scene.uapid.password);
  await rowsToBe(reader, 3);
  await textToBe(page.locator('#status-choice'), /All 3\s+Downloads 1\s+Uploads 0\s+Idle 2/);
  await page.getByLabel('Filter').fill('ALICE');
  await rowsToBe(reader, 2);
  await textToBe(page.locator('#shown'), /^2 of 3 sessions$/);
  await textToBe(page.locator('#status-choice'), /All 2\s+Downloads 0/);
  await page.getByLabel('Filter').fill('nowhere');
  await page.getByText('No session matches.').waitFor();
  await page.getByLabel('Filter').fill('');
  await page.getByText('Downloads').click();
  await rowsToBe(reader, 1);
  await page.getByText('All', { exact: false }).first().click();
  const names = () => page.locator('#rows .name').allInnerTexts();
  await page.getByRole('button', { name: 'User' }).click();
  assert.deepEqual(await names(), ['alice', 'alice', 'bob']);
  await page.getByRole('button', { name: 'User' }).click();
  assert.deepEqual(await names(), ['bob', 'alice', 'alice']);
  const heading = page.getByRole('columnheader', { name: 'User' });
  assert.equal(await heading.getAttribute('aria-sort'), 'descending');
});

test('a selected text stays selected while its row changes places', { skip }, async (t) => {
  await visit(t, scene.ftpd, alice);
  const late = await visit(t, scene.ftpd, bob);
  const reader = await openReader(t, scene.browser, scene.uapid.url);
  const { page } = reader;
  await reader.logIn(scene.uapid.user, scene.uapid.password);
  await rowsToBe(reader, 2);
  await page.getByRole('button', { name: 'Rate' }).click();
  await reader.row('bob').locator('.name').dblclick();
  const selected = () => page.evaluate('getSelection().toString().trim()');
  assert.equal(await selected(), 'bob');
  await late.startDownload(bigFile);
  await until(async () => (await reader.rowTexts())[0]?.startsWith('bob'), {
    what: 'bob is first',
  });
  assert.equal(await selected(), 'bob');
});

test('what could not be seen is always shown, and never as nobody', { skip }, async (t) => {
  const reader = await openReader(t, scene.browser, scene.uapid.url);
  await reader.logIn(scene.uapid.user, scene.uapid.password);
  const warnings = reader.page.getByRole('region', { name: 'Warnings' });
  const visitor = await visit(t, scene.ftpd, alice);
  await rowsToBe(reader, 1);
  giveRecordAway(await visitor.sessionPid());
  // The daemon writes to its record, and the session has to be read anew.
  await visitor.command('NOOP');
  await textToBe(warnings, /scoreboard/i);
  await textToBe(reader.row('127.0.0.1').locator('.user'), /^unknown user$/);
  await reader.page.getByLabel('Filter').fill('nowhere');
  await rowsToBe(reader, 0);
  assert.equal(await warnings.isVisible(), true);
});

test('a role that is switched off is said in place of the list, which comes back with it', {
  skip,
}, async (t) => {
  const { stateDir } = scene.uapid;
  const role = (verb: string) =>
    execFileSync(process.execPath, [cli, 'role', verb, 'FTP', '--state-dir', stateDir], {
      stdio: 'pipe',
    });
  t.after(() => role('enable'));
  const reader = await openReader(t, scene.browser, scene.uapid.url);
  await visit(t, scene.ftpd, alice);
  await reader.logIn(alice.name, alice.password);
  await rowsToBe(reader, 1);
  role('disable');
  await textToBe(
    reader.page.locator('#failure'),
    /^FTP is switched off on this server\s+So there are no sessions/,
  );
  await rowsToBe(reader, 0);
  const list = reader.page.locator('.bar, .overview, .table, #shown');
  assert.deepEqual(await list.filter({ visible: true }).count(), 0);
  role('enable');
  await rowsToBe(reader, 1);
  assert.equal(await reader.page.locator('#failure').isVisible(), false);
});

test('focus stays where it is while rows come, move and go', {
  skip,
}, async (t) => {
  const [early, late] = [await connectFtp(scene.ftpd), await connectFtp(scene.ftpd)];
  for (const client of [early, late]) t.after(() => client.destroy());
  await early.login(alice.name, alice.password);
  await late.login(bob.name, bob.password);
  const reader = await openReader(t, scene.browser, scene.uapid.url);
  const { page } = reader;
  await reader.logIn(scene.uapid.user, scene.uapid.password);
  await rowsToBe(reader, 2);
  await page.getByRole('button', { name: 'Rate' }).click();
  await reader.row('bob').getByRole('button', { name: 'End session' }).focus();
  const focused = () => page.locator(':focus').getAttribute('aria-label');
  const name = await focused();
  assert.match(name ?? '', /^End session of bob from 127\.0\.0\.1 since /);
  // First bob's row moves to the top, then alice's.
  const download = await late.startDownload(bigFile);
  await until(async () => (await reader.rowTexts())[0]?.startsWith('bob'), {
    what: 'bob is first',
  });
  assert.equal(await focused(), name);
  await download.abort();
  await early.startDownload(bigFile);
  await until(async () => (await reader.rowTexts())[0]?.startsWith('alice'), {
    what: 'alice is first',
  });
  assert.equal(await focused(), name);
  await late.quit();
  await rowsToBe(reader, 1);
  assert.match((await focused()) ?? '', /^End session of alice/);
});

test('names from FTP are text: no markup, no script, no request', { skip }, async (t) => {
  const nasty = '<img src=x onerror=alert(1)>';
  const client = await connectFtp(scene.ftpd);
  t.after(() => client.destroy());
  await client.login(alice.name, alice.password);
  const reader = await openReader(t, scene.browser, scene.uapid.url);
  reader.page.on('dialog', () => assert.fail('a script of a file name ran'));
  await reader.logIn(alice.name, alice.password);
  const upload = await client.startUpload(nasty, { bytes: 5_000 });
  const row = reader.row('alice');
  await until(async () => (await row.locator('.file').innerText()) === nasty, {
    what: 'the upload’s name is shown',
  });
  assert.match((await row.locator('.file bdi').getAttribute('title')) ?? '', /<img src=x onerror/);
  await row.getByRole('button', { name: 'End session' }).click();
  await textToBe(reader.page.getByRole('dialog'), /The transfer of <img src=x onerror=alert\(1\)>/);
  await reader.page.keyboard.press('Escape');
  await upload.finish();
  await client.startDownload(nasty).then((download) => download.finish());
  assert.equal(await reader.page.locator('img').count(), 0);
  assert.deepEqual(
    reader.requests.filter((url) => !url.startsWith(`${scene.uapid.url}/`)),
    [],
  );
});

test('the whole page comes over the wire in 60 kB', { skip }, async (t) => {
  const reader = await openReader(t, scene.browser, scene.uapid.url);
  await reader.logIn(alice.name, alice.password);
  await textToBe(reader.page.locator('#connection'), /^Live$/);
  const bytes = reader.wireBytes();
  t.diagnostic(`${bytes} bytes in ${reader.requests.length} requests`);
  assert.ok(bytes > 10_000 && bytes <= 60_000, `${bytes} bytes`);
});
