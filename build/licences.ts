import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * The licences of the packages that files belong to, as text: for each package its name, version and
 * what it says of its licence, and that licence. `paths` are absolute or below `root`; those in no
 * package below `node_modules` count for nothing.
 */
export function licencesOf(root: string, paths: readonly string[]): string {
  const folders = new Set(paths.map((path) => packageOf(resolve(root, path))));
  return [...folders]
    .filter((folder) => folder !== null)
    .map(licenceOf)
    .sort()
    .join('\n');
}

/** The folder of the package that a file belongs to. */
function packageOf(path: string): string | null {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? null;
}

function licenceOf(folder: string): string {
  const { name, version, license } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  ) as { readonly name: string; readonly version: string; readonly license?: string };
  const files = readdirSync(folder).filter((file) => /^(?:licen[cs]e|notice)/i.test(file));
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return [`${name} ${version}: ${license ?? 'see below'}`, ...texts, ''].join('\n\n');
}
