import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStatsLine } from '../../../src/daemons/pure-ftpd/stats-line.ts';
import { createNamedSums } from '../../../src/session-log/transfer-sums.ts';

function lineOf(session: string, user: string, peer: string) {
  const line = parseStatsLine(`1764433400 ${session} ${user} ${peer} U 10 0 /x`);
  if (line?.session == null) throw new Error('the line is not of that form');
  return { ...line, session: line.session };
}

const session = { id: () => '1.1', user: () => 'alice', address: () => '192.0.2.7' };

test('made up logins and peers under one name of a session cost no more than lines do, and take nothing from it', () => {
  const sums = createNamedSums();
  sums.add(lineOf('1.1', 'alice', '192.0.2.7'));
  const cost = (count: number) => {
    const begun = process.cpuUsage();
    for (let number = 0; number < count; number += 1) sums.add(lineOf('1.1', 'a', `p${number}`));
    const { user, system } = process.cpuUsage(begun);
    return user + system;
  };
  cost(2_000);
  const [few, many] = [cost(5_000), cost(50_000)];
  // Ten times as many: with a look through all of them it was a hundred times.
  assert.ok(many < 40 * Math.max(few, 1_000), `${few} and ${many} µs`);
  assert.equal(sums.take(session)?.bytes, 10);
});
