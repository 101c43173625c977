import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { programs } from '../../build/programs.ts';

/**
 * The rooms of src/, low to high: a file imports from its own room and from lower levels. Rooms of
 * one level do not know each other.
 */
const levels: readonly (readonly string[])[] = [
  ['lib'],
  ['sessions', 'state'],
  ['os'],
  ['audit', 'tls', 'accounts', 'daemons'],
  ['config'],
  ['collector', 'http', 'session-log', 'fleet'],
  ['scanner'],
  ['channel', 'auth', 'access'],
  ['control'],
  ['uapi'],
  ['page', 'metrics'],
  ['terminal', 'check'],
  ['worker'],
  ['monitor'],
  ['commands'],
  // What programs import, in processes of their own.
  ['client'],
  ['entries'],
];

/** The files that lie in src/ itself: each is the entry of a program. */
const entries = [
  'cli.ts',
  'history-reader.ts',
  'http-worker.ts',
  'scanner.ts',
  'session-recorder.ts',
];

/** What no line of the worker may reach: the process that speaks with the network has no rights. */
const notForTheWorker = /^(?:collector|scanner|session-log|monitor|control|os\/processes)\//;

/** Of the daemons the worker may know what reads nothing: how each is described. */
const forTheWorker =
  /^daemons\/(?:descriptions?|settings|gap-text|gap-sentence|[^/]+\/description)\.ts$/;

/** Names nothing of the transport may be known outside these rooms. */
const knowFastify = /^(?:http|auth|uapi|page|metrics|worker)\/|^http-worker\.ts$/;

/** Names nothing of the messaging server's package may be known outside this folder. */
const knowNats = /^fleet\/transport\//;

const project = fileURLToPath(new URL('../../../', import.meta.url));

/** By file, relative to a source folder: the files that it imports, types included. */
type Imports = ReadonlyMap<string, readonly string[]>;

/** The code of a file by its path. */
type Sources = ReadonlyMap<string, string>;

function readSources(): Sources {
  const folder = join(project, 'src');
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const sources = paths.filter((path) => path.endsWith('.ts'));
  return new Map(sources.map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
}

/** What stands behind `from`, `import` and `import(`. */
function specifiersOf(code: string): string[] {
  const found = code.matchAll(/(?:\bfrom |^import |\bimport\()'([^']+)'/gm);
  return Array.from(found, ([, specifier]) => specifier ?? '');
}

function importsOf(sources: Sources): Imports {
  const resolved = (from: string, to: string) => normalize(join(dirname(from), to));
  return new Map(
    Array.from(sources, ([path, code]) => [
      path,
      specifiersOf(code)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => resolved(path, specifier)),
    ]),
  );
}

function roomOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : 'entries';
}

/** The imports that go up or sideways, and the rooms that no level names. */
function wrongArrows(imports: Imports): string[] {
  const level = new Map(levels.flatMap((rooms, index) => rooms.map((room) => [room, index])));
  const wrong: string[] = [];
  for (const [path, targets] of imports) {
    const from = level.get(roomOf(path));
    if (from === undefined) wrong.push(`${path} lies in a room that no level names`);
    for (const target of targets) {
      const to = level.get(roomOf(target)) ?? Infinity;
      const isAllowed = roomOf(path) === roomOf(target) || to < (from ?? -1);
      if (!isAllowed) wrong.push(`${path} → ${target}`);
    }
  }
  return wrong;
}

/** One cycle of imports as a path of files; null when there is none. */
function cycleOf(imports: Imports): string[] | null {
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): string[] | null => {
    const start = way.indexOf(path);
    if (start >= 0) return [...way.slice(start), path];
    if (done.has(path)) return null;
    for (const next of imports.get(path) ?? []) {
      const cycle = visit(next, [...way, path]);
      if (cycle !== null) return cycle;
    }
    done.add(path);
    return null;
  };
  for (const path of imports.keys()) {
    const cycle = visit(path, []);
    if (cycle !== null) return cycle;
  }
  return null;
}

/** All that runs when a file does: what it imports as values, and what that imports. */
function graphOf(entry: string, sources: Sources): Set<string> {
  const withoutTypes = new Map(
    Array.from(sources, ([path, code]) => [
      path,
      code.replace(/^(?:im|ex)port type [^;]*;$/gm, ''),
    ]),
  );
  const imports = importsOf(withoutTypes);
  const graph = new Set<string>();
  const add = (path: string) => {
    if (graph.has(path)) return;
    graph.add(path);
    for (const next of imports.get(path) ?? []) add(next);
  };
  add(entry);
  return graph;
}

function planted(sources: Sources, path: string, line: string): Sources {
  return new Map([...sources, [path, `${line}\n${sources.get(path) ?? ''}`]]);
}

const sources = readSources();
const imports = importsOf(sources);

