import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { HostDaemon } from '../../support/host-daemons.ts';
import { type RawAnswer, startServer, type TestServer } from '../../support/http.ts';
import { isAlive, processStat } from '../../support/processes.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { endingThrough } from '../collector/ending-through.ts';
import { tables } from '../daemons/pure-ftpd/sources.ts';
import { type Caller, callers, openStores, type Stores, sees } from './callers.ts';
import { type Credential, getAll, show } from './credentials.ts';
import { type Door, doors, type Params } from './doors.ts';
import { leaveAll, pay, plansOfAll, startFtpServers, stopAll, type Visit } from './visits.ts';

const skip = needsSandbox();
const nobodys = { login: 'no-such-login', pid: '1', start: '1' };
const execute = doors.find(({ name }) => name === 'execute') as Door;
const restricted = callers.filter(({ role }) => role !== 'admin');
const isThere = ({ row }: Visit) => isAlive(row.pid);

let ftpds: HostDaemon[] = [];
let stores: Stores;
let visits: Visit[] = [];

before(async () => {
  if (skip !== false) return;
  ftpds = await startFtpServers();
  stores = await openStores();
});
after(async () => {
  if (skip !== false) return;
  await leaveAll(visits.filter(isThere));
  await stopAll(ftpds);
  stores.remove();
});

/**
 * Pays the visits that are not there, at all daemons at once and one after the other at each: of many
 * that come at once ProFTPD leaves some without a record. Their order does not matter here.
 */
async function payMissing(): Promise<void> {
  visits = visits.filter(isThere);
  const missing = plansOfAll.filter(({ from }) => visits.every(({ row }) => row.host !== from));
  const paid = ftpds.map((ftpd) =>
    pay(
      [ftpd],
      missing.filter(({ daemon }) => daemon === ftpd.name),
    ),
  );
  visits.push(...(await Promise.all(paid)).flat());
}

