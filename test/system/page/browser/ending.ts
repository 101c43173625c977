import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startPatience } from '../../../support/patience.ts';
import { isAlive } from '../../../support/processes.ts';
import { until } from '../../../support/until.ts';
import { needsBrowser } from './chromium.ts';
import { openReader, refusals, rowsToBe, textToBe } from './reader.ts';
import { accounts, bigFile, type Scene } from './scene.ts';
import { visit } from './visitors.ts';

const skip = needsBrowser();
const { alice, bob } = accounts;

/** Tests of ending sessions by the page. */
export function testEnding(scene: Scene): void {
  test('one session is ended after a question, within a second, and another’s page stays as it was', {
    skip,
  }, async (t) => {
    const mine = await visit(t, scene.ftpd, alice);
    const staying = await visit(t, scene.ftpd, alice);
    const other = await visit(t, scene.ftpd, bob);
    await mine.startDownload(bigFile);
    const [pid, others] = [
      await mine.sessionPid(),
      [await staying.sessionPid(), await other.sessionPid()],
    ];
    const reader = await openReader(t, scene.browser, scene.uapid.url);
    await reader.logIn(alice.name, alice.password);
    await rowsToBe(reader, 2);
    const neighbour = await openReader(t, scene.browser, scene.uapid.url);
    await neighbour.logIn(bob.name, bob.password);
    await rowsToBe(neighbour, 1);
    // Durations go on by themselves.
    const seen = () =>
      neighbour.page
        .locator('#rows :is(.name, .status, .file, .end), #shown, #outcome')
        .allInnerTexts();
    const before = await seen();
    assert.ok(before.length > 3);

    const row = reader.row(bigFile);
    await row.getByRole('button', { name: /^End session of alice from 127\.0\.0\.1/ }).click();
    const dialog = reader.page.getByRole('dialog', { name: 'End the session of alice?' });
    await textToBe(dialog, /The transfer of backup\.tar\.gz stops where it is\./);
    assert.equal(isAlive(pid), true);
    const [from, patience] = [performance.now(), startPatience(1_000)];
    await dialog.getByRole('button', { name: 'End session' }).click();
    await rowsToBe(reader, 1);
    const [ms, isLate] = [performance.now() - from, patience.isOver()];
    t.diagnostic(`${Math.round(ms)} ms from the button to the row that is gone`);
    assert.equal(isLate, false, `${ms} ms`);
    assert.equal(isAlive(pid), false);
    assert.deepEqual(others.map(isAlive), [true, true]);
    await textToBe(reader.page.locator('#outcome'), /ended/);
    assert.deepEqual(await seen(), before);
  });

  test('no is the first answer: Escape and Cancel end nothing', { skip }, async (t) => {
    const client = await visit(t, scene.ftpd, alice);
    const reader = await openReader(t, scene.browser, scene.uapid.url);
    const { page } = reader;
    // What the page reads beside, as the port to connect to, comes when it comes.
    const ending: string[] = [];
    page.on('request', (request) => {
      if (/\/(?:end|kill)_/.test(request.url())) ending.push(request.url());
    });
    await reader.logIn(alice.name, alice.password);
    await rowsToBe(reader, 1);
    for (const answer of ['Escape', 'Enter']) {
      await reader.row('alice').getByRole('button', { name: 'End session' }).click();
      await page.getByRole('dialog').waitFor();
      await page.keyboard.press(answer);
      await page.getByRole('dialog').waitFor({ state: 'hidden' });
      assert.match((await page.locator(':focus').getAttribute('aria-label')) ?? '', /^End session/);
    }
    assert.deepEqual(ending, []);
    assert.equal(isAlive(await client.sessionPid()), true);
  });

  test('all of an account are ended by one button, and nobody else’s', { skip }, async (t) => {
    const mine = [];
    for (let i = 0; i < 5; i++) mine.push(await visit(t, scene.ftpd, alice));
    await mine[0]?.startUpload('all.bin');
    const other = await visit(t, scene.ftpd, bob);
    const reader = await openReader(t, scene.browser, scene.uapid.url);
    await reader.logIn(alice.name, alice.password);
    await rowsToBe(reader, 5);
    await reader.page.getByRole('button', { name: 'End all 5' }).click();
    const dialog = reader.page.getByRole('dialog', { name: 'End all 5 sessions?' });
    await textToBe(dialog, /One transfer stops where it is\./);
    await dialog.getByRole('button', { name: 'End 5 sessions' }).click();
    await rowsToBe(reader, 0);
    await textToBe(reader.page.locator('#outcome'), /5 .*ended/);
    assert.equal(await reader.page.locator('#end-all').isVisible(), false);
    assert.equal(isAlive(await other.sessionPid()), true);
  });

  test('with a filter only those that are shown are ended', { skip }, async (t) => {
    for (let i = 0; i < 2; i++) await visit(t, scene.ftpd, alice);
    for (let i = 0; i < 2; i++) await visit(t, scene.ftpd, bob);
    const reader = await openReader(t, scene.browser, scene.uapid.url);
    const { page } = reader;
    await reader.logIn(scene.uapid.user, scene.uapid.password);
    await rowsToBe(reader, 4);
    await page.getByRole('button', { name: 'End all 4' }).click();
    await textToBe(page.getByRole('dialog'), /Every session of every account on this server/);
    await page.keyboard.press('Escape');
    await page.getByLabel('Filter').fill('bob');
    await page.getByRole('button', { name: 'End the 2 shown' }).click();
    await textToBe(page.getByRole('dialog'), /End the 2 sessions shown\?/);
    await page.getByRole('button', { name: 'End 2 sessions' }).click();
    await rowsToBe(reader, 0);
    await page.getByLabel('Filter').fill('');
    await until(async () => (await reader.rowTexts()).every((text) => text.startsWith('alice')), {
      what: 'alice’s are there',
    });
    await rowsToBe(reader, 2);
  });

  test('what cannot be ended is said, and the row stays', { skip }, async (t) => {
    await visit(t, scene.ftpd, alice);
    const reader = await openReader(t, scene.browser, scene.uapid.url, { allowed: refusals });
    await reader.logIn(alice.name, alice.password);
    await rowsToBe(reader, 1);
    const end = async () => {
      await reader.row('alice').getByRole('button', { name: 'End session' }).click();
      await reader.page.getByRole('button', { name: 'End session', exact: true }).click();
    };
    await reader.page.route('**/end_session', (route) => route.abort());
    await end();
    await textToBe(reader.page.locator('#outcome'), /^Nothing was ended: the server cannot/);
    await reader.page.unroute('**/end_session');
    // A fault that is forced: a session that does not go.
    const warnings = [
      'The FTP session of “alice” with the PID 1 was asked to end and is still there.',
    ];
    const answer = { data: null, errors: null, messages: null, metadata: {}, status: 1, warnings };
    await reader.page.route('**/end_session', (route) => route.fulfill({ json: answer }));
    await end();
    await textToBe(reader.page.locator('#outcome'), /is still there\.$/);
    await rowsToBe(reader, 1);
    await textToBe(reader.row('alice').locator('.action'), /^End$/);
  });
}
