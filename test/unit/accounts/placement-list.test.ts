import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPlacementList } from '../../../src/accounts/placement-list.ts';
import { RefusedError } from '../../../src/lib/refused-error.ts';

const read = (bytes: string | Buffer) => readPlacementList(Buffer.from(bytes), 'places.json');
const refused = (text: RegExp) => (error: unknown) =>
  error instanceof RefusedError && error.reason === 'invalid' && text.test(error.message);

test('each account of the file has the places that stand there, whatever its name and the marks around it', () => {
  const text = ' {"alice": ["web1:alice", "web7:al"],\n"a\\"b: c" : [ "web1:x"], "nobody":[]}\n';
  const expected = [
    [
      'alice',
      [
        { host: 'web1', systemUser: 'alice' },
        { host: 'web7', systemUser: 'al' },
      ],
    ],
    ['a"b: c', [{ host: 'web1', systemUser: 'x' }]],
    ['nobody', []],
  ];
  for (const mark of ['', '\ufeff']) assert.deepEqual([...read(mark + text)], expected);
  assert.deepEqual([...read('{"__proto__":["web1:a"]}').keys()], ['__proto__']);
});

test('an account that stands there twice is an error, so that no place of it is lost', () => {
  const error = refused(/^in places\.json the account "alice" stands twice/);
  assert.throws(() => read('{"alice":["web1:a"],"bob":[],"alice":["web2:b"]}'), error);
  assert.throws(() => read('{"alice":["web1:a"],"al\\u0069ce":["web2:b"]}'), error);
});

test('a place that is none is named with its account and the file', () => {
  for (const place of ['web1alice', 'Web1:alice', ':alice', 'web1:', 'web1:a:b', 'web1:a b']) {
    const error = refused(/^in places\.json, of the account "bob": ".*" is no place of an account/);
    assert.throws(() => read(JSON.stringify({ alice: ['web1:a'], bob: [place] })), error, place);
  }
});

test('a file that is no such list is told as that, by its name', () => {
  for (const text of ['', '{alice', '{"alice":["web1:alice"]', '{"a":["web1:a"]}{}']) {
    assert.throws(() => read(text), refused(/^places\.json is no JSON$/), text);
  }
  for (const text of ['[]', 'null', '7', '"a"', '{"a":"web1:a"}', '{"a":null}', '{"a":[1]}']) {
    assert.throws(() => read(text), refused(/^places\.json is not of the form \{"alice"/), text);
  }
  // It would be another name than the one that was meant.
  const latin1 = Buffer.from('{"alice":["web1:j\xfcrgen"]}', 'latin1');
  assert.throws(() => read(latin1), refused(/^places\.json is not in UTF-8$/));
});