for (const source of ['procfs', 'procfs kept open', 'ps-list'] as const) {
  describe(`through ${source}`, { skip }, () => {
    let server: TestServer;

    before(async () => {
      const table = tables[source]?.();
      assert.ok(table);
      const { sessions, ender } = endingThrough(table);
      server = await startServer({ ...stores.services(sessions), sessionEnder: ender });
    });
    after(() => server.close());

    /** The requests for a function, at doors that let the caller in, with each set of arguments. */
    function requests(
      caller: Caller,
      func: string,
      questions: readonly Params[],
      some: readonly Door[],
      credential: Credential = 'cpanel',
    ) {
      const { header } = show(caller.name, credential, stores.secretsOf(caller.name), {
        cookie: '',
        prefix: '',
      });
      return some
        .filter((door) => !door.forAdministrators || caller.role !== 'user')
        .flatMap((door) => questions.map((params) => door.target(func, params, caller.name)))
        .map((target) => ({ target, header }));
    }

    describe('of foreign sessions', () => {
      // A door does not depend on the scan, and all but the one that servers use take their time.
      const some = source === 'procfs kept open' ? doors : [execute];
      /** What became of each question, by the one who asked and the function. */
      const answers = new Map<string, Promise<RawAnswer[]>>();
      const foreignTo = (caller: Caller) => visits.filter((visit) => !sees(caller, visit));
      /** Those that no session of the caller's own has as well: those it would end. */
      const loginsOf = (caller: Caller) => {
        const isOwn = (login: string) =>
          visits.some((visit) => sees(caller, visit) && visit.row.user === login);
        const logins = [...new Set(foreignTo(caller).map(({ row }) => row.user))];
        return [...logins.filter((login) => !isOwn(login)), nobodys.login];
      };

      // All at once: `ps`, which takes its time, then runs for hundreds of questions and not for each.
      before(async () => {
        await payMissing();
        const asked = restricted.flatMap((caller) => {
          const foreign = foreignTo(caller);
          const identities = foreign.map(({ row }) => ({
            pid: String(row.pid),
            start: processStat(row.pid)?.startTime ?? '',
          }));
          const logins = loginsOf(caller).map((login): Params => [['login', login]]);
          const sessions = [...identities, nobodys].map(
            ({ pid, start }): Params => [
              ['pid', pid],
              ['start', start],
            ],
          );
          return [
            { key: `${caller.name} kill`, all: requests(caller, 'kill_session', logins, some) },
            { key: `${caller.name} end`, all: requests(caller, 'end_session', sessions, some) },
          ];
        });
        const together = getAll(
          server,
          asked.flatMap(({ all }) => all),
          64,
        );
        let from = 0;
        for (const { key, all } of asked) {
          const [begin, end] = [from, from + all.length];
          answers.set(
            key,
            together.then((each) => each.slice(begin, end)),
          );
          from = end;
        }
        await together;
      });

      for (const caller of restricted) {
        test(`${caller.name} ends nobody else’s session, and is told nothing of it`, async () => {
          const foreign = foreignTo(caller);
          assert.ok(foreign.length > 0);
          const [killed = [], ended = []] = [
            await answers.get(`${caller.name} kill`),
            await answers.get(`${caller.name} end`),
          ];
          // At each door the last question is about a session that nobody has.
          assertAllAlike(killed, loginsOf(caller));
          assertAllAlike(ended, [...foreign.map(() => ''), '']);
          assert.ok(visits.every(isThere));
        });
      }
    });

    test('no token that may only read ends a session, also none of its own account’s', async () => {
      await payMissing();
      const some = source === 'procfs kept open' ? doors : [execute];
      const all = callers.flatMap((caller) => {
        const own = visits.filter((visit) => sees(caller, visit));
        const named = own.map(
          ({ row }): Params => [
            ['pid', String(row.pid)],
            ['start', processStat(row.pid)?.startTime ?? ''],
          ],
        );
        return [
          ...requests(caller, 'kill_session', [[]], some, 'read-only'),
          ...requests(caller, 'end_session', named, some, 'read-only'),
        ];
      });
      const answers = await getAll(server, all, 64);
      for (const { body } of answers) {
        assert.match(
          body,
          /this API token may only read|do not have the feature|Could not find function/,
        );
      }
      assert.ok(visits.every(isThere));
    });

    for (const name of [
      'rob',
      'ghost',
      'plain',
      'zero',
      'alice-shop',
      'bob',
      'ends',
      'shop',
      'rory',
      'rita',
      'admin',
    ]) {
      test(`${name} ends all of its own, and those alone`, async () => {
        await payMissing();
        const caller = callers.find((each) => each.name === name);
        assert.ok(caller);
        const own = visits.filter((visit) => caller.hasFeature && sees(caller, visit));
        const [answer] = await getAll(server, requests(caller, 'kill_session', [[]], [execute]));
        for (const visit of visits) {
          assert.equal(isThere(visit), !own.includes(visit), visit.row.user);
        }
        const { messages } = JSON.parse(answer?.body ?? '') as { messages: string[] | null };
        if (own.length > 0) {
          // By force where a loaded machine takes longer over it than the ender waits.
          const [message = '', ...more] = messages ?? [];
          assert.match(
            message,
            new RegExp(`^${own.length} FTP sessions were ended(,.* by force)?\\.$`),
          );
          assert.deepEqual(more, []);
        } else {
          const none = caller.hasFeature ? ['There was no FTP session to end.'] : null;
          assert.deepEqual(messages, none);
        }
      });
    }
  });
}

/** What is told of each is what is told of the last of its door, but for the name that was given. */
function assertAllAlike(answers: readonly RawAnswer[], names: readonly string[]): void {
  assert.ok(answers.length >= names.length);
  for (let from = 0; from < answers.length; from += names.length) {
    const atDoor = answers.slice(from, from + names.length).map(({ headers, body }, index) => {
      const told = body.replace(JSON.stringify(names[index] ?? '').slice(1, -1), '');
      const apart = ['date', 'content-length', 'connection', 'keep-alive'];
      return [told, headers.filter(([name]) => !apart.includes(name))];
    });
    for (const each of atDoor) assert.deepEqual(each, atDoor.at(-1));
  }
}
