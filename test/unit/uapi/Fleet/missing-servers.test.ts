import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FleetReader } from '../../../../src/fleet/gateway/fleet-reader.ts';
import type { Fleet } from '../../../../src/sessions/fleet.ts';
import type { MissingServer } from '../../../../src/sessions/servers.ts';
import { fleetFunctions } from '../../../../src/uapi/fleet-functions.ts';
import { functions } from '../../../../src/uapi/functions.ts';
import { buildApp } from '../../../../src/worker/app.ts';
import { basic, snapshot, testServices } from '../../../support/app.ts';

const listing = ['Ftp/list_sessions', 'Ftp/list_transfers', 'Fleet/count_sessions'];
const all = [...listing, 'Ftp/list_history'];

/** A gateway with 30 hosts of which those are missing: a fake, so that any number can be. */
async function gateway(missing: readonly MissingServer[]) {
  const report = { asked: 30, answered: 30 - missing.length, missing, waitedMs: 1 };
  const servers = { ...report, begunAt: new Map<string, number>() };
  const fleet = {
    servers: () => ['web1'],
    states: async () => [],
    count: async () => ({ servers, counts: new Map(), gaps: [], daemons: [] }),
  } as unknown as Fleet;
  const fleetReader: FleetReader = { gateway: 'gw1', read: async () => servers };
  const sessions = { snapshot: async () => snapshot({ servers }) };
  const services = testServices({
    fleet,
    fleetReader,
    sessions,
    functions: fleetFunctions(functions),
  });
  const app = await buildApp(services);
  return async (url: string) =>
    (await app.inject({ url: `/execute/${url}`, headers: basic('admin') })).json();
}

const absent = (count: number): MissingServer[] =>
  Array.from({ length: count }, (_, index) => ({ server: `web${index + 1}`, cause: 'absent' }));

test('with complete=1 a missing server is an error that names it; without, a warning', async () => {
  const call = await gateway(absent(1));
  for (const name of all) {
    const part = await call(name);
    assert.equal(part.status, 1, name);
    assert.match(part.warnings.join('\n'), /^The server “web1” is not connected/m, name);
    const whole = await call(`${name}?complete=1`);
    assert.deepEqual([whole.status, whole.metadata.error_codes], [0, ['servers-missing']], name);
    assert.match(whole.errors.join('\n'), /The server “web1” is not connected/, name);
  }
});

test('with complete=1 a list that lacks nothing is an answer', async () => {
  const call = await gateway([]);
  for (const name of all) assert.equal((await call(`${name}?complete=1`)).status, 1, name);
});

test('a sentence a cause names twenty servers at most, and the metadata all of them', async () => {
  const names = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => `web${from + index}`).join(', ');
  for (const [count, told] of [
    [20, names(1, 20)],
    [23, `${names(1, 20)} and 3 more`],
  ] as const) {
    const silent: MissingServer = { server: 'web30', cause: 'silent' };
    const call = await gateway([...absent(count), silent]);
    for (const name of all) {
      const { warnings, metadata } = await call(name);
      const sentences = warnings.filter((each: string) => each.includes('sessions are missing'));
      assert.deepEqual(
        sentences,
        [
          `${count} servers are not connected to the fleet (${told}), so their sessions are missing; metadata.servers.missing names each.`,
          'The server “web30” did not answer in time; its sessions are missing.',
        ],
        name,
      );
      assert.equal(metadata.servers.missing.length, count + 1, name);
    }
  }
});
