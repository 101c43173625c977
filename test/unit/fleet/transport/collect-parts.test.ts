import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maxPartBytes } from '../../../../src/fleet/messages/answer.ts';
import {
  PartCollector,
  type Place,
  readPlace,
} from '../../../../src/fleet/transport/collect-parts.ts';

const bytes = (text: string) => Buffer.from(text);

function collector() {
  const extra: string[] = [];
  const { signal } = new AbortController();
  const made = new PartCollector(signal);
  const add = (place: Place, part: Uint8Array) => {
    if (!made.add(place, part)) extra.push(Buffer.from(part).toString());
  };
  const text = async () => {
    const result = await made.result;
    return result.kind === 'answer'
      ? result.parts.map((part) => Buffer.from(part).toString()).join()
      : result.kind;
  };
  return { add, end: made.end.bind(made), extra, text };
}

test('parts come in any order, and those of another answer never take the place of one', async () => {
  const { add, extra, text } = collector();
  add({ part: 2, parts: 3 }, bytes('a2'));
  add({ part: 2, parts: 3 }, bytes('b2'));
  add({ part: 1, parts: 2 }, bytes('c1'));
  add({ part: 3, parts: 3 }, bytes('a3'));
  add({ part: 1, parts: 3 }, bytes('a1'));
  add({ part: 1, parts: 3 }, bytes('b1'));
  assert.equal(await text(), 'a1,a2,a3');
  assert.deepEqual(extra, ['b2', 'c1', 'b1']);
});

test('what has ended stays ended, and a part that is too long is none', async () => {
  const { add, end, extra, text } = collector();
  add({ part: 1, parts: 1 }, Buffer.alloc(maxPartBytes + 1));
  end('silent');
  end('absent');
  add({ part: 1, parts: 1 }, bytes('late'));
  assert.equal(await text(), 'silent');
  assert.deepEqual(extra, ['late']);
});

test('a place is a number of a number, of 64 at most', () => {
  assert.deepEqual(readPlace('2/64'), { part: 2, parts: 64 });
  for (const wrong of ['', '0/1', '2/1', '1/65', '1/1000', '1', '-1/2', '1/2/3', ' 1/2', '1.0/2']) {
    assert.equal(readPlace(wrong), null, wrong);
  }
});
