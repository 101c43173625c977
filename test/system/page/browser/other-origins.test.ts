import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { testServices, tokenOf } from '../../../support/app.ts';
import { type CpanelServer, startCpanelServer } from '../../../support/cpanel-ports.ts';
import { twoSessions } from '../../../support/http-sessions.ts';
import { until } from '../../../support/until.ts';
import { needsBrowser, startChromium } from './chromium.ts';

const panel = 'http://panel.example:2082';
const list = `${panel}/execute/Ftp/list_sessions`;
const authorization = `cpanel alice:${tokenOf('alice')}`;

describe('pages of other origins', { skip: needsBrowser() }, () => {
  /** Other sites: every name of .example with the port, with a page that shows the panel in a frame. */
  const sites = createServer((request, response) => {
    const frame = request.url === '/frame' ? `<iframe src="${panel}/"></iframe>` : '';
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end(`<!doctype html><title>a site</title>${frame}`);
  });
  let server: CpanelServer;
  let browser: Browser | undefined;
  let context: BrowserContext;
  const origins = { app: '', portal: '', evil: '' };

  before(async () => {
    sites.listen(0, '127.0.0.1');
    await once(sites, 'listening');
    const { port } = sites.address() as AddressInfo;
    for (const name of ['app', 'portal', 'evil'] as const) {
      origins[name] = `http://${name}.example:${port}`;
    }
    const allowed = { corsOrigins: [origins.app], frameAncestors: [origins.portal] };
    server = await startCpanelServer(testServices({ sessions: twoSessions, ...allowed }));
    const rules = `MAP panel.example ${server.host}, MAP *.example 127.0.0.1`;
    browser = await startChromium([`--host-resolver-rules=${rules}`]);
    context = await browser.newContext();
  });
  after(async () => {
    await browser?.close();
    sites.close();
    sites.closeAllConnections();
    await server?.close();
  });

  async function open(origin: string, path = '/'): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`${origin}${path}`, { waitUntil: 'commit' });
    return page;
  }

  /** What a script of the page gets to see of an answer; null where the browser keeps it back. */
  function read(page: Page, url: string, options: RequestInit) {
    return page.evaluate(
      async ([from, how]) => {
        try {
          const answer = await fetch(from, how);
          const { status, headers } = answer;
          return { status, etag: headers.get('etag'), body: await answer.text() };
        } catch {
          return null;
        }
      },
      [url, options] as const,
    );
  }

  test('one of an allowed origin reads with a token, and is told when nothing has changed', async () => {
    const page = await open(origins.app);
    const first = await read(page, list, { headers: { authorization } });
    assert.equal(JSON.parse(first?.body ?? '').data[0].user, 'alice');
    const known = { authorization, 'if-none-match': first?.etag ?? '' };
    assert.equal((await read(page, list, { headers: known }))?.status, 304);
    const refused = await read(page, list, { headers: { authorization: 'cpanel alice:wrong' } });
    assert.equal(refused?.status, 401);
  });

  test('it follows the events', async () => {
    const page = await open(origins.app);
    const text = await page.evaluate(
      async ([url, shown]) => {
        const { body } = await fetch(url, { headers: { authorization: shown } });
        const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
        let all = '';
        while (!/^event: sessions\n.*\n.*\n\n/m.test(all)) {
          const piece = await reader?.read();
          if (piece === undefined || piece.done) break;
          all += piece.value;
        }
        return all;
      },
      [`${panel}/events`, authorization] as const,
    );
    assert.match(text, /^event: sessions\nid: [\w-]+\ndata: .*"pid":6735/m);
  });

  test('it reads nothing with what the browser adds by itself, and ends nothing', async () => {
    const page = await open(origins.app);
    const headers = { authorization };
    assert.equal(await read(page, list, { headers, credentials: 'include' }), null);
    const kill = `${panel}/execute/Ftp/kill_session?login=all`;
    const answer = await read(page, kill, { headers, method: 'POST' });
    assert.deepEqual(JSON.parse(answer?.body ?? '').metadata, { error_codes: ['other-site'] });
  });

  test('one of any other origin reads nothing, the token in hand', async () => {
    for (const origin of [origins.evil, origins.portal]) {
      const page = await open(origin);
      for (const url of [list, `${panel}/events`]) {
        assert.equal(
          await read(page, url, { headers: { authorization } }),
          null,
          `${origin} ${url}`,
        );
      }
    }
  });

  test('only one that may shows the page in a frame', async () => {
    const shown = await open(origins.portal, '/frame');
    await shown.frameLocator('iframe').getByRole('textbox').first().waitFor();
    for (const origin of [origins.evil, origins.app]) {
      const page = await open(origin, '/frame');
      const isBlocked = () =>
        page.frames().some((frame) => frame.url().startsWith('chrome-error:'));
      await until(isBlocked, { what: `${origin} shows no panel` });
    }
  });
});
