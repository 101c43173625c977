import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { until } from '../../../support/until.ts';

/** Somebody at a browser of his own, with cookies of his own. */
export interface Reader {
  readonly page: Page;
  /** What the browser complained of: errors, warnings, breaches of the policy. */
  readonly complaints: readonly string[];
  /** Every address that was asked for. */
  readonly requests: readonly string[];
  /** The bytes that came over the wire, headers included. */
  wireBytes(): number;
  logIn(name: string, password: string): Promise<void>;
  /** The row that has this text. */
  row(text: string): Locator;
  rowTexts(): Promise<string[]>;
}

/** Opens the page; it is closed with the test, which fails if the browser complained. */
export async function openReader(
  t: TestContext,
  browser: Browser,
  url: string,
  { allowed = /^$/, ...options }: BrowserContextOptions & { readonly allowed?: RegExp } = {},
): Promise<Reader> {
  const context = await browser.newContext({
    locale: 'en-GB',
    timezoneId: 'Asia/Tokyo',
    viewport: { width: 1280, height: 800 },
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const [complaints, requests]: [string[], string[]] = [[], []];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => requests.push(request.url()));
  let wireBytes = 0;
  const devtools = await context.newCDPSession(page);
  await devtools.send('Network.enable');
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => {
    wireBytes += encodedDataLength;
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(
      complaints.filter((text) => !allowed.test(text)),
      [],
    );
  });
  await page.goto(url);
  return {
    page,
    complaints,
    requests,
    wireBytes: () => wireBytes,
    logIn: async (name, password) => {
      await page.getByLabel('Account').fill(name);
      await page.getByLabel('Password').fill(password);
      await page.getByRole('button', { name: 'Log in' }).click();
    },
    row: (text) => page.locator('#rows tr', { hasText: text }),
    rowTexts: () => page.locator('#rows tr').allInnerTexts(),
  };
}

/** Milliseconds between two questions to the browser, each of which costs it a few of work. */
const everyMs = 100;

/** What the browser writes to its console by itself when a server refuses or is not there. */
export const refusals = /^Failed to load resource/;

/**
 * What the page shows comes within seconds. Time in which processes wait for a processor does not count, so
 * that what never comes is waited for up to twelve times as long (test/support/patience.ts).
 */
const patienceMs = 10_000;
/** An element that is not there is looked for again by `until`, not by the browser for a minute. */
const lookMs = 1_000;

/** Resolves when so many rows are there. */
export async function rowsToBe(
  reader: Reader,
  count: number,
  timeoutMs = patienceMs,
): Promise<void> {
  await until(async () => (await reader.rowTexts()).length === count, {
    what: `the page shows ${count} rows`,
    timeoutMs,
    everyMs,
  });
}

/** Resolves when the text of an element is such. */
export async function textToBe(locator: Locator, wanted: RegExp, timeoutMs = patienceMs) {
  return await until(
    async () => {
      const text = await locator.innerText({ timeout: lookMs });
      return wanted.test(text) ? text : null;
    },
    { what: `${locator} says ${wanted}`, timeoutMs, everyMs },
  );
}
