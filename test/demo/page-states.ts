import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { createThrottle } from '../../src/auth/throttle.ts';
import { defaultLimits } from '../../src/auth/throttle-limits.ts';
import type { HistoryAnswer } from '../../src/session-log/history-answer.ts';
import type { Gap } from '../../src/sessions/session.ts';
import { ApiError } from '../../src/uapi/call/api-error.ts';
import { password, snapshot, testServices } from '../support/app.ts';
import { type FakeServer, fleetServices } from '../support/fleet-services.ts';
import { startServer } from '../support/http.ts';
import { until } from '../support/until.ts';
import { madeUp, pastSessions } from './made-up.ts';

/** A state of the page: what the server has, and what is done until it shows. */
export interface PageState {
  readonly name: string;
  /** What it shows, for people. */
  readonly title: string;
  /** Who is logged in: an administrator unless given, "" for nobody. */
  readonly account?: string;
  readonly sessions?: number;
  /** The FTP server’s. */
  readonly port?: number;
  readonly isRoleOff?: boolean;
  readonly fault?: 'error' | 'warning';
  /** At the gateway of so many servers, each seventh of which is missing. */
  readonly servers?: number;
  /** What the session log answers; it is switched off unless given. */
  readonly history?: HistoryAnswer;
  /** What is done before the picture. */
  readonly act?: (page: Page, server: StateServer) => Promise<void>;
}

interface StateServer {
  /** How many sessions it has. */
  readonly sessions: number;
  stop(): Promise<void>;
}

const shown = (count: number) => async (page: Page) =>
  await until(async () => (await page.locator('#rows tr').count()) === count, {
    what: `${count} rows`,
  });

/** Types a wrong password so many times. */
const guess = (times: number) => async (page: Page) => {
  for (let count = 1; count <= times; count += 1) {
    await page.locator('#login-account').fill('alice');
    await page.locator('#login-password').fill(`wrong ${count}`);
    const answer = page.waitForResponse(/\/login/);
    await page.keyboard.press('Enter');
    await answer;
    await page.locator('#login-message:not(:empty)').waitFor();
  }
};

/** Opens the tab of the sessions that were, and waits until something of it is seen. */
const openHistory = (seen: string) => async (page: Page) => {
  await page.locator('#tab-history').click();
  await page.locator(seen).first().waitFor();
};

export const pageStates: readonly PageState[] = [
  { name: 'login', title: 'The form', account: '' },
  {
    name: 'login-wrong',
    title: 'A wrong password',
    account: '',
    act: guess(1),
  },
  {
    name: 'login-throttled',
    title: 'Too many wrong passwords',
    account: '',
    act: guess(defaultLimits.account.free + 1),
  },
  {
    name: 'nobody',
    title: 'Nobody is connected: how to connect',
    account: 'alice',
    sessions: 0,
    act: async (page) => await page.locator('#connect-list dt').first().waitFor(),
  },
  { name: 'one', title: 'One session', account: 'alice', sessions: 1 },
  { name: 'seven', title: 'Seven sessions', sessions: 7 },
  { name: 'many', title: 'Two hundred sessions', sessions: 200 },
  {
    name: 'scrolled',
    title: 'Two hundred sessions, scrolled',
    sessions: 200,
    act: async (page, { sessions }) => {
      await shown(sessions)(page);
      await page.mouse.wheel(0, 900);
      await page.waitForTimeout(300);
    },
  },
  {
    name: 'no-match',
    title: 'The filter fits no session',
    sessions: 7,
    act: async (page) => await page.locator('#filter').fill('nowhere'),
  },
  { name: 'warning', title: 'Something cannot be seen', sessions: 7, fault: 'warning' },
  { name: 'failed', title: 'Nothing can be seen', fault: 'error' },
  { name: 'role-off', title: 'FTP is switched off', account: 'alice', isRoleOff: true },
  { name: 'no-feature', title: 'An account without FTP', account: 'plain' },
  {
    name: 'lost',
    title: 'The connection is lost',
    sessions: 7,
    act: async (page, server) => {
      await shown(7)(page);
      await server.stop();
      await page.locator('#lost:not([hidden])').waitFor();
    },
  },
  {
    name: 'question',
    title: 'The question before sessions are ended',
    sessions: 7,
    act: async (page) => {
      await shown(7)(page);
      await page.locator('#end-all').click();
    },
  },
  {
    name: 'details',
    title: 'Details of a session',
    sessions: 7,
    act: async (page) => {
      await shown(7)(page);
      await page.locator('button.name').nth(1).click();
      await page.waitForTimeout(300);
    },
  },
  {
    name: 'fleet',
    title: 'A fleet, with two servers opened',
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
    title: 'A fleet in which nothing fits the filters',
    servers: 20,
    act: async (page) => {
      await page.getByLabel('Filter servers').fill('nowhere');
      await page.locator('#filter').fill('nowhere');
    },
  },
  {
    name: 'fleet-few',
    title: 'A fleet of three servers, for a customer',
    account: 'alice',
    servers: 3,
  },
  {
    name: 'help',
    title: 'Help',
    sessions: 7,
    act: async (page) => await page.locator('#help-button').click(),
  },
  {
    name: 'history',
    title: 'Sessions that were',
    history: pastSessions(9),
    act: openHistory('#history-rows tr'),
  },
  {
    name: 'history-empty',
    title: 'No session was',
    history: pastSessions(0),
    act: openHistory('#history-empty:not([hidden])'),
  },
  { name: 'history-off', title: 'No session log is kept', act: openHistory('#history-failure li') },
];

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

/** Opens the page in this state, over a server of its own with sessions that are made up. */
export async function withPage(
  browser: Browser,
  state: PageState,
  options: BrowserContextOptions,
  use: (page: Page) => Promise<void>,
): Promise<void> {
  const { account = 'admin', sessions = 0, isRoleOff = false, fault, history, port = 2121 } = state;
  const server = await startServer(
    state.servers !== undefined
      ? fleetOf(state.servers)
      : testServices({
          roles: { isEnabled: () => !isRoleOff },
          throttle: createThrottle(defaultLimits),
          ...(history === undefined ? {} : { history: { read: async () => history } }),
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
              const daemons = [{ name: 'pure-ftpd', pid: 99, ports: [port] }];
              return snapshot({ begunAt: now, sessions: madeUp(sessions, now), gaps, daemons });
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
    await state.act?.(page, { sessions, stop });
    await page.waitForTimeout(500);
    await use(page);
  } finally {
    await context.close();
    await stop();
  }
}
