import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyOf } from '../../../../src/page/browser/session.ts';

test('sessions of one pid and start are two where their servers are, and one where there is none', () => {
  const session = { pid: 7, start: '1' };
  assert.notEqual(keyOf({ ...session, server: 'web1' }), keyOf({ ...session, server: 'web2' }));
  assert.equal(keyOf(session), keyOf({ ...session }));
});
