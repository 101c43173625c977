import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
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
  copyInto(folder);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  if (alwaysFirstPause)
    replaceIn(join(code, 'lib/backoff.js'), 'steadyMs = 60_000', 'steadyMs = 0');
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

function replaceIn(path: string, before: string, after: string): void {
  const text = readFileSync(path, 'utf8');
  assert.ok(text.includes(before), `${path} has no ${before}`);
  writeFileSync(path, text.replace(before, after));
}

/** The compiled program and its package.json, without its dependencies. */
export function copyInto(folder: string): void {
  mkdirSync(join(folder, 'dist'), { recursive: true });
  cpSync(join(root, 'dist/src'), join(folder, 'dist/src'), { recursive: true });
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
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
  copyInto(inner);
  execFileSync('chmod', [mode.toString(8), folder]);
  return join(inner, 'dist/src/cli.js');
}
