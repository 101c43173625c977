import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trackIssued } from '../../../src/collector/issued.ts';
import { localHost, type SessionIdentity } from '../../../src/sessions/identity.ts';
import { everybody } from '../../../src/sessions/scope.ts';
import type { FtpSession } from '../../../src/sessions/session.ts';
import { ftpSession, snapshot } from '../../support/app.ts';
import { until } from '../../support/until.ts';

/** A FAKE of a host, whose processes come and go by thousands. */
function createHost() {
  const living = new Map<number, string>();
  let shown: FtpSession[] = [];
  let asked = 0;
  const { sessions, wasListed } = trackIssued(
    { snapshot: async () => snapshot({ sessions: shown }) },
    {
      living: async (processes) => {
        asked += processes.length;
        const there = processes.filter(({ pid, startTime }) => living.get(pid) === startTime);
        return new Set(there.map(({ pid }) => pid));
      },
    },
  );
  return {
    wasListed,
    asked: () => asked,
    show: async (identities: readonly SessionIdentity[]) => {
      for (const { pid, startTime } of identities) living.set(pid, startTime);
      shown = identities.map((identity) => ftpSession(identity));
      await sessions.snapshot(everybody);
    },
    end: (pid: number) => living.delete(pid),
  };
}

test('what was shown counts, with its very start, and what was not does not', async () => {
  const host = createHost();
  const session = { host: localHost, pid: 7, startTime: '100' };
  assert.equal(host.wasListed(session), false);
  await host.show([session]);
  await host.show([]);
  assert.equal(host.wasListed(session), true);
  assert.equal(host.wasListed({ ...session, startTime: '1000' }), false);
  assert.equal(host.wasListed({ ...session, pid: 70 }), false);
  assert.equal(host.wasListed({ ...session, host: 'web2' }), false);
  await host.show([{ ...session, startTime: '200' }]);
  assert.equal(host.wasListed(session), false);
});

test('of a million sessions that came and went a few thousand are remembered, and every living one', async () => {
  const host = createHost();
  const stays = { host: localHost, pid: 1, startTime: 'first' };
  await host.show([stays]);
  const all: SessionIdentity[] = [];
  for (let pid = 2; pid < 1_000_000; pid += 1000) {
    const batch = Array.from({ length: 1000 }, (_, index) => ({
      host: localHost,
      pid: pid + index,
      startTime: '1',
    }));
    await host.show(batch);
    for (const each of batch) host.end(each.pid);
    all.push(...batch);
  }
  const remembered = () => all.filter((each) => host.wasListed(each)).length;
  await until(
    async () => {
      await host.show([stays]);
      return remembered() < 10_000;
    },
    // Looking for all of them takes as long as hundreds of steps of forgetting, which wait meanwhile.
    { what: 'the ended ones are forgotten', timeoutMs: 60_000, everyMs: 500 },
  );
  assert.equal(host.wasListed(stays), true);
  // Each was asked for once or twice, not at every scan.
  assert.ok(host.asked() < 3_000_000, `${host.asked()}`);
});
