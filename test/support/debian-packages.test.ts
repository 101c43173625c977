import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, test } from 'node:test';
import { until } from './until.ts';

const packages = new URL('./debian-packages.js', import.meta.url);
const asProgram = new URL('./as-program.js', import.meta.url);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'uapid-fetch-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/**
 * Fetches in a process of its own. Its apt-get is a fake, to force the fault: it says in `where` into
 * which folder it would fetch, and then does what `rest` says.
 */
function fetchWith(rest: string) {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const where = join(folder, 'where');
  // The lists of packages are fetched from anywhere.
  const note = `[ "$2" = update ] || { echo "$PWD" > ${where}.new && mv ${where}.new ${where}; }`;
  const script = `#!/bin/sh\n${note}\n${rest}\n`;
  writeFileSync(join(bin, 'apt-get'), script, { mode: 0o755 });
  const name = `no-such-package-${process.pid}`;
  const code = `
    import { unpackPackages } from ${JSON.stringify(packages.href)};
    import { asProgram } from ${JSON.stringify(asProgram.href)};
    await asProgram(async () => { await unpackPackages('${name}', ['${name}']); return 0; });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    env: { ...process.env, PATH: `${bin}:${process.env['PATH']}` },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const place = () => (existsSync(where) ? readFileSync(where, 'utf8').trim() : undefined);
  return { child, place, name, stderr: text(child.stderr) };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`a fetch that ${signal} ends says so without a stack and leaves no folder behind`, async () => {
    const { child, place, name, stderr } = fetchWith('exec sleep 600');
    const closed = once(child, 'close');
    const work = await until(place, { what: 'it fetches', timeoutMs: 60_000 });
    assert.ok(existsSync(work));
    child.kill(signal);
    const [code] = await closed;
    assert.deepEqual([code, await stderr], [1, `The fetch of ${name} was interrupted\n`]);
    assert.equal(existsSync(work), false);
  });
}

test('a fetch that is not possible says so without a stack and leaves no folder behind', async () => {
  const { child, place, stderr } = fetchWith('echo "Temporary failure resolving" >&2; exit 100');
  const [code] = await once(child, 'close');
  assert.equal(code, 1);
  assert.ok(place());
  const said = await stderr;
  assert.match(said, /is not installed and its package could not be unpacked: .*apt-get install/);
  assert.match(said, /Temporary failure resolving/);
  assert.doesNotMatch(said, /^ +at /m);
  assert.equal(existsSync(place() as string), false);
});
