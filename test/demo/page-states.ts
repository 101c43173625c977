import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { FtpSession, Gap } from '../../src/sessions/session.ts';
import { ApiError } from '../../src/uapi/call/api-error.ts';
import { ftpSession, password, snapshot, testServices } from '../support/app.ts';
import { type FakeServer, fleetServices } from '../support/fleet-services.ts';
import { startServer } from '../support/http.ts';
import { until } from '../support/until.ts';

/** A state of the page: what the server has, and what is done until it shows. */
export interface PageState {
  readonly name: string;
  readonly account?: string;
  readonly sessions?: number;
  readonly isRoleOff?: boolean;
  readonly fault?: 'error' | 'warning';
  /** At the gateway of so many servers, each seventh of which is missing. */
  readonly servers?: number;
  /** What is done before the picture. */
  readonly act?: (page: Page, server: { stop(): Promise<void> }) => Promise<void>;
}

const shown = (count: number) => async (page: Page) =>
  await until(async () => (await page.locator('#rows tr').count()) === count, {
    what: `${count} rows`,
  });

export const pageStates: readonly PageState[] = [
  { name: 'login', account: '' },
  {
    name: 'login-wrong',
    account: '',
    act: async (page) => {
      await page.locator('#login-account').fill('alice');
      await page.locator('#login-password').fill('wrong');
      await page.keyboard.press('Enter');
      await page.locator('#login-message:not(:empty)').waitFor();
    },
  },
  {
    name: 'nobody',
    account: 'alice',
    sessions: 0,
    act: async (page) => await page.locator('#connect-list dt').first().waitFor(),
  },
  { name: 'one', account: 'alice', sessions: 1 },
  { name: 'seven', sessions: 7 },
  { name: 'many', sessions: 200 },
  {
    name: 'scrolled',
    sessions: 200,
    act: async (page) => {
      await shown(200)(page);
      await page.mouse.wheel(0, 900);
      await page.waitForTimeout(300);
    },
  },
  {
    name: 'no-match',
    sessions: 7,
    act: async (page) => await page.locator('#filter').fill('nowhere'),
  },
  { name: 'warning', sessions: 7, fault: 'warning' },
  { name: 'failed', fault: 'error' },
  { name: 'role-off', account: 'alice', isRoleOff: true },
  { name: 'no-feature', account: 'plain' },
  {
    name: 'lost',
    sessions: 7,
    act: async (page, server) => {
      await shown(7)(page);
      await server.stop();
      await page.locator('#lost:not([hidden])').waitFor();
    },
  },
  {
    name: 'question',
    sessions: 7,
    act: async (page) => {
      await shown(7)(page);
      await page.locator('#end-all').click();
    },
  },
  {
    name: 'details',
    sessions: 7,
    act: async (page) => {
      await shown(7)(page);
      await page.locator('button.name').nth(1).click();
      await page.waitForTimeout(300);
    },
  },
  {
    name: 'fleet',
    servers: 300,
    act: async (page) => {
      await page.locator('.server-button').nth(1).click();
      await page.locator('.server-button').nth(4).click();
      await until(async () => (await page.locator('#rows td.server').count()) > 4, {
        what: 'the sessions of two servers',
      });
    },
  },
  {
    name: 'fleet-unmatched',
    servers: 20,
    act: async (page) => {
      await page.getByLabel('Filter servers').fill('nowhere');
      await page.locator('#filter').fill('nowhere');
    },
  },
  { name: 'fleet-few', account: 'alice', servers: 3 },
  {
    name: 'help',
    sessions: 7,
    act: async (page) => await page.locator('#help-button').click(),
  },
];

const files = [
  'backup-2030-11-23.tar.gz',
  'holiday.mp4',
  'index.html',
  'Ein sehr langer Name einer Datei, der nirgends hineinpasst (Kopie 3).zip',
  'größe 1.jpg',
];
const users: readonly [name: string, uid: number][] = [
  ['alice', 1001],
  ['bob', 1002],
  ['deploy@a-rather-long-domain-name.example', 1003],
  ['dev@alice.example', 1001],
];

