import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { succeed, wrap } from '../../../../src/uapi/envelope/envelope.ts';
import { resultBody } from '../../../../src/uapi/envelope/result-json.ts';

const name = { module: 'Ftp', func: 'list_sessions' };

test('a body is byte for byte what JSON says, however many rows it has and whatever is in them', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('ä€😀', '"\\', '\ud800', ''),
  );
  const row = fc.oneof(fc.dictionary(text, text), fc.constantFrom(null, 1, 'text', true));
  // As many as to be on either side of where rows are put together in parts.
  const count = fc.constantFrom(0, 1, 2, 63, 64, 65, 127, 128, 129, 300);
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 20 }), count, (some, rows) => {
      const data = Array.from({ length: rows }, (_, index) => some[index % some.length]);
      for (const given of [data, some[0]]) {
        const result = succeed({
          data: given,
          metadata: { transformed: 1 },
          warnings: [{ code: 'c', text: '“w”' }],
        });
        const body = resultBody(result, (each) => wrap(name, each));
        const expected = Buffer.from(JSON.stringify(wrap(name, result)));
        assert.deepEqual(Buffer.from(body), expected);
      }
    }),
    { numRuns: 200 },
  );
});

test('an envelope that shows the rows twice, or not at all, has them as it shows them', () => {
  for (const rows of [2, 200]) {
    const result = succeed({ data: Array.from({ length: rows }, (_, pid) => ({ pid })) });
    for (const envelope of [
      ({ data }: typeof result) => ({ data, again: data }),
      () => ({ nothing: null }),
    ]) {
      const body = resultBody(result, envelope);
      assert.equal(body.toString(), JSON.stringify(envelope(result)));
    }
  }
});
