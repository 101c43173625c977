import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAudit } from '../../../src/audit/audit.ts';

test('an event is one write of one line, with the time of the event', () => {
  const written: string[] = [];
  const now = () => new Date('2026-11-23T21:00:00.000Z');
  const login = { event: 'login', address: '192.0.2.7', account: 'bob', door: 'login' } as const;
  createAudit((line) => written.push(line), now).record(login);
  assert.deepEqual(written, [
    'uapid-audit: 2026-11-23T21:00:00.000Z login address=192.0.2.7 account="bob" door=login\n',
  ]);
});
