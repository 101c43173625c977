import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyBuilt } from '../../../build/copy-built.ts';
import { replaceIn, root } from '../channel/program-copy.ts';

/** The version that the older program says it is. */
export const olderVersion = '0.0.1';

/**
 * Puts a fake of an older uapid into a folder and gives its cli.js: this very program, but that a question of a
 * gateway has no `counts` yet, so that one with it is refused as malformed.
 */
export function copyOlderProgram(folder: string): string {
  copyBuilt(root, folder);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const code = join(folder, 'dist/src');
  replaceIn(code, ' counts: literal(true).optional()', '');
  const manifest = join(folder, 'package.json');
  const facts = JSON.parse(readFileSync(manifest, 'utf8'));
  writeFileSync(manifest, JSON.stringify({ ...facts, version: olderVersion }));
  return join(code, 'cli.js');
}
