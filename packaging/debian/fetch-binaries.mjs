/*
 * fetch-binaries.mjs CPU FOLDER: puts the packages of native binaries for another processor, by npm's word
 * for it (arm64), into FOLDER/@node-rs. Their versions and hashes are those of package-lock.json. What was
 * fetched is kept in .cache/npm.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const [, , cpu, folder] = process.argv;
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const kept = '.cache/npm';
const suffix = `-linux-${cpu}-gnu`;
const found = Object.entries(packages).filter(
  ([path]) => path.startsWith('node_modules/@node-rs/') && path.endsWith(suffix),
);
if (found.length !== 2) throw new Error(`package-lock.json has no binaries for ${cpu}`);
mkdirSync(kept, { recursive: true });
for (const [path, { version, integrity }] of found) {
  const name = path.slice('node_modules/'.length);
  const file = join(kept, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
  if (!existsSync(file)) {
    const pack = ['pack', `${name}@${version}`, '--silent', '--pack-destination', kept];
    execFileSync('npm', pack, { stdio: ['ignore', 'ignore', 'inherit'] });
  }
  const hash = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
  if (hash !== integrity) {
    rmSync(file);
    throw new Error(`${name} is not what package-lock.json has`);
  }
  mkdirSync(join(folder, name), { recursive: true });
  execFileSync('tar', ['-xzf', file, '-C', join(folder, name), '--strip-components=1']);
}
