import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../../support/until.ts';
import { needsBrowser } from './chromium.ts';
import { openReader, rowsToBe, textToBe } from './reader.ts';
import { accounts, bigFile, type Scene } from './scene.ts';
import { visit } from './visitors.ts';

const skip = needsBrowser();
const { alice } = accounts;

/* What axe finds in every state of the page, at both widths and themes, is in states.test.ts. */

/** Tests of the page on a narrow screen and by the keyboard. */
export function testAccessibility(scene: Scene): void {
  test('on a narrow screen a session is a dense card that tells a screen reader what each value is', {
    skip,
  }, async (t) => {
    const client = await visit(t, scene.ftpd, alice);
    await client.startDownload(bigFile);
    const reader = await openReader(t, scene.browser, scene.uapid.url, {
      viewport: { width: 360, height: 700 },
    });
    await reader.logIn(alice.name, alice.password);
    await rowsToBe(reader, 1);
    const label = await reader.page.evaluate(
      `getComputedStyle(document.querySelector('#rows td.state'), '::before').content`,
    );
    assert.equal(label, '"Status"');
    assert.equal(await reader.page.getByRole('row').count(), 1);
    assert.ok((await reader.page.getByRole('cell').count()) >= 6);
    const { height } = (await reader.row('alice').boundingBox()) ?? {};
    assert.ok(height !== undefined && height < 110, `${height} px`);
    await reader.page.getByLabel('Sort by').selectOption('rate');
    await reader.page.getByRole('button', { name: 'Order: descending' }).waitFor();
    const box = await reader
      .row('alice')
      .getByRole('button', { name: 'End session' })
      .boundingBox();
    assert.ok(box !== null && box.x + box.width <= 360);
  });

  test('everything can be done by the keyboard alone', { skip }, async (t) => {
    const client = await visit(t, scene.ftpd, alice);
    await visit(t, scene.ftpd, alice);
    await client.startDownload(bigFile);
    const reader = await openReader(t, scene.browser, scene.uapid.url);
    const { page } = reader;
    const { keyboard } = page;
    const focused = () =>
      page.evaluate(
        `(document.activeElement.getAttribute('aria-label') || document.activeElement.id || document.activeElement.textContent)`,
      );
    const focusToBe = (wanted: RegExp) =>
      until(async () => wanted.test(String(await focused())), {
        what: `the focus is on ${wanted}`,
      });
    const tabTo = async (wanted: RegExp) => {
      for (let i = 0; i < 30; i++) {
        if (wanted.test(String(await focused()))) return;
        await keyboard.press('Tab');
      }
      assert.fail(`no ${wanted} by Tab; the focus is on ${await focused()}`);
    };
    await focusToBe(/^login-account$/);
    await keyboard.type(alice.name);
    await keyboard.press('Tab');
    await keyboard.type(alice.password);
    await keyboard.press('Enter');
    await rowsToBe(reader, 2);
    await focusToBe(/^heading$/);
    await tabTo(/^$/);
    await keyboard.press('ArrowRight');
    await rowsToBe(reader, 1);
    await keyboard.press('ArrowLeft');
    await rowsToBe(reader, 2);
    await tabTo(/^filter$/);
    await keyboard.type('backup');
    await rowsToBe(reader, 1);
    await tabTo(/^Rate$/);
    await keyboard.press('Enter');
    const rate = page.getByRole('columnheader', { name: 'Rate' });
    assert.equal(await rate.getAttribute('aria-sort'), 'descending');
    await tabTo(/^End session of alice/);
    await keyboard.press('Space');
    await page.getByRole('dialog').waitFor();
    await focusToBe(/^Cancel$/);
    await keyboard.press('Tab');
    await keyboard.press('Enter');
    await rowsToBe(reader, 0);
    await focusToBe(/^heading$/);
    await tabTo(/^log-out$/);
    await keyboard.press('Enter');
    await textToBe(page.getByRole('alert'), /^You are logged out\.$/);
    await focusToBe(/^login-password$/);
  });

  test('a screen reader hears how many are connected when it changes, and no bytes', {
    skip,
  }, async (t) => {
    const reader = await openReader(t, scene.browser, scene.uapid.url);
    await reader.page.evaluate(
      `heard = []; new MutationObserver(() => heard.push(document.getElementById('announcements').textContent)).observe(document.getElementById('announcements'), { childList: true, characterData: true, subtree: true })`,
    );
    const heard = async () => (await reader.page.evaluate('heard')) as string[];
    await reader.logIn(alice.name, alice.password);
    await until(async () => (await heard()).includes('Nobody is connected.'), {
      what: 'it is said',
    });
    const client = await visit(t, scene.ftpd, alice);
    const download = await client.startDownload(bigFile);
    await until(async () => (await heard()).includes('1 session connected.'), {
      what: 'the session is said',
    });
    const before = (await heard()).length;
    await reader.page.waitForTimeout(3_000);
    assert.equal((await heard()).length, before, String(await heard()));
    assert.ok((await heard()).every((text) => !/%|B\/s/.test(text)));
    await download.abort();
  });
}
