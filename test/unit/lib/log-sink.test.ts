import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createLogSink } from '../../../src/lib/log-sink.ts';
import { until } from '../../support/until.ts';

interface Loss {
  readonly count: number;
  readonly code: string;
}

/**
 * A sink of a descriptor, and what it said was lost. The descriptor stays open, since a write that is
 * under way at the end would reach whatever gets its number.
 */
function sinkOf(t: TestContext, fd: number) {
  const losses: Loss[] = [];
  const sink = createLogSink(fd, { onLost: (count, code) => losses.push({ count, code }) });
  t.after(() => sink.end());
  return { sink, losses };
}

/** A pipe that has a name, so that it can get another reader. */
function openPipe(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'uapid-sink-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const openReader = () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const reader = openReader();
  return { reader, openReader, writer: openSync(path, 'w'), path };
}

/** As Node.js opens a pipe that is its standard error. */
function nonBlocking(path: string): number {
  return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
}

/** Reads all that is there until `isAll` says so of all that was read so far, and resolves to that. */
async function readUntil(fd: number, isAll: (text: string) => boolean): Promise<string> {
  const chunks: string[] = [];
  const buffer = Buffer.alloc(65_536);
  const read = () => {
    try {
      for (let count = 1; count > 0; ) {
        count = readSync(fd, buffer);
        chunks.push(buffer.toString('latin1', 0, count));
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
    return isAll(chunks.join(''));
  };
  await until(read, { what: 'all of it can be read' });
  return chunks.join('');
}

/** Fills a pipe to its last byte; returns how many those were. */
function fill(fd: number): number {
  let count = 0;
  for (const size of [4_096, 1]) {
    try {
      for (;;) count += writeSync(fd, '-'.repeat(size));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
    }
  }
  return count;
}

const line = (number: number) => `${String(number).padStart(1_023, '.')}\n`;

test('a pipe that is not read for a time gets every line that there is room for, in order', async (t) => {
  const { reader, writer, path } = openPipe(t);
  closeSync(writer);
  t.after(() => closeSync(reader));
  const fd = nonBlocking(path);
  const filled = fill(fd);
  const { sink, losses } = sinkOf(t, fd);
  const lines = Array.from({ length: 500 }, (_, index) => line(index));
  for (const each of lines) sink.write(each);
  const all = filled + lines.join('').length;
  const text = await readUntil(reader, ({ length }) => length >= all);
  assert.equal(text.slice(filled), lines.join(''));
  assert.deepEqual(losses, []);
});

test('what a log has no room for is counted, told once it is written again, and never unbounded', async (t) => {
  const { reader, writer, path } = openPipe(t);
  closeSync(writer);
  t.after(() => closeSync(reader));
  const fd = nonBlocking(path);
  const filled = fill(fd);
  const { sink, losses } = sinkOf(t, fd);
  const count = 5_000;
  for (let index = 0; index < count; index += 1) sink.write(line(index));
  assert.equal(losses.length, 0);
  const isAll = ({ length }: string) => {
    const [loss] = losses;
    return loss !== undefined && length >= filled + (count - loss.count) * 1_024;
  };
  const text = await readUntil(reader, isAll);
  const kept = (text.length - filled) / 1_024;
  assert.deepEqual(losses, [{ count: count - kept, code: 'EAGAIN' }]);
  assert.ok(kept >= 1_000 && kept <= 1_100, String(kept));
  assert.equal(
    text.slice(filled),
    Array.from({ length: kept }, (_, index) => line(index)).join(''),
  );
});

test('a pipe whose reader has gone is written again when it has another', async (t) => {
  const { reader, writer, openReader, path } = openPipe(t);
  closeSync(writer);
  const { sink } = sinkOf(t, nonBlocking(path));
  closeSync(reader);
  sink.write('first\n');
  await new Promise(setImmediate);
  sink.write('second\n');
  const next = openReader();
  t.after(() => closeSync(next));
  const text = await readUntil(next, (all) => all.endsWith('second\n'));
  assert.equal(text, 'first\nsecond\n');
});

const unwritable = [
  { of: 'a full disk', open: () => openSync('/dev/full', 'w') },
  {
    of: 'a pipe that nobody reads',
    open: (t: TestContext) => {
      const { reader, writer, path } = openPipe(t);
      closeSync(writer);
      t.after(() => closeSync(reader));
      const fd = nonBlocking(path);
      fill(fd);
      return fd;
    },
  },
];
for (const { of, open } of unwritable) {
  test(`the end of a log on ${of} does not wait for it`, async (t) => {
    const { sink } = sinkOf(t, open(t));
    sink.write('first\n');
    await new Promise(setImmediate);
    sink.write('second\n');
    sink.end();
    sink.write('third\n');
  });
}

test('the end of a log writes what waits, and then each line at once', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'uapid-sink-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'log');
  const { sink } = sinkOf(t, openSync(path, 'a'));
  sink.end();
  sink.write('first\n');
  assert.equal(readFileSync(path, 'utf8'), 'first\n');
  sink.write('second\n');
  assert.equal(readFileSync(path, 'utf8'), 'first\nsecond\n');
});
