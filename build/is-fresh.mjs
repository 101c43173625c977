// Ends with 0 when dist/ was built from what lies here now; else says what comes, and ends with 1. In
// JavaScript, since it runs before anything is compiled.
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** What the build writes last. */
const built = join(root, 'dist/src/licences.txt');
const sources = ['src', 'build', 'package-lock.json', 'package.json', 'tsconfig.json'];

/** @param {string} path */
function changedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * @param {string} path
 * @returns {string[]} The path, and all below it; a file that is gone shows in its folder's time.
 */
function withAllBelow(path) {
  if (!statSync(path).isDirectory()) return [path];
  const below = readdirSync(path, { recursive: true, encoding: 'utf8' });
  return [path, ...below.map((name) => join(path, name))];
}

const newest = Math.max(
  ...sources.flatMap((name) => withAllBelow(join(root, name))).map(changedAt),
);
if (changedAt(built) < newest) {
  process.stdout.write('Building uapid, which takes some ten seconds…\n');
  process.exitCode = 1;
}
