import { after, before } from 'node:test';
import type { Browser } from 'playwright-core';
import { addAccount } from '../../../support/add-account.ts';
import { makeHome } from '../../../support/homes.ts';
import { type PureFtpd, startPureFtpd } from '../../../support/pure-ftpd.ts';
import { type RunningUapid, startUapid } from '../../../support/uapid.ts';
import { users } from '../../../support/users.ts';
import { needsBrowser, startChromium } from './chromium.ts';

/** A file that takes minutes to download at the daemon's pace. */
export const bigFile = 'backup.tar.gz';

/** What a test of the page has before it: a real daemon, a real server and a real browser. */
export interface Scene {
  readonly ftpd: PureFtpd;
  readonly uapid: RunningUapid;
  readonly browser: Browser;
}

/** Accounts of the server: the admin, and the system users alice and bob by their own passwords. */
export const accounts = { alice: users.alice, bob: users.bob } as const;

/** Sets the scene before the tests of the file, and clears it. */
export function setScene(): Scene {
  let parts: { -readonly [Part in keyof Scene]?: Scene[Part] } = {};
  before(async () => {
    if (needsBrowser() !== false) return;
    for (const user of Object.values(accounts)) await makeHome(user, [[bigFile, 60_000_000]]);
    parts.ftpd = await startPureFtpd({ throttle: 100 });
    parts.uapid = await startUapid();
    for (const { name, password } of Object.values(accounts)) {
      addAccount(parts.uapid.stateDir, name, password);
    }
    parts.browser = await startChromium();
  });
  after(async () => {
    await parts.browser?.close();
    await parts.uapid?.stop();
    await parts.ftpd?.stop();
    parts = {};
  });
  return {
    get ftpd() {
      return there(parts.ftpd);
    },
    get uapid() {
      return there(parts.uapid);
    },
    get browser() {
      return there(parts.browser);
    },
  };
}

function there<Part>(part: Part | undefined): Part {
  if (part === undefined) throw new Error('the scene is not set');
  return part;
}
