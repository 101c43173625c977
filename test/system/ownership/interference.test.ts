import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { HostDaemon } from '../../support/host-daemons.ts';
import { startServer, type TestServer } from '../../support/http.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { giveRecordAway } from '../../support/spoilt-records.ts';
import { collectThrough, tables } from '../daemons/pure-ftpd/sources.ts';
import { type Caller, callers, openStores, type Stores, sees } from './callers.ts';
import { getAll, type Login, logIn, show } from './credentials.ts';
import { doors } from './doors.ts';
import { filters, plainQuestion, transforms } from './questions.ts';
import { type SharedLooks, shareLooks } from './shared-looks.ts';
import {
  isProvenBy,
  leaveAll,
  type Plan,
  pay,
  plansOfAll,
  startFtpServers,
  stopAll,
  type Visit,
} from './visits.ts';

const skip = needsSandbox();

let ftpds: HostDaemon[] = [];
let stores: Stores;
before(async () => {
  if (skip !== false) return;
  ftpds = await startFtpServers();
  stores = await openStores();
});
after(async () => {
  if (skip !== false) return;
  await stopAll(ftpds);
  stores.remove();
});

/** Callers who see the same sessions, with those. */
function groups(): Map<string, Caller[]> {
  const found = new Map<string, Caller[]>();
  for (const caller of callers.filter(({ role }) => role !== 'admin')) {
    const { uids, logins = ['no account of logins'] } = caller;
    const key = JSON.stringify([[...uids].sort(), [...logins].sort()]);
    found.set(key, [...(found.get(key) ?? []), caller]);
  }
  return found;
}

const isOf =
  (caller: Caller) =>
  ({ daemon, owner, login }: Plan) =>
    sees(caller, {
      uid: owner.uid,
      isUserProven: isProvenBy(daemon),
      row: { user: login },
    });

/** A server whose scans read the process table in this way, and what its callers show. */
interface Through {
  readonly look: 'procfs' | 'procfs kept open';
  readonly server: TestServer;
  readonly looks: SharedLooks;
  readonly logins: ReadonlyMap<string, Login>;
}

describe('an answer is the same byte for byte, whether others have sessions or not', {
  skip,
}, () => {
  const ways: Through[] = [];

  before(async () => {
    for (const look of ['procfs', 'procfs kept open'] as const) {
      const table = tables[look]?.();
      assert.ok(table);
      const looks = shareLooks(collectThrough(table));
      const server = await startServer(stores.services(looks));
      const logins = new Map<string, Login>();
      for (const { name } of callers) {
        logins.set(name, await logIn(server, name, stores.secretsOf(name).password));
      }
      ways.push({ look, server, looks, logins });
    }
  });
  after(() => Promise.all(ways.map(({ server }) => server.close())));

  /** Everything that an answer tells: status line, headers but the date, and body. */
  async function answersFor(
    caller: Caller,
    { look, server, logins }: Through,
    terms: readonly Visit[],
  ): Promise<string[]> {
    const login = logins.get(caller.name);
    assert.ok(login);
    const all = [...filters(terms.map(({ row }) => row)), ...transforms];
    // The plain look takes its time.
    const some = look === 'procfs' ? all.filter((_, index) => index % 7 === 0) : all;
    const requests = doors
      .filter(({ forAdministrators }) => !forAdministrators || caller.role !== 'user')
      .flatMap((door) =>
        [plainQuestion, ...(door.name === 'execute' ? some : [])].map(({ params }) => {
          const shown = show(caller.name, 'cookie', stores.secretsOf(caller.name), login);
          const target = door.target(door.nameOf('list_sessions'), params, caller.name);
          return { target: shown.prefix + target, header: shown.header };
        }),
      );
    const answers = await getAll(server, requests);
    return answers.map(({ status, reasonPhrase, headers, body }) => {
      const told = headers.filter(([name]) => name !== 'date');
      return JSON.stringify([status, reasonPhrase, told, body]);
    });
  }

  for (const [key, group] of groups()) {
    const names = group.map(({ name }) => name).join(', ');
    test(`for ${names}`, async () => {
      const [first] = group;
      assert.ok(first, key);
      const own = await pay(ftpds, plansOfAll.filter(isOf(first)));
      // An account of logins is told when a login cannot be proven, which may be one of its own.
      const isForeign = (plan: Plan) =>
        !isOf(first)(plan) && (first.logins === undefined || isProvenBy(plan.daemon));
      // The same questions before, meanwhile and after, with terms that fit foreign sessions.
      let foreign = await pay(ftpds, plansOfAll.filter(isForeign).slice(0, 1));
      const terms = [...foreign];
      await leaveAll(foreign);
      const askers = ways.flatMap((way) => group.map((caller) => ({ way, caller })));
      const askAll = () => {
        for (const { looks } of ways) looks.renew();
        return Promise.all(askers.map(({ way, caller }) => answersFor(caller, way, terms)));
      };
      const before = await askAll();
      foreign = await pay(ftpds, plansOfAll.filter(isForeign));
      assert.ok(foreign[0]);
      if (first.logins === undefined) {
        giveRecordAway(foreign[0].row.pid);
        for (const way of ways) await assertWarned(way);
      }
      const meanwhile = await askAll();
      await leaveAll(foreign);
      const afterwards = await askAll();
      await leaveAll(own);
      for (const [index, { way, caller }] of askers.entries()) {
        const who = `${caller.name} through ${way.look}`;
        assert.deepEqual(meanwhile[index], before[index], who);
        assert.deepEqual(afterwards[index], before[index], who);
        const shown = own.filter(({ row }) => before[index]?.[0]?.includes(row.host));
        assert.equal(shown.length, caller.hasFeature ? own.length : 0, who);
      }
    });
  }

  /** The gap that a foreign session makes is there: whoever sees all is told of it. */
  async function assertWarned({ server, looks }: Through): Promise<void> {
    looks.renew();
    const { header } = show('admin', 'cpanel', stores.secretsOf('admin'), {
      cookie: '',
      prefix: '',
    });
    const [answer] = await getAll(server, [{ target: '/execute/Ftp/list_sessions', header }]);
    assert.match(JSON.parse(answer?.body ?? '').warnings?.[0] ?? '', /no entry for one session/);
  }
});
