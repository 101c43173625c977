import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { HostDaemon } from '../../support/host-daemons.ts';
import { startAdministratorServer, startServer, type TestServer } from '../../support/http.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { collectThrough, tables } from '../daemons/pure-ftpd/sources.ts';
import { openStores, type Stores } from './callers.ts';
import { credentials, getAll, type Login, logIn, type Port, ports, show } from './credentials.ts';
import { type Door, doors } from './doors.ts';
import { leaveAll, pay, plans, startFtpServer, type Visit } from './visits.ts';

const skip = needsSandbox();

/** Who owns the sessions, and another customer who tries to see them with all that is his. */
const mine = 'alice';
const others = ['bob', 'bobby', 'bob@x', 'roy'];

let ftpd: HostDaemon;
let stores: Stores;
let visits: Visit[] = [];
const servers = {} as Record<Port, TestServer>;
const logins = new Map<string, Login>();

before(async () => {
  if (skip !== false) return;
  ftpd = await startFtpServer();
  stores = await openStores();
  visits = await pay([ftpd], plans.slice(0, 3));
  const table = tables['procfs kept open']?.();
  assert.ok(table);
  const services = stores.services(collectThrough(table));
  servers.account = await startServer(services);
  servers.administrator = await startAdministratorServer(services);
  for (const name of [mine, ...others]) {
    logins.set(name, await logIn(servers.account, name, stores.secretsOf(name).password));
  }
});
after(async () => {
  if (skip !== false) return;
  await Promise.all(Object.values(servers).map((server) => server.close()));
  await leaveAll(visits);
  await ftpd.stop();
  stores.remove();
});

const loginOf = (name: string): Login => {
  const login = logins.get(name);
  assert.ok(login);
  return login;
};

/** Asks every door at a port, naming me where a door takes a name. */
function askAll(port: Port, prefix: string, header: string, params: [string, string][] = []) {
  const requests = doors.map((door) => ({
    target: prefix + door.target(door.nameOf('list_sessions'), params, mine),
    header,
  }));
  return getAll(servers[port], requests);
}

function assertRefused(door: Door, answer: { status: number; body: string } | undefined): void {
  const { status, body } = answer ?? {};
  assert.deepEqual({ status, body }, door.refusal(door.nameOf('list_sessions')), door.name);
}

function assertNothingOfMine(body: string): void {
  for (const { row } of visits) {
    for (const value of [`"pid":${row.pid}`, `"pid":"${row.pid}"`, row.host]) {
      assert.ok(!body.includes(value), body);
    }
  }
}

test('what is mine opens every door that is mine', { skip }, async () => {
  assert.equal(visits.length, 3);
  for (const credential of ['basic', 'cpanel', 'cookie'] as const) {
    const shown = show(mine, credential, stores.secretsOf(mine), loginOf(mine));
    const answers = await askAll('account', shown.prefix, shown.header);
    for (const [index, { body }] of answers.entries()) {
      const isForUsers = !doors[index]?.forAdministrators;
      for (const { row } of visits) assert.equal(body.includes(row.host), isForUsers, body);
    }
  }
});

test('another’s password and token under my name open no door', { skip }, async () => {
  for (const other of others) {
    for (const port of ports) {
      for (const credential of ['basic', 'cpanel', 'whm'] as const) {
        const { header } = show(mine, credential, stores.secretsOf(other), loginOf(other));
        const answers = await askAll(port, '', header);
        for (const [index, door] of doors.entries()) assertRefused(door, answers[index]);
      }
    }
  }
});

test('another’s cookie with my security token, and mine with another’s, open no door', {
  skip,
}, async () => {
  for (const other of others) {
    const [own, foreign] = [loginOf(mine), loginOf(other)];
    const mixed = [
      { cookie: foreign.cookie, prefix: own.prefix },
      { cookie: own.cookie, prefix: foreign.prefix },
    ];
    for (const login of mixed) {
      for (const port of ports) {
        const { prefix, header } = show(mine, 'cookie', stores.secretsOf(mine), login);
        const answers = await askAll(port, prefix, header);
        for (const [index, door] of doors.entries()) assertRefused(door, answers[index]);
      }
    }
  }
});

test('whatever is another’s shows nothing of mine, whichever account the request names', {
  skip,
}, async () => {
  const named: [string, string][] = ['user', 'account', 'cpanel_jsonapi_user', 'cpanel.user'].map(
    (name) => [name, mine],
  );
  for (const other of others) {
    for (const credential of credentials) {
      const shown = show(other, credential, stores.secretsOf(other), loginOf(other));
      for (const port of ports) {
        for (const { body } of await askAll(port, shown.prefix, shown.header, named)) {
          assertNothingOfMine(body);
        }
      }
    }
  }
});
