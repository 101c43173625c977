import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { programs } from './programs.ts';

/** What ships of `dist/src/`; beside it lie the single modules, which the tests of units import. */
const parts = [
  ...programs.map((entry) => entry.replace(/\.ts$/, '.js')),
  'chunks',
  'page/browser',
  'page/languages',
  'page/static',
  'page/swagger',
  'licences.txt',
];

/**
 * Copies the program that was built below one folder into another one, with package.json, which has
 * its version. What it loads from packages (`external` in `bundle.ts`) is not part of it.
 */
export function copyBuilt(from: string, to: string): void {
  for (const path of ['package.json', ...parts.map((part) => join('dist/src', part))]) {
    cpSync(join(from, path), join(to, path), { recursive: true });
  }
}
