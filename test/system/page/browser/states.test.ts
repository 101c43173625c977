import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { type PageState, pageStates, withPage } from '../../../demo/page-states.ts';
import { until } from '../../../support/until.ts';
import { violations } from './axe.ts';
import { needsBrowser, startChromium } from './chromium.ts';

/*
 * The states of the page with sessions that are made up: what has no daemon behind it is how they look,
 * not that they are true. `npm run screenshot` takes pictures of them.
 */

const skip = needsBrowser();
let browser: Browser;
before(async () => {
  if (skip === false) browser = await startChromium();
});
after(async () => await browser?.close());

const wide: BrowserContextOptions = { viewport: { width: 1440, height: 900 } };
const narrow: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  colorScheme: 'dark',
};

const stateOf = (name: string): PageState => {
  const found = pageStates.find((state) => state.name === name);
  assert.ok(found);
  return found;
};

/** What a reader needs to see and reach, and does not; in the page’s own words. */
async function hiddenParts(page: Page): Promise<unknown> {
  return await page.evaluate(`(() => {
    const wide = document.documentElement.scrollWidth > innerWidth ? ['the page is too wide'] : [];
    const parts = [...document.querySelectorAll('button, select, input:not([type=radio]), .segments span')];
    const cut = parts.filter((part) => {
      if (!part.checkVisibility({ visibilityProperty: true })) return false;
      const { left, right } = part.getBoundingClientRect();
      return left < 0 || right > innerWidth || (part.matches('.end') && right > part.closest('table').parentElement.getBoundingClientRect().right);
    });
    return [...wide, ...cut.map((part) => part.outerHTML)];
  })()`);
}

/** Roles that are nothing without a name. */
const named = [
  'button',
  'link',
  'textbox',
  'searchbox',
  'combobox',
  'radio',
  'dialog',
  'progressbar',
];

/** What a screen reader is given without a name, as Chromium’s accessibility tree has it. */
async function nameless(page: Page): Promise<string[]> {
  const devtools = await page.context().newCDPSession(page);
  const { nodes } = await devtools.send('Accessibility.getFullAXTree');
  return nodes
    .filter(({ ignored, role, name }) => !ignored && named.includes(role?.value) && !name?.value)
    .map(({ role, nodeId }) => `${role?.value} ${nodeId}`);
}

/** Rows behind these are like those before, and axe takes seconds for hundreds. */
const enoughRows = 24;

for (const { sessions = 0, ...rest } of pageStates) {
  const state = { ...rest, sessions: Math.min(sessions, enoughRows) };
  test(`${state.name}: axe finds nothing up to WCAG 2.2 AA, all has a name, and nothing is cut off`, {
    skip,
  }, async () => {
    await withPage(browser, state, wide, async (page) => {
      const judge = async () => {
        assert.deepEqual(await violations(page), []);
        assert.deepEqual(await nameless(page), []);
        assert.deepEqual(await hiddenParts(page), []);
      };
      await judge();
      await page.setViewportSize({ width: 390, height: 844 });
      await page.emulateMedia({ colorScheme: 'dark' });
      await judge();
    });
  });
}

for (const locale of ['de-DE', 'es-ES', 'fr-FR', 'it-IT', 'nl-NL', 'pl-PL', 'pt-PT']) {
  test(`${locale}: the page speaks it, and its longer words fit at every width`, {
    skip,
  }, async () => {
    await withPage(browser, stateOf('seven'), { ...wide, locale }, async (page) => {
      assert.equal(await page.locator('html').getAttribute('lang'), locale.slice(0, 2));
      assert.notEqual(await page.locator('#log-out').innerText(), 'Log out');
      for (const width of [1440, 1024, 768, 641, 390, 320]) {
        await page.setViewportSize({ width, height: 800 });
        assert.deepEqual(await hiddenParts(page), [], `${width} pixels`);
      }
    });
  });
}

