import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { functions } from '../../../src/uapi/functions.ts';
import { createCleanup } from '../../support/cleanup.ts';
import { isWholeRun } from '../../support/extent.ts';
import type { HostDaemon } from '../../support/host-daemons.ts';
import { startAdministratorServer, startServer, type TestServer } from '../../support/http.ts';
import { isAlive } from '../../support/processes.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { collectThrough, scoreboardDirs, tables } from '../daemons/pure-ftpd/sources.ts';
import { type Caller, callers, openStores, type Stores, sees } from './callers.ts';
import { type ContainedVisits, containerAccounts, visitContainers } from './contained-visits.ts';
import {
  type Credential,
  credentials,
  getAll,
  type Login,
  logIn,
  type Port,
  ports,
  show,
} from './credentials.ts';
import { type Door, doors } from './doors.ts';
import { accountsOf } from './ftp-accounts.ts';
import { type Asked, argumentsFor, expectedAnswer, type Truth } from './oracle.ts';
import { filters, plainQuestion, type Question, steadyQuestion, transforms } from './questions.ts';
import { shareLooks } from './shared-looks.ts';
import {
  connectWithinSecond,
  leaveAll,
  pay,
  plansOfAll,
  startFtpServers,
  stopAll,
  type Visit,
} from './visits.ts';

const skip = needsSandbox();

let ftpds: HostDaemon[] = [];
let stores: Stores;
let truth: Truth;
let visits: Visit[] = [];
let inContainers: ContainedVisits;
let contained: readonly Visit[] = [];
const cleanup = createCleanup();
const strangers: { destroy(): void }[] = [];

before(async () => {
  if (skip !== false) return;
  ftpds = await startFtpServers();
  stores = await openStores(containerAccounts);
  inContainers = await visitContainers(cleanup);
  contained = await inContainers.learn(lookThrough('procfs kept open'));
  visits = await pay(ftpds, plansOfAll);
  const ftpPort = Math.min(...ftpds.map(({ port }) => port));
  truth = { ftpPort, visits: [...contained, ...visits] };
  // Nobody's sessions: connections that have not logged in.
  for (const [index, ftpd] of ftpds.entries()) {
    const { client } = await connectWithinSecond(ftpd, `127.0.${index}.51`);
    await client.command('USER bob@x');
    strangers.push(client);
  }
});
after(async () => {
  if (skip !== false) return;
  for (const each of strangers) each.destroy();
  await leaveAll(visits);
  await cleanup.run();
  await stopAll(ftpds);
  stores.remove();
});

const tooBusy = 'read the session log already: try again.';

type Look = 'procfs' | 'procfs kept open';

function lookThrough(look: Look) {
  const table = tables[look]?.() ?? assert.fail();
  const puredb = ftpds.map(({ accountsFile }) => accountsFile).find((file) => file !== undefined);
  const accountsIn = accountsOf(puredb ?? assert.fail('pure-ftpd has accounts of its own'));
  return collectThrough(table, scoreboardDirs, inContainers.rules, { accountsIn });
}

