import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { programs } from '../../../build/programs.ts';
import { projectRoot } from '../../support/debian-packages.ts';
import { until } from '../../support/until.ts';
import { serve } from '../channel/served.ts';

const folder = mkdtempSync(join(tmpdir(), 'uapid-npm-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What `npm install` makes of the package that `npm pack` makes; the packages it needs are this project's. */
const installed = installPacked();

function installPacked(): string {
  const modules = join(folder, 'node_modules');
  const installed = join(modules, 'uapid');
  mkdirSync(installed, { recursive: true });
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const npm = execFileSync('npm', pack, { cwd: projectRoot(), encoding: 'utf8' });
  const [{ filename }] = JSON.parse(npm) as [{ filename: string }];
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', installed, '--strip-components=1']);
  const needed = join(projectRoot(), 'node_modules');
  for (const name of readdirSync(needed)) symlinkSync(join(needed, name), join(modules, name));
  return installed;
}

test('what npm pack makes is installed as a whole, and serves', async (t) => {
  for (const entry of programs) {
    const file = join(installed, 'dist/src', entry.replace(/\.ts$/, '.js'));
    assert.ok(existsSync(file), file);
  }
  const uapid = await serve(t, { program: join(installed, 'dist/src/cli.js') });
  const page = await fetch(`${uapid.url}/`);
  assert.match(await page.text(), /<title>/);
  assert.equal((await fetch(`${uapid.url}/docs/json`)).status, 200);
});

test('npx uapid serve runs it from the package', async (t) => {
  const modules = dirname(installed);
  // As npm links the programs of a package that it installs.
  const { bin } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  rmSync(join(modules, '.bin'), { recursive: true, force: true });
  mkdirSync(join(modules, '.bin'));
  symlinkSync(join('../uapid', bin.uapid), join(modules, '.bin/uapid'));
  chmodSync(join(installed, bin.uapid), 0o755);
  const stateDir = mkdtempSync(join(tmpdir(), 'uapid-npx-'));
  t.after(() => rmSync(stateDir, { recursive: true, force: true }));
  const listen = ['--listen', 'http://127.0.0.1:0', '--state-dir', stateDir];
  const child = spawn('npx', ['--offline', '--no', 'uapid', 'serve', ...listen], {
    cwd: dirname(modules),
    env: { ...process.env, npm_config_update_notifier: 'false' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const closed = once(child, 'close');
  t.after(async () => {
    // npx, its shell and the server.
    process.kill(-(child.pid ?? 0), 'SIGTERM');
    await closed;
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const url = await until(() => /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0], {
    what: 'it says where it listens',
    timeoutMs: 60_000,
  });
  assert.match(await (await fetch(url)).text(), /<title>/);
});
