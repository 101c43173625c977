import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, before, beforeEach, test } from 'node:test';
import type { KeyPair, KeyPairNames } from '../../../src/tls/key-pair.ts';
import { KeyPairError } from '../../../src/tls/key-pair.ts';
import { openKeyPairFiles } from '../../../src/tls/key-pair-files.ts';
import { expiredPair, localPair, putPair, replaceFile } from '../../support/key-pairs.ts';

let old: KeyPair;
let renewed: KeyPair;
before(async () => {
  old = await localPair();
  renewed = await localPair();
});

let dir: string;
let paths: KeyPairNames;
let problems: string[];
let warnings: string[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'uapid-pair-'));
  paths = putPair(dir, old);
  problems = [];
  warnings = [];
});
afterEach(() => rmSync(dir, { recursive: true }));

const open = (from = paths) =>
  openKeyPairFiles(from, {
    onProblem: (message) => problems.push(message),
    onWarning: (message) => warnings.push(message),
  });

test('the pair is one and the same object until the files change, then the new one', () => {
  const source = open();
  const first = source.current();
  assert.deepEqual(first, old);
  assert.equal(source.current(), first);
  putPair(dir, renewed);
  assert.deepEqual(source.current(), renewed);
  assert.equal(source.current(), source.current());
  assert.deepEqual(problems, []);
});

test('while a renewal is half done the pair before stays, and the log says so once', () => {
  const source = open();
  replaceFile(paths.cert, renewed.cert);
  for (let connection = 0; connection < 3; connection++) assert.deepEqual(source.current(), old);
  assert.equal(problems.length, 1);
  assert.match(problems[0] ?? '', /key\.pem is not the key .*; the certificate before stays/);
  replaceFile(paths.key, renewed.key);
  assert.deepEqual(source.current(), renewed);
  assert.equal(problems.length, 1);
});

test('each change that cannot be taken over is told of once: damaged, gone, and back again', () => {
  const source = open();
  replaceFile(paths.key, 'nonsense');
  source.current();
  replaceFile(paths.key, 'other nonsense');
  source.current();
  rmSync(paths.cert);
  source.current();
  source.current();
  assert.equal(problems.length, 3, problems.join('\n'));
  assert.match(problems[2] ?? '', /cert\.pem cannot be read \(ENOENT\)/);
  putPair(dir, old);
  assert.deepEqual(source.current(), old);
  assert.equal(problems.length, 3);
});

test('a renewal that swaps symbolic links is seen, whether of the files or of their directory', () => {
  for (const [name, pair] of [
    ['1', old],
    ['2', renewed],
  ] as const) {
    mkdirSync(join(dir, name));
    putPair(join(dir, name), pair);
  }
  const link = (target: string, path: string) => {
    symlinkSync(target, `${path}.new`);
    renameSync(`${path}.new`, path);
  };
  const live = join(dir, 'live');
  link('1', live);
  const byDirectory = open({ cert: join(live, 'cert.pem'), key: join(live, 'key.pem') });
  const links = { cert: join(dir, 'c'), key: join(dir, 'k') };
  link('1/cert.pem', links.cert);
  link('1/key.pem', links.key);
  const byFile = open(links);
  link('2', live);
  link('2/cert.pem', links.cert);
  link('2/key.pem', links.key);
  assert.deepEqual([byDirectory.current(), byFile.current()], [renewed, renewed]);
});

test('what cannot be used at the start is an error that names the file', () => {
  assert.throws(
    () => open({ ...paths, cert: join(dir, 'none.pem') }),
    (error) =>
      error instanceof KeyPairError && /none\.pem cannot be read \(ENOENT\)$/.test(error.message),
  );
  assert.throws(() => open({ ...paths, key: dir }), /cannot be read \(no regular file\)$/);
  replaceFile(paths.key, renewed.key);
  assert.throws(() => open(), KeyPairError);
});

test('a certificate that has expired is used, with a warning', async () => {
  const expired = await expiredPair();
  putPair(dir, expired);
  const source = open();
  assert.deepEqual(source.current(), expired);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /^the certificate .*cert\.pem has expired/);
});
