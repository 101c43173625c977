import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { basic, password } from '../../../support/app.ts';
import { startCpanelServer } from '../../../support/cpanel-ports.ts';
import { localPair } from '../../../support/key-pairs.ts';
import { until } from '../../../support/until.ts';
import { openHost } from '../../uapi/ending-scene.ts';
import { type Attack, attacks } from './attacks.ts';
import { needsBrowser, startChromium } from './chromium.ts';
import { findWholeChromium } from './chromium-programs.ts';

const skip = needsBrowser();
const call = '/execute/Ftp/kill_session';

/**
 * A site of somebody else's, with and without TLS: pages by number, one with all of them in frames, and
 * one that sends on.
 */
async function startSite(t: TestContext, host: string) {
  let pages: readonly string[] = [];
  const answer: RequestListener = (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
    if (pathname === '/send-on') {
      const status = Number(searchParams.get('status'));
      response.writeHead(status, { location: searchParams.get('to') ?? '' }).end();
      return;
    }
    const frames = pages.map((_, index) => `<iframe src="/${index}"></iframe>`).join('');
    const html = pathname === '/frames' ? frames : pages[Number(pathname.slice(1))];
    response.writeHead(html === undefined ? 404 : 200, { 'content-type': 'text/html' });
    response.end(`<!doctype html><title>prizes</title>${html ?? ''}`);
  };
  const ports = new Map<string, number>();
  for (const [scheme, server] of [
    ['http:', createServer(answer)],
    ['https:', createTlsServer(await localPair(), answer)],
  ] as const) {
    server.listen(0, host);
    await once(server, 'listening');
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    ports.set(scheme, (server.address() as AddressInfo).port);
  }
  return {
    /** The origin under that name for pages that are to be of the same scheme as the panel. */
    originOf: (name: string, panel: string) => {
      const { protocol } = new URL(panel);
      return `${protocol}//${name}:${ports.get(protocol)}`;
    },
    show: (shown: readonly string[]) => {
      pages = shown;
    },
  };
}

/** Which requests have been answered, by the tag in their query: true where one showed a password. */
function followAnswers(t: TestContext): ReadonlyMap<string, boolean> {
  const answered = new Map<string, boolean>();
  const channel = 'http.server.response.finish';
  const onFinish = (message: unknown) => {
    const { request } = message as { request: IncomingMessage };
    const tag = /[?&]api\.tag=(\w+)/.exec(request.url ?? '')?.[1];
    if (tag === undefined) return;
    answered.set(tag, answered.get(tag) || request.headers.authorization !== undefined);
  };
  subscribe(channel, onFinish);
  t.after(() => unsubscribe(channel, onFinish));
  return answered;
}

/** What stands before an attack: alice's session, a server, another site, and a browser. */
async function setStage(t: TestContext) {
  const { services, visit } = await openHost(t);
  const server = await startCpanelServer(services);
  t.after(() => server.close());
  const site = await startSite(t, server.host);
  const answered = followAnswers(t);
  const flags = [
    `--host-resolver-rules=MAP *.example ${server.host}`,
    // A process for each site and frame takes the time of twenty pages, and changes no request.
    '--disable-site-isolation-trials',
    '--renderer-process-limit=2',
  ];
  const browser = await startChromium(flags, findWholeChromium());
  t.after(() => browser.close());
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const visitor = await visit('alice');
  let round = 0;

  /** Shows pages of `origin` that do all of it, alone or in frames, until each has had its answer. */
  async function attack(
    chosen: readonly Attack[],
    { panel, origin, framed }: { panel: string; origin: string; framed: boolean },
    showsPassword: (attack: Attack) => boolean,
  ): Promise<void> {
    round += 1;
    const here = site.originOf(origin, panel);
    const tagOf = (index: number) => `r${round}a${index}`;
    site.show(
      chosen.map(({ html }, index) =>
        html(`${panel}${call}?login=all&api.tag=${tagOf(index)}`, here),
      ),
    );
    const paths = framed ? ['frames'] : chosen.map((_, index) => `${index}`);
    for (const path of paths) {
      const page = await context.newPage();
      await page.goto(`${here}/${path}`, { waitUntil: 'commit' });
      await clickOn(page, chosen, here);
    }
    for (const [index, each] of chosen.entries()) {
      if (each.mayBeStopped) continue;
      const what = `${each.name} of ${origin} has its answer from ${panel}`;
      await until(
        () => {
          const seen = answered.get(tagOf(index));
          return showsPassword(each) ? seen === true : seen !== undefined;
        },
        { what, timeoutMs: 60_000 },
      );
    }
    const endings = services.auditLines.filter((line) => line.includes('session-ended'));
    assert.deepEqual([await visitor.isThere(), endings], [true, []]);
    for (const page of context.pages()) await page.close();
  }

  async function clickOn(page: Page, chosen: readonly Attack[], here: string) {
    for (const [index, { click }] of chosen.entries()) {
      if (click === undefined) continue;
      const url = `${here}/${index}`;
      const isFramed = page.url().endsWith('/frames');
      if (!isFramed && page.url() !== url) continue;
      const frame = isFramed
        ? await until(() => page.frames().find((each) => each.url() === url), { what: url })
        : page;
      await frame.click(click);
    }
  }

  return { context, visitor, attack };
}

const panels = ['http://panel.example:2082', 'https://panel.example:2083'];

test('no page of another site ends a session through a browser that remembers the password', {
  skip,
}, async (t) => {
  const { context, visitor, attack } = await setStage(t);
  for (const panel of panels) {
    const { host, protocol } = new URL(panel);
    const page = await context.newPage();
    const secret = encodeURIComponent(password);
    await page.goto(`${protocol}//alice:${secret}@${host}/execute/Ftp/get_port`);
    assert.match(await page.content(), /"status":1/);
    const alone = attacks.filter(({ navigates }) => navigates);
    await attack(alone, { panel, origin: 'evil.example', framed: false }, () => true);
    // What a page loads by itself comes with the password only where it is of the same site.
    await attack(attacks, { panel, origin: 'sister.panel.example', framed: true }, () => true);
  }
  // The same password, shown by a page of the panel's own, ends it.
  const own = await context.newPage();
  await own.goto('http://panel.example:2082/');
  const answer = await own.evaluate(async (path) => {
    const response = await fetch(path, { method: 'POST' });
    return await response.text();
  }, call);
  assert.match(answer, /1 FTP session was ended/);
  assert.equal(await visitor.isThere().catch(() => false), false);
});

// Forced: a browser that shows the password also to what it loads for a third party, over plain HTTP,
// where a picture's request says nothing of where it comes from.
test('nor does one through a browser that shows the password whatever asks for it', {
  skip,
}, async (t) => {
  const { context, attack } = await setStage(t);
  await context.setExtraHTTPHeaders(basic('alice'));
  const place = { panel: panels[0] ?? '', origin: 'evil.example', framed: true };
  // What is sent on, and what asks first whether it may, does not have it.
  await attack(attacks, place, ({ name }) =>
    /^a (?:picture|form|frame)$|^a (?:form|fetch) by (?!.*sends on)/.test(name),
  );
});
