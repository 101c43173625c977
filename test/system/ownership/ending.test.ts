import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RawAnswer, startServer, type TestServer } from '../../support/http.ts';
import { processStat } from '../../support/processes.ts';
import type { PureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { endingThrough } from '../collector/ending-through.ts';
import { tables } from '../daemons/pure-ftpd/sources.ts';
import { type Caller, callers, openStores, type Stores, sees } from './callers.ts';
import { getAll, show } from './credentials.ts';
import { doors } from './doors.ts';
import { leaveAll, pay, plans, startFtpServer, type Visit } from './visits.ts';

const skip = needsSandbox();
const nobodys = { login: 'no-such-login', pid: '1', start: '1' };
const isThere = ({ row }: Visit) => !['Z', undefined].includes(processStat(row.pid)?.state);

for (const source of ['procfs', 'procfs kept open', 'ps-list'] as const) {
  describe(`through ${source}`, { skip }, () => {
    let ftpd: PureFtpd;
    let stores: Stores;
    let server: TestServer;
    let visits: Visit[] = [];

    before(async () => {
      ftpd = await startFtpServer();
      stores = await openStores();
      const table = tables[source]?.();
      assert.ok(table);
      const { sessions, ender } = endingThrough(table);
      server = await startServer({ ...stores.services(sessions), sessionEnder: ender });
      visits = await pay(ftpd, plans);
    });
    after(async () => {
      await leaveAll(visits.filter(isThere));
      await server.close();
      await ftpd.stop();
      stores.remove();
    });

    /** Calls a function at the doors that let the caller in, with each set of arguments. */
    async function call(
      caller: Caller,
      func: string,
      questions: readonly (readonly (readonly [string, string])[])[],
      some = doors,
    ): Promise<RawAnswer[]> {
      const { header } = show(caller.name, 'cpanel', stores.secretsOf(caller.name), {
        cookie: '',
        prefix: '',
      });
      const admitting = some.filter((door) => !door.forAdministrators || caller.role !== 'user');
      const targets = admitting.flatMap((door) =>
        questions.map((params) => door.target(func, params, caller.name)),
      );
      return getAll(
        server,
        targets.map((target) => ({ target, header })),
      );
    }

    for (const caller of callers.filter(({ role }) => role !== 'admin')) {
      test(`${caller.name} ends nobody else’s session, and is told nothing of it`, async () => {
        const foreign = visits.filter((visit) => !sees(caller, visit));
        assert.ok(foreign.length > 0);
        const logins = [...new Set(foreign.map(({ row }) => row.user)), nobodys.login];
        const killed = await call(
          caller,
          'kill_session',
          logins.map((login) => [['login', login]]),
        );
        const identities = foreign.map(({ row }) => ({
          pid: String(row.pid),
          start: processStat(row.pid)?.startTime ?? '',
        }));
        const ended = await call(
          caller,
          'end_session',
          [...identities, nobodys].map(({ pid, start }) => [
            ['pid', pid],
            ['start', start],
          ]),
        );
        // At each door the last question is about a session that nobody has.
        assertAllAlike(killed, logins);
        assertAllAlike(ended, [...identities.map(() => ''), '']);
        assert.ok(visits.every(isThere));
      });
    }

    for (const name of ['rob', 'ghost', 'plain', 'zero', 'alice-shop', 'bob', 'rita', 'admin']) {
      test(`${name} ends all of its own, and those alone`, async () => {
        const caller = callers.find((each) => each.name === name);
        assert.ok(caller);
        const own = visits.filter((visit) => caller.hasFeature && sees(caller, visit));
        const some = doors.filter((door) => door.name === 'execute');
        const [answer] = await call(caller, 'kill_session', [[]], some);
        for (const visit of visits) {
          assert.equal(isThere(visit), !own.includes(visit), visit.row.user);
        }
        const { messages } = JSON.parse(answer?.body ?? '') as { messages: string[] | null };
        const count = `${own.length} FTP sessions were ended.`;
        const none = caller.hasFeature ? ['There was no FTP session to end.'] : null;
        assert.deepEqual(messages, own.length === 0 ? none : [count]);
        visits = visits.filter(isThere);
        visits.push(
          ...(await pay(
            ftpd,
            plans.filter((plan) => sees(caller, plan.owner)),
          )),
        );
      });
    }
  });
}

/** What is told of each is what is told of the last of its door, but for the name that was given. */
function assertAllAlike(answers: readonly RawAnswer[], names: readonly string[]): void {
  for (let from = 0; from < answers.length; from += names.length) {
    const atDoor = answers.slice(from, from + names.length).map(({ headers, body }, index) => {
      const told = body.replace(JSON.stringify(names[index] ?? '').slice(1, -1), '');
      const apart = ['date', 'content-length', 'connection', 'keep-alive'];
      return [told, headers.filter(([name]) => !apart.includes(name))];
    });
    for (const each of atDoor) assert.deepEqual(each, atDoor.at(-1));
  }
}
