import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FastifyRequest } from 'fastify';
import type { Account } from '../../../src/accounts/account.ts';
import { accountToActFor } from '../../../src/uapi/doors/act-for.ts';

function account(name: string, facts: Partial<Account> = {}): Account {
  const none = { ftpLogins: [], owner: null, features: [] };
  return { name, role: 'user', systemUser: name, ...none, ...facts };
}

const all = [
  account('admin', { role: 'admin', systemUser: null }),
  account('rita', { role: 'reseller' }),
  account('roy', { role: 'reseller' }),
  account('alice', { owner: 'rita' }),
  account('bob', { owner: 'rita.evil' }),
  account('carol'),
];
const directory = {
  find: (name: string) => all.find((each) => each.name === name),
  list: () => assert.fail('is not asked'),
  ownedBy: () => assert.fail('is not asked'),
  generation: () => undefined,
  verify: async () => false,
};

/** The name of the account that the caller acts for at a port; null for none. */
function actingFor(caller: string, named: string | undefined, localPort: number): string | null {
  // All that is read of a request.
  const request = { account: directory.find(caller), socket: { localPort } };
  return accountToActFor(request as FastifyRequest, named, directory)?.name ?? null;
}

const ports = { account: [2082, 2083, 8080], administrator: [2086, 2087] };
const everyPort = [...ports.account, ...ports.administrator];
const everyName = all.map(({ name }) => name);

test('an administrator acts for any account that exists', () => {
  for (const port of everyPort) {
    for (const named of everyName) assert.equal(actingFor('admin', named, port), named);
    assert.equal(actingFor('admin', 'nobody', port), null);
  }
});

test('a reseller acts for itself and for what it owns; what it does not own is as if it were not there', () => {
  for (const port of everyPort) {
    assert.equal(actingFor('rita', 'rita', port), 'rita');
    assert.equal(actingFor('rita', 'alice', port), 'alice');
    for (const named of ['admin', 'roy', 'bob', 'carol', 'nobody', 'Alice', 'alice ', 'null']) {
      assert.equal(actingFor('rita', named, port), null, named);
    }
    for (const named of everyName.filter((name) => name !== 'roy')) {
      assert.equal(actingFor('roy', named, port), null, named);
    }
  }
});

test('a user acts for itself, whatever it names', () => {
  for (const port of everyPort) {
    for (const named of [...everyName, 'nobody', '', undefined]) {
      assert.equal(actingFor('carol', named, port), 'carol');
    }
  }
});

test('who names nobody acts for itself, but where only administrators and resellers knock for none', () => {
  for (const caller of ['admin', 'rita']) {
    for (const named of ['', undefined]) {
      for (const port of ports.account) assert.equal(actingFor(caller, named, port), caller);
      for (const port of ports.administrator) assert.equal(actingFor(caller, named, port), null);
    }
  }
});
