import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { plainEnv, program } from '../../support/cli-run.ts';

let folder: string;
let hook: string;

/** A hook of Node.js that writes down each module of the program as it is loaded. */
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'uapid-loading-'));
  const loader = join(folder, 'loader.mjs');
  writeFileSync(
    loader,
    `import { appendFileSync } from 'node:fs';
     export async function load(url, context, next) {
       appendFileSync(${JSON.stringify(join(folder, 'loaded'))}, url + '\\n');
       return next(url, context);
     }`,
  );
  hook = join(folder, 'hook.mjs');
  const url = JSON.stringify(pathToFileURL(loader).href);
  writeFileSync(hook, `import { register } from 'node:module'; register(${url});`);
});
after(() => rmSync(folder, { recursive: true }));

/** The program's files that a command reads. */
function filesOf(...args: string[]): string[] {
  const loaded = join(folder, 'loaded');
  rmSync(loaded, { force: true });
  execFileSync(process.execPath, ['--import', pathToFileURL(hook).href, program, ...args], {
    env: plainEnv({ UAPID_STATE_DIR: join(folder, 'state') }),
    maxBuffer: 16 * 1024 * 1024,
  });
  const own = pathToFileURL(dirname(program)).href;
  return readFileSync(loaded, 'utf8')
    .split('\n')
    .filter((url) => url.startsWith(own))
    .map((url) => fileURLToPath(url));
}

/** Whether Fastify is in one of these files, by the name of an error of its. */
const haveServer = (files: readonly string[]) =>
  files.some((file) => readFileSync(file, 'utf8').includes('FST_ERR_REP_ALREADY_SENT'));

test('the version reads no file that not every command reads', () => {
  const files = filesOf('--version');
  assert.ok(files.includes(program));
  for (const args of [['account', 'list'], ['role', 'list'], ['openapi']]) {
    const read = new Set(filesOf(...args));
    assert.deepEqual(
      files.filter((file) => !read.has(file)),
      [],
      args.join(' '),
    );
    assert.ok(read.size > files.length, args.join(' '));
  }
});

test('the help reads no server, and neither does the list of the accounts', () => {
  assert.ok(haveServer(filesOf('openapi')));
  for (const args of [['--help'], ['serve', '--help'], ['account', 'list']]) {
    assert.ok(!haveServer(filesOf(...args)), args.join(' '));
  }
});
