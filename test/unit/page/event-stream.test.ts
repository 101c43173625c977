import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEventStream } from '../../../src/page/event-stream.ts';

function timed(lastEventId?: string) {
  const clock = { now: 0 };
  return { clock, stream: createEventStream(lastEventId, () => clock.now) };
}

const one = () => 'one';
const two = () => 'two';

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
  stream.update([['sessions', '{"data":[]}']], one);
  assert.equal(readAll(stream), 'retry: 1000\n\nevent: sessions\nid: one\ndata: {"data":[]}\n\n');
});

test('says nothing twice, and the id of a state with the last of its events', () => {
  const { stream } = timed();
  readAll(stream);
  const state = (a: string, b: string) =>
    [
      ['a', a],
      ['b', b],
    ] as const;
  stream.update(state('1', '1'), one);
  assert.equal(readAll(stream), 'event: a\ndata: 1\n\nevent: b\nid: one\ndata: 1\n\n');
  stream.update(state('1', '1'), () => assert.fail('no id is made of what is the same'));
  assert.equal(readAll(stream), null);
  stream.update(state('2', '1'), two);
  assert.equal(readAll(stream), 'event: a\nid: two\ndata: 2\n\n');
  stream.update(state('1', '2'), one);
  assert.equal(readAll(stream), 'event: a\ndata: 1\n\nevent: b\nid: one\ndata: 2\n\n');
});

test('a reader that has the first state is told so by a beat, and then what changes', () => {
  const { stream } = timed('one');
  readAll(stream);
  stream.update([['a', '1']], one);
  assert.equal(readAll(stream), 'event: beat\ndata: {}\n\n');
  stream.update([['a', '1']], one);
  assert.equal(readAll(stream), null);
  stream.update([['a', '2']], two);
  stream.update([['a', '1']], one);
  assert.equal(readAll(stream), 'event: a\nid: two\ndata: 2\n\nevent: a\nid: one\ndata: 1\n\n');
});

test('a reader that has another state gets the whole one', () => {
  const { stream } = timed('two');
  readAll(stream);
  stream.update([['a', '1']], one);
  assert.equal(readAll(stream), 'event: a\nid: one\ndata: 1\n\n');
});

test('the last event is what it ends with', () => {
  const { stream } = timed();
  readAll(stream);
  stream.end('over');
  assert.equal(readAll(stream), 'event: over\ndata: {}\n\n');
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
  stream.update([['sessions', 'x'.repeat(1_000_000)]], one);
  assert.equal(stream.isReady(), false);
  readAll(stream);
  clock.now = 59_999;
  stream.update([['sessions', 'y'.repeat(1_000_000)]], two);
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
  stream.update([['sessions', '1']], one);
  stream.beat();
  assert.equal(stream.isReady(), false);
});
