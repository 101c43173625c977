import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Metafile } from 'esbuild';
import { bundle } from '../../../build/bundle.ts';
import { copyBuilt } from '../../../build/copy-built.ts';
import { programs } from '../../../build/programs.ts';
import { projectRoot } from '../../support/debian-packages.ts';
import { needsSandbox } from '../../support/sandbox.ts';

/** What no line of the worker may reach, as test/unit/architecture.test.ts has it for the sources. */
const notForTheWorker = /^src\/(?:collector|scanner|monitor|control|os\/processes)\//;

describe('the program that ships', { skip: needsSandbox() }, () => {
  let [root, mounted] = ['', ''];
  let metafile: Metafile;
  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'uapid-bundled-'));
    for (const part of ['src', 'build/swagger-ui', 'package.json', 'dist/src/page/browser']) {
      cpSync(join(projectRoot(), part), join(root, part), { recursive: true });
    }
    const modules = join(root, 'node_modules');
    mkdirSync(modules);
    execFileSync('mount', ['--bind', join(projectRoot(), 'node_modules'), modules]);
    mounted = modules;
    metafile = await bundle(root);
  });
  after(() => {
    if (mounted !== '') execFileSync('umount', ['--lazy', mounted]);
    rmSync(root, { recursive: true, force: true });
  });

  /** The files that a start of a program reads: what it imports at once, and what that imports. */
  function readAtStart(program: string): string[] {
    const files = new Set<string>();
    const add = (path: string) => {
      if (files.has(path)) return;
      files.add(path);
      for (const { path: next, kind } of metafile.outputs[path]?.imports ?? []) {
        if (kind === 'import-statement' && next in metafile.outputs) add(next);
      }
    };
    add(`dist/src/${program}`);
    return [...files];
  }

  const sourcesOf = (path: string) => Object.keys(metafile.outputs[path]?.inputs ?? {});

  test('is shipped with each program of it', () => {
    const goal = join(root, 'shipped');
    copyBuilt(root, goal);
    for (const entry of programs) {
      const file = join(goal, 'dist/src', entry.replace(/\.ts$/, '.js'));
      assert.ok(existsSync(file), file);
    }
  });

  test('has the same bytes when it is built in another place from the same sources', () => {
    const [first, second] = ['first', 'second'].map((name) => join(root, name)) as [string, string];
    copyBuilt(projectRoot(), first);
    copyBuilt(root, second);
    const paths = readdirSync(first, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(first.length));
    assert.ok(paths.length > 40, `${paths.length} files`);
    for (const path of paths) {
      const same = readFileSync(join(first, path)).equals(readFileSync(join(second, path)));
      assert.ok(same, path);
    }
    assert.equal(
      readdirSync(second, { recursive: true }).length,
      readdirSync(first, { recursive: true }).length,
    );
  });

  test('is read at a start in a few files', () => {
    const counts = ['cli.js', 'http-worker.js', 'scanner.js', 'os/sockets/binder.js'].map(
      (program) => readAtStart(program).length,
    );
    assert.ok(
      counts.every((count) => count > 0 && count <= 24),
      `${counts}`,
    );
  });

  test('gives the worker no code of the collector, the monitor or the process table', () => {
    const sources = readAtStart('http-worker.js').flatMap(sourcesOf);
    assert.ok(sources.includes('src/worker/app.ts'));
    assert.deepEqual(
      sources.filter((path) => notForTheWorker.test(path)),
      [],
    );
    const scanner = readAtStart('scanner.js').flatMap(sourcesOf);
    assert.ok(
      scanner.some((path) => notForTheWorker.test(path)),
      'the walk finds such code',
    );
  });

  test('loads late what has the names of its exports, not a default alone', () => {
    const late = Object.values(metafile.outputs)
      .flatMap(({ imports }) => imports)
      .filter(({ kind, path }) => kind === 'dynamic-import' && path in metafile.outputs);
    const names = new Map(late.map(({ path }) => [path, metafile.outputs[path]?.exports ?? []]));
    assert.ok(
      [...names.values()].some((each) => each.includes('parseCookie')),
      'one of a package',
    );
    for (const [path, exported] of names) {
      assert.ok(
        exported.some((name) => name !== 'default'),
        path,
      );
    }
  });

  test('has the licences of Swagger UI and of what that is made of, for the very version that is in it', () => {
    const files = join(root, 'dist/src/page/swagger');
    const script = readFileSync(join(files, 'swagger-ui-bundle.js'), 'utf8');
    const [, version = ''] = /PACKAGE_VERSION:"([\d.]+)"/.exec(script) ?? [];
    const licences = readFileSync(join(root, 'dist/src/licences.txt'), 'utf8');
    const [, text = ''] = `\n${licences}`.split(`\nswagger-ui-dist ${version}: Apache-2.0\n`);
    assert.match(text, /^\s*Apache License\s+Version 2\.0, January 2004/);
    assert.match(text, /END OF TERMS AND CONDITIONS/);
    assert.match(text, /Copyright 2020-2021 SmartBear Software Inc\./);
    assert.match(text, /@license React/);
  });

  test('has the licence of every package that is in it, as text', () => {
    const licences = readFileSync(join(root, 'dist/src/licences.txt'), 'utf8');
    const folders = Object.keys(metafile.inputs).flatMap(
      (path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [],
    );
    assert.ok(folders.length > 100);
    for (const folder of new Set([...folders, 'node_modules/@fastify/swagger-ui'])) {
      const { name, version } = JSON.parse(
        readFileSync(join(root, folder, 'package.json'), 'utf8'),
      );
      const [, text = ''] = `\n${licences}`.split(`\n${name} ${version}: `);
      assert.match(
        text.slice(0, 600),
        /permission|licensed under|redistribution|apache license|released into the public domain/i,
        `${name}`,
      );
    }
  });
});
