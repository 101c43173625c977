import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isWholeRun } from '../support/extent.ts';
import { needsSandbox } from '../support/sandbox.ts';
import { readOptions } from './options.ts';
import { summary, totals } from './report.ts';
import { runSoak, type SoakResult } from './run-soak.ts';

const soak = fileURLToPath(new URL('soak.js', import.meta.url));

const sourceCount = 5;

/** Every source has shown sessions, pids were used again, and many were there at once. */
function isEnough(result: SoakResult): boolean {
  const { ledger, connected } = result;
  const sources = [...ledger.counters.values()];
  return (
    // One that has not answered yet is not among them.
    sources.length === sourceCount &&
    sources.every(({ rows }) => rows > 0) &&
    totals(result).rows >= 10_000 &&
    ledger.reusedPids > 0 &&
    connected.max >= 200
  );
}

/**
 * The short form of `npm run soak`, with the daemon that is the quickest to log in at: with starting
 * and leaving it takes some fifteen seconds, and goes on until enough was seen.
 */
test('every answer is true while 200 clients come and go', { skip: needsSandbox() }, async (t) => {
  const result = await runSoak({
    seconds: isWholeRun ? 10 : 6,
    clients: 240,
    daemons: ['pure-ftpd'],
    isEnough,
  });
  t.diagnostic(summary(result));
  assert.equal(totals(result).violations, 0, summary(result));
  const { ledger, connected } = result;
  assert.ok(connected.max >= 200, `${connected.max} clients at once`);
  assert.equal(ledger.waiting, 0);
  assert.equal(ledger.counters.size, sourceCount);
  assert.ok(isEnough(result), summary(result));
});

test('ends with 2 when it does not understand its arguments', () => {
  for (const args of [['--seconds', 'many'], ['--clients', '0'], ['--minutes', '1'], ['1']]) {
    assert.equal(readOptions(args), undefined, args.join(' '));
  }
  assert.equal(spawnSync(process.execPath, [soak, '--clients', '0']).status, 2);
});
