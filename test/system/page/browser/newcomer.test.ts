import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { projectRoot } from '../../../support/debian-packages.ts';
import { until } from '../../../support/until.ts';
import { type BootedDebian, bootDebian } from '../../packaging/booted-debian.ts';
import { thePackage, timeout } from '../../packaging/debian-package.ts';
import { needsBrowser, startChromium } from './chromium.ts';
import { findChromium } from './chromium-programs.ts';
import { openReader, rowsToBe } from './reader.ts';

const skip = needsBrowser();
/** Whoever looks on ends before what is looked at. */
const cleanUps: (() => Promise<void>)[] = [];
after(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
});
const password = randomBytes(12).toString('hex');

test('README’s commands as printed lead from a fresh Debian to a browser that shows a session over TLS', {
  skip,
  timeout,
}, async (t) => {
  const debian = await bootDebian({ after: (cleanUp) => cleanUps.push(cleanUp) });
  await setUp(debian);
  const [install, account, token, terminal] = commandsOf(
    readFileSync(join(projectRoot(), 'README.md'), 'utf8'),
  );
  const begun = performance.now();
  for (const command of install ?? []) await typed(debian, command);
  const browser = await browserIn(debian);
  const reader = await openReader(t, browser, 'https://127.0.0.1:2083/', {
    ignoreHTTPSErrors: true,
  });
  await reader.logIn('admin', password);
  await rowsToBe(reader, 1);
  assert.match(await reader.row('big.bin').innerText(), /alice/);
  t.diagnostic(
    `from the package to the session: ${((performance.now() - begun) / 1000).toFixed(1)} s`,
  );

  for (const command of account ?? []) await typed(debian, command);
  const accounts = JSON.parse(await debian.run('uapid account list --json'));
  assert.deepEqual(
    accounts.map(({ name, role }: Record<string, string>) => [name, role]),
    [
      ['admin', 'admin'],
      ['alice', 'user'],
    ],
  );

  assert.match(
    (await typed(debian, (token ?? []).join('\n'))) ?? '',
    /"file":"big.bin".*"user":"alice"/,
  );

  const [watch = '', kill = ''] = terminal ?? [];
  await debian.run(`script -qfec '${watch}' /run/watched > /dev/null 2>&1 < /dev/null &`);
  const watched = () => debian.attempt('cat /run/watched');
  await until(async () => /alice .*download/.test((await watched()).output), {
    what: 'the terminal shows the session',
    timeoutMs: 30_000,
    everyMs: 200,
  });
  assert.match((await typed(debian, kill)) ?? '', /ended/);
  await rowsToBe(reader, 0);
});

/** The lines of each block of commands between the headings of the package and of the clone. */
function commandsOf(readme: string): string[][] {
  const from = readme.indexOf('## Install on Debian');
  const to = readme.indexOf('## Try it from a clone');
  assert.ok(from > 0 && to > from);
  const blocks = readme.slice(from, to).matchAll(/^```sh\n(.*?)^```$/gms);
  return Array.from(blocks, ([, text = '']) => text.trimEnd().split('\n'));
}

/** A session of alice's, a sudo, since root of the tests' Debian has none, and the package where README has it. */
async function setUp(debian: BootedDebian): Promise<void> {
  await debian.run(
    'useradd -m alice && truncate -s 50M ~alice/big.bin && chpasswd',
    `alice:${password}\n`,
  );
  await debian.run('cat > /root/ftp', `user = "alice:${password}"\n`);
  const curl = 'curl -sS -K /root/ftp --limit-rate 20k -o /dev/null ftp://127.0.0.1/big.bin';
  await debian.run(`systemd-run -q ${curl}`);
  await debian.run(`printf '#!/bin/sh\\nexec "$@"\\n' > /usr/bin/sudo; chmod 755 /usr/bin/sudo`);
  const deb = readFileSync(await thePackage());
  await debian.run('mkdir -p /root/clone/dist; cat > /root/clone/dist/uapid_0.1.0_amd64.deb', deb);
}

/** What a command says on a terminal where somebody types the password if it asks for one. */
async function typed({ run }: BootedDebian, command: string): Promise<string> {
  await run('cat > /run/typed', `cd /root/clone\n${command}\n`);
  const terminal = 'TERM=xterm script -qec "sh -e /run/typed" /dev/null';
  // script(1) waits two seconds for who reads what is typed.
  return await run(terminal, command.includes('account add') ? `${password}\n${password}\n` : '');
}

/** A Chromium in the network of that Debian. */
async function browserIn({ pid }: BootedDebian): Promise<Browser> {
  const folder = mkdtempSync(join(tmpdir(), 'uapid-browser-'));
  const program = join(folder, 'chromium');
  const enter = `exec nsenter --net=/proc/${pid}/ns/net '${findChromium()}' "$@"`;
  writeFileSync(program, `#!/bin/sh\n${enter}\n`, { mode: 0o755 });
  const browser = await startChromium([], program);
  cleanUps.push(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });
  return browser;
}
