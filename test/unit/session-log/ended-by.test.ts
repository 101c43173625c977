import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAudit } from '../../../src/audit/audit-line.ts';
import { readEndedBy } from '../../../src/session-log/ended-by.ts';

const end = {
  event: 'session-ended',
  address: null,
  account: 'alice',
  by: 'rita "x" pid=1 outcome=ended',
  host: 'localhost',
  pid: 47,
  start: '1234',
  login: 'pid=9 by="mallory"',
  outcome: 'ended',
} as const;
const lineOf = (facts: object) => `${formatAudit({ ...end, ...facts }, new Date(0))}\n`;

test('a line of the audit log tells on whose demand a session ended, whatever stands in its texts', () => {
  assert.deepEqual(readEndedBy(lineOf({})), { pid: 47, start: '1234', by: end.by });
  assert.equal(readEndedBy(lineOf({ outcome: 'killed' }))?.by, end.by);
});

test('whoever asked at a gateway is nobody of this host, whatever the name', () => {
  for (const via of ['gw1', 'g'.repeat(63)]) {
    assert.equal(readEndedBy(lineOf({ by: 'alice', via }))?.by, `alice via ${via}`);
  }
});

test('what has not ended, has no name or is on another host tells nothing', () => {
  for (const facts of [{ outcome: 'gone' }, { by: null }, { host: 'web1' }, { pid: null }]) {
    assert.equal(readEndedBy(lineOf(facts)), null, JSON.stringify(facts));
  }
});