test('the servers of a fleet are told in every language, and their words fit on a phone', {
  skip,
}, async () => {
  const headings = new Set<string>();
  for (const locale of ['en-GB', 'de-DE', 'es-ES', 'fr-FR', 'it-IT', 'nl-NL', 'pl-PL', 'pt-PT']) {
    await withPage(browser, stateOf('fleet-few'), { ...narrow, locale }, async (page) => {
      headings.add(await page.locator('.missing h3').innerText());
      for (const width of [390, 320, 1024]) {
        await page.setViewportSize({ width, height: 800 });
        assert.deepEqual(await hiddenParts(page), [], `${locale}, ${width} pixels`);
      }
    });
  }
  assert.equal(headings.size, 8);
});

test('down to 640 pixels the sessions are a table, below that cards of which many fit', {
  skip,
}, async () => {
  await withPage(browser, stateOf('many'), wide, async (page) => {
    const display = () =>
      page.evaluate(`getComputedStyle(document.querySelector('#rows tr')).display`);
    for (const width of [1440, 1024, 768, 641]) {
      await page.setViewportSize({ width, height: 800 });
      assert.equal(await display(), 'table-row', `${width} pixels`);
    }
    assert.deepEqual(await hiddenParts(page), []);
    await page.setViewportSize({ width: 390, height: 844 });
    assert.equal(await display(), 'grid');
    assert.deepEqual(await hiddenParts(page), []);
    const heights = await page
      .locator('#rows tr')
      .evaluateAll((rows) =>
        rows.slice(0, 30).map((row) => (row as { offsetHeight?: number }).offsetHeight ?? 0),
      );
    const mean = heights.reduce((sum, height) => sum + height, 0) / heights.length;
    assert.ok(mean < 100, `${mean} px a session`);
  });
});

test('head, filter and headings stay in sight below more sessions than fit', { skip }, async () => {
  for (const options of [wide, narrow]) {
    await withPage(browser, { ...stateOf('scrolled'), sessions: 60 }, options, async (page) => {
      assert.ok(Number(await page.evaluate('scrollY')) > 500);
      for (const id of ['#heading', '#filter', '#log-out']) {
        const box = await page.locator(id).boundingBox();
        assert.ok(box !== null && box.y >= 0 && box.y + box.height < 250, id);
      }
      const covered = await page.evaluate('document.getElementById("head").offsetHeight');
      assert.ok(Number(covered) < 200, `${covered} px`);
      // What has the focus is not below the head (WCAG 2.2, 2.4.11).
      await page.locator('button.name').nth(3).focus();
      const focused = await page.locator('button.name').nth(3).boundingBox();
      assert.ok(focused !== null && focused.y >= Number(covered), JSON.stringify(focused));
    });
  }
});

test('without a connection nothing can be ended, and the page says so', { skip }, async () => {
  await withPage(browser, stateOf('lost'), wide, async (page) => {
    const enders = page.locator('#end-all, button.end');
    assert.equal(await enders.count(), 8);
    for (const ender of await enders.all()) {
      assert.equal(await ender.getAttribute('aria-disabled'), 'true');
    }
    await enders.first().focus();
    await page.keyboard.press('Enter');
    assert.match(await page.locator('#outcome').innerText(), /wait until the connection is back/);
    assert.equal(await page.getByRole('dialog').count(), 0);
  });
});

test('who is alone is told how to connect, and given nothing to end or to sort', {
  skip,
}, async () => {
  await withPage(browser, stateOf('nobody'), wide, async (page) => {
    const facts = await page.locator('#connect-list').innerText();
    assert.match(facts, /Server\s+127\.0\.0\.1\s+Port\s+2121\s+Protocol\s+FTP/);
    assert.match(facts, /User name\s+alice/);
    assert.equal(await page.getByRole('button', { name: /^End/ }).count(), 0);
    assert.equal(await page.getByRole('columnheader').count(), 0);
    await page.setViewportSize({ width: 390, height: 844 });
    assert.equal(await page.getByLabel('Sort by').isVisible(), false);
  });
});

