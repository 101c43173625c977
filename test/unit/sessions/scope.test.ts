import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  everybody,
  isLoginPattern,
  loginFilter,
  ofLogins,
  ofSystemUsers,
  ofUids,
  ofUidsOrLogins,
  scopeKey,
  sessionFilter,
  withContainersOf,
} from '../../../src/sessions/scope.ts';

test('a session in a container is in the scope of its account’s containers and in no other', () => {
  const session = {
    ownerUid: 1001,
    user: 'info@a.example',
    isUserProven: true,
    container: { name: 'docker:web', account: 'alice' },
  };
  const isIn = (scope: Parameters<typeof sessionFilter>[0]) => sessionFilter(scope)(session);
  const own = ofUidsOrLogins([1001], ['info@a.example']);
  assert.ok(isIn(everybody));
  assert.ok(isIn(withContainersOf(ofUids([]), ['alice'])));
  assert.ok(!isIn(own));
  assert.ok(!isIn(withContainersOf(own, ['bob'])));
  // Root's are nobody's, but for those of a container, whose uids mean nothing here.
  const { container: _, ...roots } = { ...session, ownerUid: 0 };
  assert.ok(isIn(withContainersOf(ofUids([]), ['alice'])));
  assert.ok(!sessionFilter(withContainersOf(ofUids([0]), ['alice']))(roots));
});

test('scopes of the same have one key, and of something else another', () => {
  const same = [
    [ofUids([7, 1001, 7]), ofUids([1001, 7])],
    [ofSystemUsers(['bob', 'al']), ofSystemUsers(['al', 'bob', 'bob'])],
    [ofLogins(['b', '*@a']), ofLogins(['*@a', 'b'])],
    [ofUidsOrLogins([2, 1], ['b', 'a']), ofUidsOrLogins([1, 2], ['a', 'b'])],
  ] as const;
  for (const [one, other] of same) assert.equal(scopeKey(one), scopeKey(other));
  const different = [
    everybody,
    ofUids([]),
    ofUids([1]),
    ofUids([1, 2]),
    ofUids([12]),
    ofSystemUsers([]),
    ofSystemUsers(['1']),
    ofSystemUsers(['a', 'b']),
    ofSystemUsers(['a,b']),
    ofSystemUsers(['a","b']),
    ofLogins(['1']),
    ofLogins(['a', 'b']),
    ofLogins(['a,b']),
    ofUidsOrLogins([1], ['1']),
    ofUidsOrLogins([1], ['2']),
    ofUidsOrLogins([2], ['1']),
    withContainersOf(ofUids([1]), ['a']),
    withContainersOf(ofUids([1]), ['a', 'b']),
    withContainersOf(ofLogins(['a']), ['a']),
  ];
  assert.equal(new Set(different.map(scopeKey)).size, different.length);
});

test('a pattern is a whole login, or one star and the end of some', () => {
  for (const text of ['alice', '*@shop.example', 'a b', 'ü', '用户', 'a'.repeat(256), '*x']) {
    assert.ok(isLoginPattern(text), text);
  }
  const wrong = ['', '*', '**', 'a*', '*a*', '*@*', 'a\0', 'a\n', 'a\u2028', '\uFFFD', '*\uFFFD'];
  for (const text of [...wrong, 'a'.repeat(257), '\u202Ea', '\uD800']) {
    assert.ok(!isLoginPattern(text), JSON.stringify(text));
    assert.throws(() => ofLogins([text]), RangeError);
  }
});

test('thousands of patterns cost a login a look-up for each of their lengths', () => {
  const patterns = Array.from({ length: 8_000 }, (_, index) => `*@shop-${index}.example`);
  let asked = 0;
  const counted = {
    length: 60,
    slice: (...args: [number]) => {
      asked += 1;
      return 'x'.repeat(60).slice(...args);
    },
  };
  assert.equal(loginFilter(patterns)(counted as unknown as string), false);
  assert.ok(asked <= 4, `${asked} ends are looked up`);
});

test('a login is named by its very text, with case and without normalisation', () => {
  const isNamed = loginFilter(['Dev', '*@shop.example', 'é']);
  const named = ['Dev', 'x@shop.example', '*@shop.example', 'a@b@shop.example', 'é'];
  const others = ['dev', 'Dev ', '@shop.example', 'x@SHOP.example', 'x@shop.example ', 'e\u0301'];
  for (const login of named) assert.ok(isNamed(login), login);
  for (const login of others) assert.ok(!isNamed(login), login);
  assert.ok(!loginFilter([])(''));
});