/** Sessions that are made up: of every kind, each with another progress. */
function madeUp(count: number, now: number): FtpSession[] {
  return Array.from({ length: count }, (_, index): FtpSession => {
    const kind = (['download', 'upload', 'idle'] as const)[index % 3] ?? 'idle';
    const [user, ownerUid] = users[index % users.length] ?? ['alice', 1001];
    const seconds = Math.floor(now / 1000);
    const file = kind === 'idle' ? '' : (files[index % files.length] ?? '');
    const began = seconds - 40 - index * 7;
    const rate = 180_000 + ((index * 7919) % 17) * 91_000;
    const isMoving = kind !== 'idle';
    return ftpSession({
      pid: 6735 + index,
      startTime: String(190_000 + index),
      ownerUid,
      user,
      remoteAddress: index % 5 === 4 ? `2001:db8:85a3::8a2e:370:${index}` : `198.51.100.${index}`,
      remotePort: 40_000 + index,
      state: kind,
      file,
      path: file === '' ? '' : `/home/${user.split('@')[0]}/public_html/${file}`,
      protocol: index % 2 === 0 ? 'ftps' : null,
      bytesMoved: isMoving ? (seconds - began) * rate : null,
      bytesSkipped: isMoving ? 0 : null,
      bytesTotal: kind === 'download' ? (seconds - began) * rate + 40_000_000 + index * 1e6 : null,
      connectedAt: began - 60 - index * 431,
      transferStartedAt: isMoving ? began : null,
      lastTransferStartedAt: isMoving ? began : null,
      idleSince: isMoving ? null : began,
    });
  });
}

/** A gateway whose servers are made up, with sessions of every kind; each seventh server is missing. */
function fleetOf(count: number) {
  const now = Date.now();
  const causes = ['absent', 'silent', 'absent', 'refused'] as const;
  const names = Array.from({ length: count }, (_, index) => `web${index + 1}`);
  const servers = new Map<string, FakeServer>(
    names.map((name, index) => {
      if (index % 7 === 2) return [name, causes[Math.floor(index / 7) % causes.length] ?? 'absent'];
      return [name, madeUp((index * 5) % 13, now - index * 1_000)];
    }),
  );
  return fleetServices(servers, names);
}

/** What the pictures of a state are taken with. */
export interface Look {
  readonly name: string;
  readonly options: BrowserContextOptions;
}

/** Takes a picture of the state in each look, as FOLDER/STATE-LOOK.png. */
export async function takePictures(
  browser: Browser,
  state: PageState,
  looks: readonly Look[],
  folder: string,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const { name, options } of looks) {
    await withPage(browser, state, options, async (page) => {
      await page.screenshot({ path: join(folder, `${state.name}-${name}.png`) });
    });
  }
}

/** Opens the page in this state, over a server of its own with sessions that are made up. */
export async function withPage(
  browser: Browser,
  state: PageState,
  options: BrowserContextOptions,
  use: (page: Page) => Promise<void>,
): Promise<void> {
  const { account = 'admin', sessions = 0, isRoleOff = false, fault } = state;
  const server = await startServer(
    state.servers !== undefined
      ? fleetOf(state.servers)
      : testServices({
          roles: { isEnabled: () => !isRoleOff },
          sessions: {
            snapshot: async () => {
              if (fault === 'error') {
                throw new ApiError(
                  'The processes of this host cannot be read. Run uapid as root.',
                  'daemon-unseen',
                );
              }
              const now = Date.now();
              const gaps: Gap[] =
                fault === 'warning' ? [{ cause: 'address-unknown', ownerUid: null }] : [];
              return snapshot({ begunAt: now, sessions: madeUp(sessions, now), gaps });
            },
          },
        }),
  );
  let isStopped = false;
  const stop = async () => {
    if (!isStopped) await server.close();
    isStopped = true;
  };
  const context = await browser.newContext({
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    ...options,
  });
  try {
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${server.port}/`);
    if (account !== '') {
      await page.locator('#login-account').fill(account);
      await page.locator('#login-password').fill(password);
      await page.keyboard.press('Enter');
      await page.locator('#sessions[data-list]:not([data-list="waiting"])').waitFor();
      await page.locator('#host:not(:empty)').waitFor();
    }
    await state.act?.(page, { stop });
    await page.waitForTimeout(500);
    await use(page);
  } finally {
    await context.close();
    await stop();
  }
}
