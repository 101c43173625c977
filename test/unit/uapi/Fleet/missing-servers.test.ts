import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FleetReader } from '../../../../src/fleet/gateway/fleet-reader.ts';
import type { Fleet } from '../../../../src/sessions/fleet.ts';
import { missingSummary } from '../../../../src/sessions/missing-text.ts';
import { FleetError, type MissingServer } from '../../../../src/sessions/servers.ts';
import type { Gap } from '../../../../src/sessions/session.ts';
import { fleetFunctions } from '../../../../src/uapi/fleet-functions.ts';
import { functions } from '../../../../src/uapi/functions.ts';
import { buildApp } from '../../../../src/worker/app.ts';
import { basic, snapshot, testServices } from '../../../support/app.ts';
import { type Door, doors } from '../../../system/ownership/doors.ts';

const listing = ['Ftp/list_sessions', 'Ftp/list_transfers', 'Fleet/count_sessions'];
const all = [...listing, 'Ftp/list_history'];

/** A gateway with 30 hosts of which those are missing: a fake, so that any number can be. */
async function open(missing: readonly MissingServer[], gaps: readonly Gap[] = []) {
  const report = { asked: 30, answered: 30 - missing.length, missing, waitedMs: 1 };
  const servers = { ...report, begunAt: new Map<string, number>() };
  const asked = async <Answer>(answer: Answer): Promise<Answer> => {
    if (servers.answered > 0) return answer;
    throw new FleetError('no-server-answered', missingSummary(missing), servers);
  };
  const fleet = {
    servers: () => ['web1'],
    states: async () => [],
    count: () => asked({ servers, counts: new Map(), gaps, daemons: [] }),
  } as unknown as Fleet;
  const fleetReader: FleetReader = { gateway: 'gw1', read: () => asked(servers) };
  const sessions = { snapshot: () => asked(snapshot({ servers, gaps })) };
  const services = testServices({
    fleet,
    fleetReader,
    sessions,
    functions: fleetFunctions(functions),
  });
  const app = await buildApp(services);
  return async (url: string) => (await app.inject({ url, headers: basic('admin') })).json();
}

async function gateway(missing: readonly MissingServer[], gaps: readonly Gap[] = []) {
  const get = await open(missing, gaps);
  return (url: string) => get(`/execute/${url}`);
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

test('an error that is about missing servers has all of them in its metadata, as a list has', async () => {
  const call = await gateway(absent(23));
  for (const name of all) {
    const { status, data, metadata } = await call(`${name}?complete=1`);
    assert.deepEqual([status, data], [0, null], name);
    const { asked, answered, missing } = metadata.servers ?? {};
    assert.deepEqual([asked, answered, missing?.length], [30, 7, 23], name);
  }
  const nobody = await gateway(absent(30));
  for (const name of all) {
    for (const query of name === 'Fleet/count_sessions' ? ['?complete=1'] : ['', '?complete=1']) {
      const { status, data, errors, metadata } = await nobody(`${name}${query}`);
      assert.deepEqual([status, data, metadata.error_codes], [0, null, ['no-server-answered']]);
      assert.match(errors[0], /^No server answered: 30 are not connected \(web1, .* and 10 more\)/);
      const { answered, missing } = metadata.servers ?? {};
      assert.deepEqual([answered, missing?.length], [0, 30], name);
    }
  }
});

test('complete=1 counts at every URL form', async () => {
  const [part, whole] = [await open(absent(1)), await open([])];
  const ask = (get: typeof part, door: Door, func: string) => {
    const account = door.forAdministrators ? 'admin' : null;
    return get(door.target(door.nameOf(func), [['complete', '1']], account));
  };
  for (const door of doors) {
    const functions = ['list_sessions', 'list_transfers', 'list_history'];
    for (const func of door.isApi2 ? ['list_sessions'] : functions) {
      const refused = JSON.stringify(await ask(part, door, func));
      assert.match(refused, /"status":0|"event":\{"result":0\}/, `${door.name} ${refused}`);
      assert.match(refused, /The server “web1” is not connected/, door.name);
      const told = JSON.stringify(await ask(whole, door, func));
      assert.match(told, /"status":1|"event":\{"result":1\}/, `${door.name} ${told}`);
    }
  }
});

test('what servers lack or could not see is told behind their names, of twenty for each cause, and how many more', async () => {
  const gaps = Array.from({ length: 23 }, (_, index): Gap[] => {
    const host = `web${index + 1}`;
    const lacking = ['al', 'bo'].map(
      (systemUser): Gap => ({ cause: 'system-user-unknown', ownerUid: null, systemUser, host }),
    );
    return index < 20 ? [...lacking, { cause: 'processes-hidden', ownerUid: null, host }] : lacking;
  }).flat();
  const call = await gateway([], gaps);
  for (const name of listing) {
    const { status, warnings, metadata } = await call(name);
    assert.equal(status, 1, name);
    const lacks = warnings.filter((each: string) => each.includes('no system user'));
    assert.equal(lacks.length, 20, name);
    assert.equal(lacks[19], 'web20: This server has no system user “al”, “bo”.');
    assert.equal(warnings.filter((each: string) => each.includes('hidepid')).length, 20, name);
    assert.equal(warnings.at(-1), '3 more servers tell the same (system-user-unknown).');
    assert.equal(metadata.warning_codes.at(-1), 'system-user-unknown');
    assert.equal(warnings.length, 41, name);
    assert.equal((await call(`${name}?complete=1`)).status, 1, 'none of them is missing');
  }
});
