import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { testServices, tokenOf } from '../../../support/app.ts';
import { startCpanelServer } from '../../../support/cpanel-ports.ts';
import { request } from '../../../support/http.ts';
import { needsBrowser, startChromium } from './chromium.ts';
import { findWholeChromium } from './chromium-programs.ts';
import { textToBe } from './reader.ts';

test('a panel of another site sends a browser on to the page, logged in', {
  skip: needsBrowser(),
}, async (t) => {
  const server = await startCpanelServer(testServices());
  t.after(() => server.close());
  const flags = [`--host-resolver-rules=MAP *.example ${server.host}`];
  const browser = await startChromium(flags, findWholeChromium());
  t.after(() => browser.close());
  // A panel asks for the URL itself, and answers the click of its customer with a redirect.
  const panel = createServer(async (asked, response) => {
    if (asked.url !== '/open') {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<!doctype html><title>panel</title><a href="/open">FTP sessions</a>');
      return;
    }
    const { body } = await server.send(
      2086,
      request('GET /json-api/create_user_session?api.version=1&user=bob', [
        `Authorization: whm admin:${tokenOf('admin')}`,
        'Host: files.example:2086',
      ]),
    );
    response.writeHead(302, { location: JSON.parse(body).data.url }).end();
  });
  panel.listen(0, server.host);
  await once(panel, 'listening');
  t.after(() => {
    panel.close();
    panel.closeAllConnections();
  });
  const page = await (await browser.newContext()).newPage();
  const { port } = panel.address() as AddressInfo;
  await page.goto(`http://panel.example:${port}/`);
  await page.getByRole('link', { name: 'FTP sessions' }).click();
  await textToBe(page.locator('#account'), /^bob$/);
  assert.match(page.url(), /^http:\/\/files\.example:2082\/cpsess\d{10}\/$/);
  // Neither going back nor a reload uses the key again.
  await page.reload();
  await textToBe(page.locator('#account'), /^bob$/);
});
