import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FleetReader } from '../../../../src/fleet/gateway/fleet-reader.ts';
import type { Item } from '../../../../src/fleet/messages/item.ts';
import type { Fleet } from '../../../../src/sessions/fleet.ts';
import { fleetFunctions } from '../../../../src/uapi/fleet-functions.ts';
import { functions } from '../../../../src/uapi/functions.ts';
import { buildApp } from '../../../../src/worker/app.ts';
import { basic, testServices } from '../../../support/app.ts';
import { until } from '../../../support/until.ts';
import { pastSession } from '../../fleet/agent/past-session.ts';

/** A gateway whose hosts tell what is given: a fake, so that a host can tell what no uapid does. */
async function gateway(
  hosts: Readonly<Record<string, readonly Item[]>>,
  whenAsked: () => Promise<void> = async () => {},
) {
  const names = Object.keys(hosts);
  const fleet = { servers: () => names, states: async () => [] } as unknown as Fleet;
  const fleetReader: FleetReader = {
    gateway: 'gw1',
    read: async (scope, _wanted, onItems) => {
      await whenAsked();
      const asked = scope.kind === 'placed' ? scope.hosts.map(([host]) => host) : names;
      for (const host of asked) onItems(host, hosts[host] ?? []);
      const { length } = asked;
      return { asked: length, answered: length, missing: [], waitedMs: 1, begunAt: new Map() };
    },
  };
  const services = {
    ...testServices({ fleet, fleetReader, functions: fleetFunctions(functions) }),
  };
  const app = await buildApp(services);
  return async (url: string) => {
    const answer = await app.inject({ url: `/execute/Ftp/${url}`, headers: basic('admin') });
    return answer.json();
  };
}

/** More than a call of a function takes as arguments. */
const many = <Each>(each: (index: number) => Each) =>
  Array.from({ length: 200_000 }, (_, i) => each(i));
const words = many((): Item => ({ warning: { code: 'history-gap', text: 'no' } }));
const gaps = many(
  (index): Item => ({
    gap: { cause: 'system-user-unknown', ownerUid: null, systemUser: `u${index}` },
  }),
);

test('no host can spoil the list of past sessions for the others by how much it tells', async () => {
  const past = { past: pastSession() };
  const pasts = Array<Item>(200_000).fill(past);
  const call = await gateway({ web1: words, web2: gaps, web3: pasts, web4: [past] });
  const { status, data, warnings } = await call('list_history');
  assert.equal(status, 1);
  assert.equal(data.length, 5_000);
  assert.equal(warnings.filter((each: string) => each === 'web1: no').length, 8);
  const { data: own } = await call('list_history?server=web4');
  assert.equal(own.length, 1);
});

test('nor what is told of FTP accounts on it', async () => {
  const call = await gateway({ web1: gaps });
  const { status, data } = await call('list_ftp');
  assert.deepEqual([status, data], [1, []]);
});

test('an account asks for FTP accounts once at a time, however many of its calls come at once', async () => {
  const waiting: (() => void)[] = [];
  const call = await gateway({ web1: [] }, () => new Promise((resolve) => waiting.push(resolve)));
  const calls = Array.from({ length: 3 }, () => call('list_ftp'));
  for (const index of calls.keys()) {
    await until(() => waiting.length > index, { what: 'a call asks' });
    for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
    assert.equal(waiting.length, index + 1);
    waiting[index]?.();
  }
  for (const { status } of await Promise.all(calls)) assert.equal(status, 1);
});
