import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAudit } from '../../../src/audit/audit.ts';

const login = { event: 'login', address: '192.0.2.7', account: 'bob', door: 'login' } as const;

test('an event is one write of one line, with the time of the event', () => {
  const written: string[] = [];
  const now = () => new Date('2026-11-23T21:00:00.000Z');
  createAudit((line) => written.push(line), { now }).record(login);
  assert.deepEqual(written, [
    'uapid-audit: 2026-11-23T21:00:00.000Z login address=192.0.2.7 account="bob" door=login\n',
  ]);
});

test('a log that cannot be written says so once, and again when it fails again', () => {
  const problems: string[] = [];
  let isFull = true;
  const audit = createAudit(
    () => {
      if (isFull) throw new Error('ENOSPC');
    },
    { onProblem: (message) => problems.push(message) },
  );
  audit.record(login);
  audit.record(login);
  assert.deepEqual(problems, ['the audit log cannot be written: ENOSPC']);
  isFull = false;
  audit.record(login);
  isFull = true;
  audit.record(login);
  assert.equal(problems.length, 2);
});