for (const [port, protocol] of [
  [21, 'FTP; encrypted (explicit TLS) if the server offers it'],
  [990, 'FTPS (implicit TLS)'],
  [22, 'SFTP (SSH)'],
] as const) {
  test(`how to connect at port ${port} is told with its protocol: ${protocol}`, {
    skip,
  }, async () => {
    await withPage(browser, { ...stateOf('nobody'), port }, wide, async (page) => {
      const facts = await page.locator('#connect-list').innerText();
      assert.ok(
        facts.replace(/\s+/g, ' ').includes(`Port ${port} Protocol ${protocol} User`),
        facts,
      );
    });
  });
}

test('help, theme and tabs are opened, chosen and left by the keyboard alone', {
  skip,
}, async () => {
  await withPage(browser, stateOf('seven'), wide, async (page) => {
    const { keyboard } = page;
    const focused = () => page.evaluate('document.activeElement.id');
    const tabTo = async (id: string) => {
      for (let presses = 0; presses < 60; presses += 1) {
        if ((await focused()) === id) return;
        await keyboard.press('Tab');
      }
      assert.fail(`no ${id} by Tab`);
    };
    await tabTo('help-button');
    await keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Help' }).waitFor();
    await keyboard.press('Escape');
    assert.equal(await page.getByRole('dialog').count(), 0);
    assert.equal(await focused(), 'help-button');

    await tabTo('tab-now');
    await keyboard.press('ArrowRight');
    assert.equal(await focused(), 'tab-history');
    await page.getByRole('tabpanel', { name: 'History' }).waitFor();
    // Of the tabs the open one alone is a stop (ARIA Authoring Practices, Tabs).
    await keyboard.press('Shift+Tab');
    assert.equal(await focused(), 'log-out');
    await keyboard.press('Tab');
    assert.equal(await focused(), 'tab-history');
    await keyboard.press('ArrowLeft');
    await page.getByRole('tabpanel', { name: 'Now' }).waitFor();

    await tabTo('theme');
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const before = await ground();
    await keyboard.press('End');
    assert.notEqual(await ground(), before);
    await keyboard.press('Home');
    assert.equal(await ground(), before);
  });
});

test('what is seen of a session on demand is its path, ports, account and times', {
  skip,
}, async () => {
  await withPage(browser, stateOf('one'), narrow, async (page) => {
    await page.getByRole('button', { name: 'alice: details of the session' }).click();
    const dialog = page.getByRole('dialog', { name: 'alice' });
    await dialog.getByText('198.51.100.0, port 40000').waitFor();
    const facts = await dialog.innerText();
    assert.match(facts, /Account\s+alice/);
    assert.match(facts, /Path\s+\/home\/alice\/public_html\/backup-2030-11-23\.tar\.gz/);
    assert.match(facts, /Status\s+Download, for 4\ds/);
    assert.match(facts, /Port of the server\s+21\b/);
    await page.keyboard.press('Escape');
    assert.equal(await page.locator(':focus').getAttribute('class'), 'name');
  });
});

test('the theme that was chosen holds against the system’s, also after a reload', {
  skip,
}, async () => {
  await withPage(browser, stateOf('one'), narrow, async (page) => {
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const dark = await ground();
    await page.getByLabel('Theme').selectOption('light');
    const light = await ground();
    assert.notEqual(light, dark);
    await page.reload();
    await page.locator('#rows tr').first().waitFor();
    assert.equal(await ground(), light);
    await page.getByLabel('Theme').selectOption('system');
    assert.equal(await ground(), dark);
  });
});

test('the page names its host and version, and what all sessions move together', {
  skip,
}, async () => {
  await withPage(browser, stateOf('seven'), wide, async (page) => {
    const host = await page.locator('#host').innerText();
    assert.equal(await page.title(), `FTP sessions on ${host}`);
    assert.match(await page.locator('#version').innerText(), /^uapid \d/);
    assert.match(
      await page.locator('#totals').innerText(),
      /Downloading\s+[\d.]+ MB\/s\s+Uploading/,
    );
    const path = () => page.locator('#graph-down').getAttribute('d');
    const first = await path();
    await until(async () => (await path()) !== first, { what: 'the graph moves' });
    assert.match((await path()) ?? '', /^M[\d.]+ 40L.*Z$/);
  });
});
