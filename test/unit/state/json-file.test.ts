import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { z } from 'zod';
import { openJsonFile } from '../../../src/state/json-file.ts';
import { StateFileError } from '../../../src/state/state-file-error.ts';

const schema = z.strictObject({ count: z.number() });
const isRoot = process.geteuid?.() === 0;

let dir: string;
let path: string;
let problems: string[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'uapid-json-'));
  path = join(dir, 'state', 'count.json');
  problems = [];
});
afterEach(() => rmSync(dir, { recursive: true }));

function open() {
  const onProblem = (message: string) => problems.push(message);
  return openJsonFile({ path, schema, initial: { count: 0 }, onProblem });
}

/** What a change leaves in the directory. */
const kept = ['count.json', 'count.json.last', 'count.json.lock'];

function put(text: string): void {
  mkdirSync(join(dir, 'state'), { recursive: true });
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

test('opening and reading create nothing, and a missing file is the initial state', () => {
  assert.deepEqual(open().read(), { count: 0 });
  assert.deepEqual(readdirSync(dir), []);
});

test('a change is there at once, in a private file in a private directory, with nothing beside it', async () => {
  const mask = process.umask(0);
  try {
    await open().update(({ count }) => ({ count: count + 1 }));
  } finally {
    process.umask(mask);
  }
  assert.deepEqual(open().read(), { count: 1 });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(join(dir, 'state')).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(join(dir, 'state')), kept);
});

test('no change gets lost when many are made at once', async () => {
  const files = [open(), open()];
  const increment = ({ count }: { count: number }) => ({ count: count + 1 });
  await Promise.all(Array.from({ length: 20 }, (_, i) => files[i % 2]?.update(increment)));
  assert.deepEqual(files[0]?.read(), { count: 20 });
});

test('a change that refuses leaves the file as it was and the lock free', async () => {
  const file = open();
  await file.update(() => ({ count: 3 }));
  const before = statSync(path, { bigint: true });
  const refuse = () => {
    throw new Error('refused');
  };
  await assert.rejects(file.update(refuse), /refused/);
  await file.update((state) => state);
  assert.deepEqual(statSync(path, { bigint: true }).mtimeNs, before.mtimeNs);
  assert.deepEqual(file.read(), { count: 3 });
});

test('a change from outside shows at the next read, and a file that stays is parsed once', () => {
  put('{"count": 1}');
  const file = open();
  const first = file.read();
  assert.equal(file.read(), first);
  put('{"count": 2}');
  assert.deepEqual(file.read(), { count: 2 });
});

test('a file that is removed changes nothing for who has it open, and is reported once', () => {
  const file = open();
  put('{"count": 1}');
  assert.deepEqual(file.read(), { count: 1 });
  rmSync(path);
  for (let i = 0; i < 3; i++) assert.deepEqual(file.read(), { count: 1 });
  assert.deepEqual(problems, [`${path} is missing; the last good state stays in force`]);
  put('{"count": 2}');
  assert.deepEqual(file.read(), { count: 2 });
});

test('a change after a removal is refused, and loses nothing of what was there', async () => {
  const running = open();
  await running.update(() => ({ count: 1 }));
  await running.update(() => ({ count: 2 }));
  rmSync(path);
  const wrong = { name: 'StateFileError', message: /is missing: move .*\.last to its place/ };
  assert.throws(open, wrong);
  await assert.rejects(
    running.update(() => ({ count: 9 })),
    wrong,
  );
  assert.deepEqual(running.read(), { count: 2 });
  renameSync(`${path}.last`, path);
  await open().update(({ count }) => ({ count: count + 1 }));
  assert.deepEqual(running.read(), { count: 3 });
});

test('who removes the last copy too begins anew', async () => {
  await open().update(() => ({ count: 1 }));
  for (const each of [path, `${path}.last`]) rmSync(each);
  assert.deepEqual(open().read(), { count: 0 });
});

test('a copy that cannot be kept keeps no change from being made', async () => {
  const file = open();
  await file.update(() => ({ count: 0 }));
  rmSync(`${path}.last`);
  mkdirSync(`${path}.last`);
  await file.update(() => ({ count: 1 }));
  assert.deepEqual(open().read(), { count: 1 });
  assert.deepEqual(readdirSync(join(dir, 'state')), kept);
});

test('a file that others may write, or own, is not believed and keeps the last good state', {
  skip: !isRoot && 'needs root',
}, () => {
  put('{"count": 1}');
  const file = open();
  const faults: [() => void, RegExp][] = [
    [() => chmodSync(path, 0o620), /may be written by others \(mode 620\)/],
    [() => chmodSync(path, 0o602), /may be written by others/],
    [() => chownSync(path, 12_345, 0), /belongs to another user \(uid 12345\)/],
  ];
  for (const [spoil, wanted] of faults) {
    put('{"count": 9}');
    spoil();
    for (let i = 0; i < 3; i++) assert.deepEqual(file.read(), { count: 1 });
    assert.match(problems.at(-1) ?? '', wanted);
    assert.throws(open, StateFileError);
  }
  assert.equal(problems.length, faults.length);
  put('{"count": 2}');
  assert.deepEqual(file.read(), { count: 2 });
});

test('a pipe in the place of the file is no reason to wait', () => {
  put('{"count": 1}');
  const file = open();
  rmSync(path);
  execFileSync('mkfifo', [path]);
  assert.deepEqual(file.read(), { count: 1 });
  assert.match(problems[0] ?? '', /no regular file/);
});

test('a damaged file changes nothing and is reported once per change, without its content', () => {
  put('{"count": 1}');
  const file = open();
  for (const damaged of ['{"count": hunter2', '', '{"count": "hunter2"}', '{"hunter2": 1}']) {
    put(damaged);
    for (let i = 0; i < 3; i++) assert.deepEqual(file.read(), { count: 1 });
  }
  assert.equal(problems.length, 4, problems.join('\n'));
  assert.ok(problems.every((text) => text.includes(path) && !text.includes('hunter2')));
  put('{"count": 5}');
  assert.deepEqual(file.read(), { count: 5 });
  assert.equal(problems.length, 4);
});

test('a file that cannot be read keeps the last good state until it can', () => {
  put('{"count": 1}');
  const file = open();
  rmSync(path);
  // A directory in its place cannot be read by root either.
  mkdirSync(path);
  for (let i = 0; i < 3; i++) assert.deepEqual(file.read(), { count: 1 });
  assert.equal(problems.length, 1);
  assert.match(problems[0] ?? '', /no regular file/);
  rmSync(path, { recursive: true });
  put('{"count": 2}');
  assert.deepEqual(file.read(), { count: 2 });
});

test('a damaged file stops opening and changing, and is not overwritten', async () => {
  const file = open();
  put('{"count"');
  assert.throws(open, StateFileError);
  await assert.rejects(
    file.update(() => ({ count: 9 })),
    StateFileError,
  );
  assert.deepEqual(file.read(), { count: 0 });
  put('{"count":1}');
  await file.update(({ count }) => ({ count: count + 1 }));
  assert.deepEqual(file.read(), { count: 2 });
});

test('root gives the file to the owner of the directory', {
  skip: !isRoot && 'needs root',
}, async () => {
  mkdirSync(join(dir, 'state'));
  chownSync(join(dir, 'state'), 12_345, 12_346);
  chmodSync(join(dir, 'state'), 0o700);
  await open().update(() => ({ count: 1 }));
  const { uid, gid } = statSync(path);
  assert.deepEqual({ uid, gid }, { uid: 12_345, gid: 12_346 });
});
