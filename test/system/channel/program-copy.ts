import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { copyBuilt } from '../../../build/copy-built.ts';
import type { Misdeed } from './fake-http-worker.ts';

/** What holds package.json, node_modules and the compiled program. */
export const root = fileURLToPath(new URL('../../../..', import.meta.url));

/** A copy of the whole program, whose worker can be another one. */
export interface ProgramCopy {
  /** Its cli.js. */
  readonly program: string;
  /** From the next start on the worker is a fake that does this; null for the real one. */
  setMisdeed(misdeed: Misdeed | null): void;
}

export interface CopyOptions {
  /** What ends is always started again after the first pause: its constant is another in the copy. */
  readonly alwaysFirstPause?: boolean;
}

/** Copies the program below a folder; it goes with the test. */
export function copyProgram(
  t: TestContext,
  { alwaysFirstPause = false }: CopyOptions = {},
): ProgramCopy {
  const folder = mkdtempSync(join(tmpdir(), 'uapid-copy-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const code = join(folder, 'dist/src');
  copyBuilt(root, folder);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  if (alwaysFirstPause) replaceIn(code, 'steadyMs = 6e4', 'steadyMs = 0');
  renameSync(join(code, 'http-worker.js'), join(code, 'real-http-worker.js'));
  const setMisdeed = (misdeed: Misdeed | null) => {
    const fake = new URL('./fake-http-worker.js', import.meta.url).href;
    const text =
      misdeed === null
        ? "import './real-http-worker.js';"
        : `import { misbehave } from '${fake}'; misbehave('${misdeed}');`;
    // A start may be reading it.
    writeFileSync(join(code, 'next.js'), text);
    renameSync(join(code, 'next.js'), join(code, 'http-worker.js'));
  };
  setMisdeed(null);
  return { program: join(code, 'cli.js'), setMisdeed };
}

/** Replaces a text in the programs below `dist/src/` and what they share, wherever the bundle has put it; there has to be one. */
export function replaceIn(code: string, before: string, after: string): void {
  const files = [code, join(code, 'chunks')].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.js'))
      .map((name) => join(folder, name)),
  );
  const found = files.filter((path) => readFileSync(path, 'utf8').includes(before));
  assert.ok(found.length > 0, `${code} has no ${before}`);
  for (const path of found) {
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(before, after));
  }
}

/**
 * The program below a folder of that mode, with its dependencies mounted there, so that nobody
 * needs to enter the folder that the tests are built in.
 */
export function installProgram(t: TestContext, mode: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'uapid-installed-'));
  const inner = join(folder, 'uapid');
  const modules = join(inner, 'node_modules');
  mkdirSync(modules, { recursive: true });
  execFileSync('mount', ['--bind', join(root, 'node_modules'), modules]);
  t.after(() => {
    execFileSync('umount', ['--lazy', modules]);
    rmSync(folder, { recursive: true });
  });
  copyBuilt(root, inner);
  execFileSync('chmod', [mode.toString(8), folder]);
  return join(inner, 'dist/src/cli.js');
}
