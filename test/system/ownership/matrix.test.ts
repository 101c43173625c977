import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { functions } from '../../../src/uapi/functions.ts';
import type { HostDaemon } from '../../support/host-daemons.ts';
import { startAdministratorServer, startServer, type TestServer } from '../../support/http.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { collectThrough, tables } from '../daemons/pure-ftpd/sources.ts';
import { type Caller, callers, openStores, type Stores, sees } from './callers.ts';
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
import { type Asked, argumentsFor, expectedAnswer, type Truth } from './oracle.ts';
import { filters, plainQuestion, type Question, steadyQuestion, transforms } from './questions.ts';
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
const strangers: { destroy(): void }[] = [];

before(async () => {
  if (skip !== false) return;
  ftpds = await startFtpServers();
  stores = await openStores();
  visits = await pay(ftpds, plansOfAll);
  truth = { ftpPort: Math.min(...ftpds.map(({ port }) => port)), visits };
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
  await stopAll(ftpds);
  stores.remove();
});

for (const look of ['procfs', 'procfs kept open'] as const) {
  describe(`through ${look}`, { skip }, () => {
    const servers = {} as Record<Port, TestServer>;
    const logins = new Map<string, Login>();

    before(async () => {
      const table = tables[look]?.();
      assert.ok(table);
      const services = stores.services(collectThrough(table));
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
      for (const [index, asked] of all.entries()) {
        const { status, body } = answers[index] ?? {};
        const expected = expectedAnswer(asked, truth);
        const what = `${asked.caller.name} (${asked.credential}): ${requests[index]?.target}`;
        assert.equal(body, expected.body, what);
        assert.equal(status, expected.status, what);
      }
      t.diagnostic(`${all.length} requests`);
    }

    // What is done with the rows does not depend on the scan, and the plain one takes its time.
    const isKept = look === 'procfs kept open';
    const shownAs = isKept ? credentials : (['cookie'] as const);
    const someDoors = isKept ? doors : doors.filter(({ name }) => name === 'execute');
    const step = isKept ? 1 : 5;

    for (const port of ports) {
      test(`every role, door and function, and every account named, with ${shownAs.length} credentials at the ${port}’s port`, (t) =>
        check(t, port, [...everyFunction(port, shownAs)]));

      test(`every role, ${isKept ? 'every' : 'some'} filter, sort, page and column, at ${someDoors.length} doors of the ${port}’s port`, (t) =>
        check(
          t,
          port,
          [...everyQuestion(port, someDoors)].filter((_, i) => i % step === 0),
        ));
    }
  });
}

/** Users act for themselves whatever they name, so that a few names do for them. */
function namesFor({ role }: Caller): (string | null)[] {
  const some = [null, '', 'nobody', 'bob'];
  return role === 'user' ? some : [...some, 'Alice', ...callers.map(({ name }) => name)];
}

function* everyFunction(port: Port, shownAs: readonly Credential[]): Generator<Asked> {
  for (const caller of callers) {
    for (const door of doors) {
      const names = door.namesAccount ? namesFor(caller) : [null];
      for (const credential of shownAs) {
        const asked = { caller, port, credential, door };
        for (const { name: func, isList } of functions) {
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
  for (const caller of admitted) {
    // What somebody would look for who wants to know of another's session.
    const foreign = visits.findLast((visit) => !sees(caller, visit)) ?? visits[1];
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
