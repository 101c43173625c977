import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, type TestContext, test } from 'node:test';
import type { HostDaemon } from '../../support/host-daemons.ts';
import { startServer } from '../../support/http.ts';
import type { PureFtpdOptions } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { lengthenRecord } from '../../support/spoilt-records.ts';
import { users } from '../../support/users.ts';
import { collectThrough, tables } from '../daemons/pure-ftpd/sources.ts';
import { openStores, type Stores } from './callers.ts';
import { getAll, show } from './credentials.ts';
import { leaveAll, type Plan, pay, plans, startFtpServer, type Visit } from './visits.ts';

const skip = needsSandbox();

const ofAlice = (plan: Plan) => plan.owner === users.alice;
const ofBob = (plan: Plan) => plan.owner === users.bob;
const nobody = { cookie: '', prefix: '' };

let stores: Stores;
beforeEach(async () => {
  if (skip === false) stores = await openStores();
});
afterEach(() => {
  if (skip === false) stores.remove();
});

/** What each asks for its sessions is answered, as a body. */
async function ask(source: string, names: readonly string[]) {
  const table = tables[source]?.();
  assert.ok(table);
  const server = await startServer(stores.services(collectThrough(table)));
  const requests = names.map((name) => ({
    target: '/execute/Ftp/list_sessions',
    header: show(name, 'cpanel', stores.secretsOf(name), nobody).header,
  }));
  const answers = await getAll(server, requests).finally(() => server.close());
  return answers.map(({ body }) => body);
}

async function start(t: TestContext, options: PureFtpdOptions = {}): Promise<HostDaemon> {
  const ftpd = await startFtpServer(options);
  t.after(() => ftpd.stop());
  return ftpd;
}

const flat = (visits: readonly Visit[]) =>
  JSON.stringify({
    data: visits.map(({ row }) => row),
    errors: null,
    messages: null,
    metadata: { transformed: 1 },
    status: 1,
    warnings: null,
  });

for (const source of ['procfs', 'procfs kept open']) {
  describe(`through ${source}`, { skip }, () => {
    // A fake of another layout, since no build at hand has one: the real records of some sessions are
    // made longer.
    test('who has records of an unknown layout is told so, and nobody else', async (t) => {
      const ftpd = await start(t);
      const own = await pay([ftpd], plans.filter(ofAlice));
      const foreign = await pay([ftpd], plans.filter(ofBob));
      for (const visit of foreign) lengthenRecord(visit.row.pid);
      const names = ['alice', 'bob', 'admin', 'roy', 'bobby'];
      const [alice, bob, admin, roy, bobby] = await ask(source, names);
      assert.equal(alice, flat(own));
      assert.equal(bobby, flat([]));
      for (const told of [bob, admin, roy]) {
        assert.match(JSON.parse(told ?? '').warnings[0], /layout.* not known for 3 sessions/);
      }
      await leaveAll([...own, ...foreign]);
    });

    test('a daemon that sets no titles is a matter of those who are connected to it', async (t) => {
      const titled = await start(t);
      const untitled = await start(t, { titlesOff: true });
      const own = await pay([titled], plans.filter(ofAlice));
      const foreign = await pay([untitled], plans.filter(ofBob));
      const [alice, bob, admin] = await ask(source, ['alice', 'bob', 'admin']);
      assert.equal(alice, flat(own));
      for (const told of [bob, admin]) {
        assert.match(JSON.parse(told ?? '').warnings[0], /titles; the status of 3 sessions/);
      }
      await leaveAll([...own, ...foreign]);
    });
  });
}
