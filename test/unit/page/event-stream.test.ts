import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEventStream } from '../../../src/page/event-stream.ts';

function timed() {
  const clock = { now: 0 };
  return { clock, stream: createEventStream(() => clock.now) };
}

/** All that there is to read, null when there is nothing: from Node.js 26 on each read gives one piece. */
function readAll({ body }: ReturnType<typeof createEventStream>): string | null {
  let text: string | null = null;
  for (let piece = body.read(); piece !== null; piece = body.read()) {
    text = (text ?? '') + String(piece);
  }
  return text;
}

test('begins with when to try again, and writes events as the format asks', () => {
  const { stream } = timed();
  stream.send('sessions', '{"data":[]}');
  assert.equal(readAll(stream), 'retry: 1000\n\nevent: sessions\ndata: {"data":[]}\n\n');
});

test('says nothing twice', () => {
  const { stream } = timed();
  stream.send('a', '1');
  stream.send('b', '1');
  readAll(stream);
  stream.send('a', '1');
  assert.equal(readAll(stream), null);
  stream.send('a', '2');
  stream.send('a', '1');
  assert.equal(readAll(stream), 'event: a\ndata: 2\n\nevent: a\ndata: 1\n\n');
});

test('a beat comes when nothing else has come for some seconds', () => {
  const { clock, stream } = timed();
  readAll(stream);
  clock.now = 3_999;
  stream.beat();
  assert.equal(readAll(stream), null);
  clock.now = 4_000;
  stream.beat();
  stream.beat();
  assert.equal(readAll(stream), 'event: beat\ndata: {}\n\n');
});

test('is not ready while the reader takes nothing, and gives one up who never does', () => {
  const { clock, stream } = timed();
  assert.equal(stream.isReady(), true);
  stream.send('sessions', 'x'.repeat(1_000_000));
  assert.equal(stream.isReady(), false);
  readAll(stream);
  clock.now = 59_999;
  stream.send('sessions', 'y'.repeat(1_000_000));
  clock.now += 59_999;
  assert.equal(stream.isReady(), false);
  assert.equal(stream.body.destroyed, false);
  clock.now += 1;
  assert.equal(stream.isReady(), false);
  assert.equal(stream.body.destroyed, true);
});

test('what is said after its end is no error', () => {
  const { stream } = timed();
  stream.end();
  stream.send('sessions', '1');
  stream.beat();
  assert.equal(stream.isReady(), false);
});
