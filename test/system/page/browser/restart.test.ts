import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { addAccount } from '../../../support/add-account.ts';
import { startPatience } from '../../../support/patience.ts';
import { cli } from '../../../support/uapid.ts';
import { until } from '../../../support/until.ts';
import { makeState, type ServedUapid, serve } from '../../channel/served.ts';
import { needsBrowser } from './chromium.ts';
import { openReader, refusals, rowsToBe, textToBe } from './reader.ts';
import { accounts, setScene } from './scene.ts';
import { visit } from './visitors.ts';
import { startWire } from './wire.ts';

const skip = needsBrowser();
const scene = setScene();
const { alice } = accounts;

async function stop(uapid: ServedUapid): Promise<void> {
  uapid.kill('SIGTERM');
  await uapid.ended();
}

test('a server restart in between is shown, and the page goes on by itself', {
  skip,
}, async (t) => {
  const { stateDir } = makeState(t);
  addAccount(stateDir, alice.name, alice.password);
  const first = await serve(t, { stateDir });
  const reader = await openReader(t, scene.browser, first.url, { allowed: refusals });
  const { page } = reader;
  await visit(t, scene.ftpd, alice);
  await reader.logIn(alice.name, alice.password);
  await rowsToBe(reader, 1);
  const patience = startPatience(3_000);
  await stop(first);
  assert.equal(patience.isOver(), false, 'the page held up the stop');
  await textToBe(page.locator('#connection'), /^Connection lost$/);
  await textToBe(page.locator('#lost'), /^Connection lost\. This is how it was at \d\d:\d\d:\d\d/);
  // What was seen last stays to be read.
  await rowsToBe(reader, 1);
  await serve(t, { stateDir, port: Number(new URL(first.url).port) });
  await textToBe(page.locator('#connection'), /^Live$/, 20_000);
  await rowsToBe(reader, 1);
  assert.equal(await page.locator('#lost').isVisible(), false);
});

test('a network that says nothing for a while is shown, and the page goes on by itself', {
  skip,
}, async (t) => {
  const wire = await startWire(t, Number(new URL(scene.uapid.url).port));
  const reader = await openReader(t, scene.browser, wire.url, { allowed: refusals });
  await reader.logIn(alice.name, alice.password);
  await textToBe(reader.page.locator('#connection'), /^Live$/);
  wire.setDead(true);
  await textToBe(reader.page.locator('#connection'), /^Connection lost$/, 20_000);
  await visit(t, scene.ftpd, alice);
  wire.setDead(false);
  await rowsToBe(reader, 1, 30_000);
  await textToBe(reader.page.locator('#connection'), /^Live$/);
  assert.equal(await reader.page.locator('#lost').isVisible(), false);
});

test('a page that nobody can see follows nothing, and goes on when it is seen again', {
  skip,
}, async (t) => {
  const reader = await openReader(t, scene.browser, scene.uapid.url);
  const { page } = reader;
  await reader.logIn(alice.name, alice.password);
  await textToBe(page.locator('#connection'), /^Live$/);
  // A fault that is forced: a browser without a window shows every page.
  const hide = (isHidden: boolean) =>
    page.evaluate(
      `Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${isHidden} });
       document.dispatchEvent(new Event('visibilitychange'));`,
    );
  const streams = () =>
    reader.requests.filter((url) => new URL(url).pathname.endsWith('/events')).length;
  const before = streams();
  await hide(true);
  await visit(t, scene.ftpd, alice);
  await page.waitForTimeout(2_500);
  await rowsToBe(reader, 0);
  await hide(false);
  await rowsToBe(reader, 1);
  assert.equal(streams(), before + 1);
});

test('a password that is changed ends the page', { skip }, async (t) => {
  const { stateDir } = makeState(t);
  addAccount(stateDir, alice.name, alice.password);
  const uapid = await serve(t, { stateDir });
  const reader = await openReader(t, scene.browser, uapid.url, { allowed: refusals });
  await reader.logIn(alice.name, alice.password);
  await textToBe(reader.page.locator('#connection'), /^Live$/);
  const args = ['account', 'passwd', alice.name, '--password-stdin', '--state-dir', stateDir];
  execFileSync(process.execPath, [cli, ...args], {
    input: 'another one\n',
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  await textToBe(reader.page.getByRole('alert'), /^Your login has ended/);
  await until(() => !reader.page.url().includes('cpsess'), { what: 'the token is gone' });
});
