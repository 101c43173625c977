/*
 * fetch-binaries.mjs CPU FOLDER: puts the packages of native binaries for another processor, by npm's word
 * for it (arm64), into FOLDER/@node-rs. Their versions and hashes are those of package-lock.json.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [, , cpu, folder] = process.argv;
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const work = mkdtempSync(join(tmpdir(), 'uapid-binaries-'));
const suffix = `-linux-${cpu}-gnu`;
const found = Object.entries(packages).filter(
  ([path]) => path.startsWith('node_modules/@node-rs/') && path.endsWith(suffix),
);
if (found.length !== 2) throw new Error(`package-lock.json has no binaries for ${cpu}`);
try {
  for (const [path, { version, integrity }] of found) {
    const name = path.slice('node_modules/'.length);
    const pack = ['pack', `${name}@${version}`, '--json', '--pack-destination', work];
    const [{ filename }] = JSON.parse(execFileSync('npm', pack, { encoding: 'utf8' }));
    const file = join(work, filename.replace('@', '').replace('/', '-'));
    const hash = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
    if (hash !== integrity) throw new Error(`${name} is not what package-lock.json has`);
    mkdirSync(join(folder, name), { recursive: true });
    execFileSync('tar', ['-xzf', file, '-C', join(folder, name), '--strip-components=1']);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