for (const look of ['procfs', 'procfs kept open'] as const) {
  describe(`through ${look}`, { skip }, () => {
    const servers = {} as Record<Port, TestServer>;
    const logins = new Map<string, Login>();

    before(async () => {
      const sessions = lookThrough(look);
      // A container is found within seconds, by a search beside the scans.
      await inContainers.learn(sessions);
      const services = stores.services(shareLooks(sessions));
      servers.account = await startServer(services);
      servers.administrator = await startAdministratorServer(services);
      for (const { name } of callers) {
        const { password } = stores.secretsOf(name);
        logins.set(name, await logIn(servers.account, name, password));
      }
    });
    after(() => Promise.all(Object.values(servers).map((server) => server.close())));

    /** Asks, and compares whole bodies. */
    async function check(t: TestContext, port: Port, all: readonly Asked[]): Promise<void> {
      const requests = all.map(({ caller, credential, door, named, func, question }) => {
        const login = logins.get(caller.name);
        assert.ok(login);
        const shown = show(caller.name, credential, stores.secretsOf(caller.name), login);
        const params = [...argumentsFor(func), ...question.params];
        const target = door.target(door.nameOf(func), params, named);
        return { target: shown.prefix + target, header: shown.header };
      });
      const answers = await getAll(servers[port], requests);
      assert.equal(answers.length, all.length);
      // Of an account's answers from the session log four wait to be taken: others are asked for again, one by one.
      for (const [index, request] of requests.entries()) {
        const isOfPast = all[index]?.func.startsWith('list_history') ?? false;
        if (!isOfPast || !answers[index]?.body.includes(tooBusy)) continue;
        const [again] = await getAll(servers[port], [request], 1);
        answers[index] = again ?? assert.fail();
      }
      for (const [index, asked] of all.entries()) {
        const { status, body } = answers[index] ?? {};
        const expected = expectedAnswer(asked, truth);
        const what = `${asked.caller.name} (${asked.credential}): ${requests[index]?.target}`;
        assert.equal(body, expected.body, what);
        assert.equal(status, expected.status, what);
      }
      t.diagnostic(`${all.length} requests`);
    }

    // What is done with the rows does not depend on the scan, and the plain one takes its time: there are
    // the scopes that it is asked for, which a door that names an account has all of.
    const isKept = look === 'procfs kept open';
    const shownAs = isKept ? credentials : (['cookie'] as const);
    const someDoors = isKept ? doors : doors.filter(({ name }) => name === 'execute');
    const scopeDoors =
      isKept || isWholeRun ? doors : doors.filter(({ name }) => /^execute$|uapi_cpanel/.test(name));
    const step = isKept ? 1 : 5;

    for (const port of ports) {
      test(`every role and function, and every account named, at ${scopeDoors.length} doors with ${shownAs.length} credentials at the ${port}’s port`, (t) =>
        check(t, port, [...everyFunction(port, shownAs, scopeDoors)]));

      test(`every role, ${isKept ? 'every' : 'some'} filter, sort, page and column, at ${someDoors.length} doors of the ${port}’s port`, (t) =>
        check(
          t,
          port,
          [...everyQuestion(port, someDoors)].filter((_, i) => i % step === 0),
        ));
    }

    test('nobody ends a session in a container of another account’s', async (t) => {
      const foreign = callers.flatMap((caller) =>
        contained.filter((visit) => !sees(caller, visit)).map((visit) => ({ caller, visit })),
      );
      const requests = foreign.flatMap(({ caller: { name }, visit: { steadyRow } }) => {
        const { pid, start, user } = steadyRow;
        const header = `Authorization: cpanel ${name}:${stores.secretsOf(name).token}`;
        return [
          `kill_session?pid=${pid}`,
          `kill_session?login=${user ?? 'all'}&pid=${pid}`,
          `end_session?pid=${pid}&start=${start}`,
        ].map((call) => ({ target: `/execute/Ftp/${call}`, header }));
      });
      const answers = await getAll(servers.account, requests);
      for (const [index, { body }] of answers.entries()) {
        assert.match(
          body,
          /There was no FTP session|There is no such FTP session|You do not have the feature/,
          requests[index]?.target,
        );
      }
      for (const { row } of contained) assert.ok(isAlive(row.pid), String(row.pid));
      t.diagnostic(`${answers.length} requests`);
    });
  });
}

/** Users act for themselves whatever they name, so that a few names do for them. */
function namesFor({ role }: Caller): (string | null)[] {
  const some = [null, '', 'nobody', 'bob'];
  return role === 'user' ? some : [...some, 'Alice', ...callers.map(({ name }) => name)];
}

function* everyFunction(
  port: Port,
  shownAs: readonly Credential[],
  some: readonly Door[],
): Generator<Asked> {
  for (const caller of callers) {
    for (const door of some) {
      const names = door.namesAccount ? namesFor(caller) : [null];
      for (const credential of shownAs) {
        const asked = { caller, port, credential, door };
        for (const { name: func, isList } of functions.filter(({ module }) => module === 'Ftp')) {
          for (const named of isList ? names : [caller.name]) {
            const question = func === 'list_transfers' ? steadyQuestion : plainQuestion;
            yield { ...asked, named, func, question };
          }
          if (!isList) yield { ...asked, named: caller.name, func, question: aFilter };
        }
      }
    }
  }
}

/** Which a function that gives no list ignores. */
const aFilter: Question = { ...plainQuestion, params: [['api.filter_column', 'user']] };

function* everyQuestion(port: Port, some: readonly Door[]): Generator<Asked> {
  const admitted = callers.filter(({ role }) => port === 'account' || role !== 'user');
  for (const [turn, caller] of admitted.entries()) {
    // What somebody would look for who wants to know of another's session.
    const isForeign = (visit: Visit) => !sees(caller, visit);
    const hidden = contained.find((visit) => visit.row.user !== '' && isForeign(visit));
    const foreign =
      (turn % 2 === 0 ? hidden : undefined) ?? visits.findLast(isForeign) ?? visits[1];
    const questions = [...filters(foreign === undefined ? [] : [foreign.row]), ...transforms];
    // The credentials take turns; "whm" is refused to users.
    const possible = credentials.filter((each) => each !== 'whm' || caller.role !== 'user');
    for (const door of some) {
      if (door.forAdministrators && caller.role === 'user') continue;
      for (const [index, question] of questions.entries()) {
        const credential = possible[index % possible.length] ?? 'cpanel';
        const named = door.namesAccount && caller.role !== 'user' ? caller.name : null;
        yield { caller, port, credential, door, named, func: 'list_sessions', question };
      }
    }
  }
}