describe('the rooms of src/', () => {
  test('every import resolves to a file', () => {
    const missing = Array.from(imports).flatMap(([path, targets]) =>
      targets
        // Of a file of data the compiler takes the type.
        .filter((target) => !sources.has(target) && !target.endsWith('.json'))
        .map((target) => `${path} → ${target}`),
    );
    assert.deepEqual(missing, []);
    assert.ok(imports.size > 200, 'the walk finds the files');
  });

  test('imports go down, never up and never between rooms of one level', () => {
    assert.deepEqual(wrongArrows(imports), []);
  });

  test('an import that goes up is found', () => {
    const wrong = planted(
      sources,
      'lib/log.ts',
      "import { createCall } from '../uapi/call/call.ts';",
    );
    assert.deepEqual(wrongArrows(importsOf(wrong)), ['lib/log.ts → uapi/call/call.ts']);
    const sideways = planted(
      sources,
      'audit/audit.ts',
      "import type {} from '../tls/key-pair.ts';",
    );
    assert.deepEqual(wrongArrows(importsOf(sideways)), ['audit/audit.ts → tls/key-pair.ts']);
  });

  test('no files import each other in a circle', () => {
    assert.equal(cycleOf(imports)?.join(' → '), undefined);
    const round = planted(sources, 'lib/frames.ts', "import '../channel/client.ts';");
    assert.ok(cycleOf(importsOf(round)));
  });

  test('docs/architecture.md tells of each of them, and of each program', () => {
    const text = readFileSync(join(project, 'docs/architecture.md'), 'utf8');
    const table = text.split('\n').filter((line) => line.startsWith('|'));
    const isTold = (name: string) => table.some((line) => line.includes(`\`${name}\``));
    const names = [...levels.flat().filter((room) => room !== 'entries'), ...entries];
    assert.deepEqual(
      names.filter((name) => !isTold(name)),
      [],
    );
  });

  test('src/ itself holds the entries and nothing else', () => {
    const loose = Array.from(sources.keys()).filter((path) => !path.includes('/'));
    assert.deepEqual(loose.sort(), entries);
  });
});

describe('the worker', () => {
  const isForbidden = (path: string) =>
    notForTheWorker.test(path) || (path.startsWith('daemons/') && !forTheWorker.test(path));
  const forbidden = (graph: Set<string>) => [...graph].filter(isForbidden);

  test('reaches no collector, no driver, no process table and nothing of the monitor', () => {
    assert.deepEqual(forbidden(graphOf('http-worker.ts', sources)), []);
  });

  test('reads no file of a fleet before it knows that it is in one', () => {
    const atOnce = (all: Sources) =>
      new Map(Array.from(all, ([path, code]) => [path, code.replace(/\bimport\('/g, '')]));
    const ofFleet = (all: Sources) =>
      [...graphOf('http-worker.ts', atOnce(all))].filter((path) => path.startsWith('fleet/'));
    assert.deepEqual(ofFleet(sources), []);
    const wrong = planted(sources, 'worker/app.ts', "import './fleet.ts';");
    assert.ok(ofFleet(wrong).length > 10);
  });

  test('a way from a description to a reader of that daemon is found', () => {
    const path = 'daemons/pure-ftpd/description.ts';
    assert.ok(graphOf('http-worker.ts', sources).has(path));
    const wrong = planted(sources, path, "import './title.ts';");
    assert.deepEqual(forbidden(graphOf('http-worker.ts', wrong)), ['daemons/pure-ftpd/title.ts']);
  });

  test('a way to the process table is found, however long', () => {
    const wrong = planted(
      sources,
      'uapi/envelope/envelope.ts',
      "import '../../os/processes/procfs.ts';",
    );
    assert.ok(forbidden(graphOf('http-worker.ts', wrong)).includes('os/processes/procfs.ts'));
  });
});

test('only what speaks HTTP knows Fastify', () => {
  const others = Array.from(sources)
    .filter(([path]) => !knowFastify.test(path))
    .filter(([, code]) => specifiersOf(code).some((name) => /^@?fastify/.test(name)))
    .map(([path]) => path);
  assert.deepEqual(others, []);
});

test('only the transport of a fleet knows NATS, and the worker loads it late', () => {
  const naming = Array.from(sources).filter(([, code]) => code.includes('@nats-io/'));
  assert.ok(naming.length > 0);
  assert.deepEqual(
    naming.filter(([path]) => !knowNats.test(path)).map(([path]) => path),
    [],
  );
  const early = naming.filter(([, code]) => /^import (?!type )[^;]*'@nats-io\//m.test(code));
  assert.deepEqual(
    early.map(([path]) => path),
    [],
  );
});

test('the tests of units lie where what they test lies', () => {
  const folder = join(project, 'test/unit');
  const tests = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts') && path !== 'architecture.test.ts')
    .map((path) => dirname(path));
  const folders = new Set(
    Array.from(sources.keys()).flatMap((path) => {
      const up: string[] = [];
      for (let at = dirname(path); at !== '.'; at = dirname(at)) up.push(at);
      return up;
    }),
  );
  assert.deepEqual(
    [...new Set(tests)].filter((path) => !folders.has(path)),
    [],
  );
  const loose = readdirSync(join(project, 'test'), { withFileTypes: true }).filter(
    (entry) => !entry.isDirectory(),
  );
  assert.deepEqual(
    loose.map(({ name }) => relative('.', name)),
    [],
  );
});

test('a program that is started by its URL is a file, and one of those that ship', () => {
  const missing: string[] = [];
  for (const [path, code] of sources) {
    for (const [, program = ''] of code.matchAll(/programFile\('([^']+)\.js'\)/g)) {
      if (!programs.includes(`${program}.ts`)) missing.push(`${path}: ${program}`);
    }
  }
  for (const folder of ['src', 'test']) {
    const paths = readdirSync(join(project, folder), { recursive: true, encoding: 'utf8' });
    for (const path of paths.filter((each) => each.endsWith('.ts'))) {
      const file = join(project, folder, path);
      const code = readFileSync(file, 'utf8');
      for (const [, url = ''] of code.matchAll(/new URL\('([^']+\.js)', import\.meta\.url\)/g)) {
        const source = join(dirname(file), url.replace(/\.js$/, '.ts'));
        if (!existsSync(source)) missing.push(`${folder}/${path}: ${url}`);
      }
    }
  }
  assert.deepEqual(missing, []);
});
