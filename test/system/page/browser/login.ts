import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../../support/until.ts';
import { needsBrowser } from './chromium.ts';
import { openReader, refusals, textToBe } from './reader.ts';
import { accounts, type Scene } from './scene.ts';

const skip = needsBrowser();
const { alice } = accounts;

/** Tests of logging in and out; the last, since they fail often enough to have to wait. */
export function testLogin(scene: Scene): void {
  test('a login leads to the sessions, stays after a reload, and ends at logging out', {
    skip,
  }, async (t) => {
    const { page, logIn } = await openReader(t, scene.browser, scene.uapid.url);
    assert.equal(await page.title(), 'FTP sessions');
    await logIn(alice.name, alice.password);
    await textToBe(page.locator('#account'), /^alice$/);
    await page.getByText('Nobody is connected.', { exact: true }).first().waitFor();
    assert.match(new URL(page.url()).pathname, /^\/cpsess\d{10}\/$/);
    await page.reload();
    await textToBe(page.locator('#account'), /^alice$/);
    const behind = page.url();
    await page.getByRole('button', { name: 'Log out' }).click();
    await textToBe(page.getByRole('alert'), /^You are logged out\.$/);
    assert.equal(new URL(page.url()).pathname, '/');
    assert.equal(await page.locator('#rows tr').count(), 0);
    const { status } = await fetch(`${behind}execute/Ftp/list_transfers`);
    assert.equal(status, 401);
  });

  test('after a logout the address with the old token shows the form and says why', {
    skip,
  }, async (t) => {
    const { page, logIn } = await openReader(t, scene.browser, scene.uapid.url, {
      allowed: refusals,
    });
    await logIn(alice.name, alice.password);
    await textToBe(page.locator('#account'), /^alice$/);
    const behind = page.url();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.goto(behind);
    await textToBe(page.getByRole('alert'), /^Your login has ended: /);
  });

  test('a wrong password is said, the account stays, and the right one then works', {
    skip,
  }, async (t) => {
    const { page, logIn } = await openReader(t, scene.browser, scene.uapid.url, {
      allowed: refusals,
    });
    await logIn(alice.name, 'wrong');
    await textToBe(page.getByRole('alert'), /^The account or the password is wrong\.$/);
    assert.equal(await page.getByLabel('Account').inputValue(), alice.name);
    await page.locator('#login-password:focus').waitFor();
    assert.doesNotMatch(page.url(), /wrong|cpsess/);
    await logIn(alice.name, alice.password);
    await textToBe(page.locator('#account'), /^alice$/);
  });

  test('who has failed too often is told how long to wait', { skip }, async (t) => {
    const { page, logIn } = await openReader(t, scene.browser, scene.uapid.url, {
      allowed: refusals,
    });
    const throttled = /^Too many failed attempts\. Try again in \d+ (?:seconds?|minutes)\.$/;
    await until(
      async () => {
        await logIn('guessed', 'wrong');
        await page.getByRole('button', { name: 'Log in' }).waitFor();
        return throttled.test(await page.getByRole('alert').innerText());
      },
      { what: 'the guesser has to wait', timeoutMs: 60_000 },
    );
  });

  test('a server that is not there is said', { skip }, async (t) => {
    const { page, logIn } = await openReader(t, scene.browser, scene.uapid.url, {
      allowed: refusals,
    });
    await page.route('**/login/**', (route) => route.abort());
    await logIn(alice.name, alice.password);
    await textToBe(page.getByRole('alert'), /^The server cannot be reached\./);
  });

  test('the password is in no address, with scripts and without', { skip }, async (t) => {
    const reader = await openReader(t, scene.browser, scene.uapid.url, {
      javaScriptEnabled: false,
    });
    assert.equal(await reader.page.locator('form').first().getAttribute('method'), 'post');
    await textToBe(reader.page.locator('noscript'), /needs JavaScript/);
  });
}
