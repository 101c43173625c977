import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { programs } from '../../../build/programs.ts';
import { projectRoot } from '../../support/debian-packages.ts';
import { serve } from '../channel/served.ts';

/** What `npm install` makes of the package that `npm pack` makes; the packages it needs are this project's. */
function installPacked(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'uapid-npm-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
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
  const installed = installPacked(t);
  for (const entry of programs) {
    const file = join(installed, 'dist/src', entry.replace(/\.ts$/, '.js'));
    assert.ok(existsSync(file), file);
  }
  const uapid = await serve(t, { program: join(installed, 'dist/src/cli.js') });
  const page = await fetch(`${uapid.url}/`);
  assert.match(await page.text(), /<title>/);
  assert.equal((await fetch(`${uapid.url}/docs/json`)).status, 200);
});
