import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { needsSandbox } from '../support/sandbox.ts';
import { summary, totals } from './report.ts';
import { runSoak } from './run-soak.ts';

const soak = fileURLToPath(new URL('soak.js', import.meta.url));

/** The short form of `npm run soak`: with starting and leaving it takes about a minute. */
test('every answer is true while 200 clients come and go', { skip: needsSandbox() }, async (t) => {
  const result = await runSoak({ seconds: 40, clients: 240 });
  t.diagnostic(summary(result));
  assert.equal(totals(result).violations, 0, summary(result));
  const { ledger, connected } = result;
  assert.ok(connected.most >= 200, `${connected.most} clients at once`);
  assert.equal(ledger.waiting, 0);
  assert.equal(ledger.tallies.size, 5);
  for (const [source, { rows }] of ledger.tallies) assert.ok(rows > 0, source);
  assert.ok(totals(result).rows >= 3_000, `${totals(result).rows} rows`);
  assert.ok(ledger.reusedPids > 0, 'no pid was used again');
});

test('ends with 2 when it does not understand its arguments', () => {
  for (const args of [['--seconds', 'many'], ['--clients', '0'], ['--minutes', '1'], ['1']]) {
    assert.equal(spawnSync(process.execPath, [soak, ...args]).status, 2, args.join(' '));
  }
});
