import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { basic, ftpSession } from '../../support/app.ts';
import { type EventReader, readEvents } from '../../support/event-source.ts';
import { type FakeServer, fleetServices } from '../../support/fleet-services.ts';
import { request, startServer } from '../../support/http.ts';
import { until } from '../../support/until.ts';

interface Told {
  readonly data:
    | { server: string; pid?: number; state?: string; sessions?: number | null }[]
    | null;
  readonly errors: string[] | null;
  readonly warnings: string[] | null;
  readonly metadata: { servers?: { missing: { server: string }[] }; error_codes?: string[] };
  readonly whole?: boolean;
  readonly gone?: string[];
  readonly status: number;
}

const download = (pid: number) => ftpSession({ pid, state: 'download', file: 'a', bytesMoved: 1 });

async function start(t: TestContext, servers: Map<string, FakeServer>, placed: string[] = []) {
  const services = fleetServices(servers, placed);
  const server = await startServer(services);
  t.after(() => server.close());
  return {
    asked: services.asked,
    follow: async (query: string, account = 'admin') => {
      const reader = await readEvents(server.port, `/events${query}`, basic(account));
      t.after(reader.close);
      return reader;
    },
    count: async (query = '', account = 'admin') => {
      const { authorization } = basic(account);
      const answer = await server.send(
        request(`GET /execute/Fleet/count_sessions${query}`, [`Authorization: ${authorization}`]),
      );
      return JSON.parse(answer.body) as Told;
    },
  };
}

const next = (reader: EventReader, event: string) =>
  until(() => reader.last(event) as Told | undefined, { what: `the event ${event}` });

const counts = ({ data }: Told) =>
  data?.map(({ server, state, sessions }) => `${server} ${state} ${sessions}`).sort();
const rows = ({ data }: Told) => data?.map(({ server, pid }) => `${server} ${pid}`).sort();

const two = () =>
  new Map<string, FakeServer>([
    ['web1', [download(1), ftpSession({ pid: 2 })]],
    ['web2', [ftpSession({ pid: 1 })]],
    ['web3', 'absent'],
  ]);

test('a reader at a gateway is told every server with its counts, and the sessions of those that it opened', async (t) => {
  const { follow } = await start(t, two());
  const reader = await follow('?open=web2,web3,nowhere');
  const sessions = await next(reader, 'sessions');
  assert.deepEqual(reader.last('account'), { name: 'admin', role: 'admin', fleet: true });
  const servers = await next(reader, 'servers');
  assert.equal(servers.whole, true);
  assert.deepEqual(counts(servers), ['web1 answers 2', 'web2 answers 1', 'web3 absent null']);
  assert.deepEqual(rows(sessions), ['web2 1']);
  const none = await follow('?open=');
  assert.deepEqual((await next(none, 'sessions')).data, []);
  for (const all of ['', '?open=*']) {
    assert.deepEqual(rows(await next(await follow(all), 'sessions')), [
      'web1 1',
      'web1 2',
      'web2 1',
    ]);
  }
});

test('then it is told what has changed alone, and who is gone', async (t) => {
  const servers = two();
  const { follow } = await start(t, servers);
  const reader = await follow('?open=');
  await next(reader, 'sessions');
  servers.set('web2', 'silent');
  servers.delete('web3');
  const told = await until(
    () => {
      const last = reader.last('servers') as Told;
      return last.whole === false ? last : undefined;
    },
    { what: 'news' },
  );
  assert.deepEqual([counts(told), told.gone], [['web2 silent null'], ['web3']]);
  assert.match(told.warnings?.join() ?? '', /“web2” did not answer in time/);
});

test('an account is told of its own servers alone, whatever it asks to open', async (t) => {
  const { follow, count, asked } = await start(t, two(), ['web2']);
  const reader = await follow('?open=web1,web2', 'alice');
  assert.deepEqual(rows(await next(reader, 'sessions')), ['web2 1']);
  assert.deepEqual(counts(await next(reader, 'servers')), ['web2 answers 1']);
  assert.deepEqual(counts(await count('', 'alice')), ['web2 answers 1']);
  assert.deepEqual((await count('?server=web2,web1', 'alice')).metadata.error_codes, [
    'server-unknown',
  ]);
  assert.deepEqual((await count('', 'bob')).data, []);
  assert.ok(asked.length > 0);
  for (const scope of asked) {
    assert.deepEqual(scope, { kind: 'placed', hosts: [['web2', ['alice']]] });
  }
});

test('where no server answers each is told missing, and that is no empty list', async (t) => {
  const servers = new Map<string, FakeServer>([
    ['web1', 'absent'],
    ['web2', 'silent'],
  ]);
  const { follow, count } = await start(t, servers);
  const told = await count();
  assert.deepEqual(counts(told), ['web1 absent null', 'web2 silent null']);
  assert.equal(told.warnings?.length, 2);
  assert.deepEqual(
    told.metadata.servers?.missing.map(({ server }) => server),
    ['web1', 'web2'],
  );
  assert.deepEqual((await count('?complete=1')).metadata.error_codes, ['no-server-answered']);
  const reader = await follow('');
  assert.deepEqual(counts(await next(reader, 'servers')), counts(told));
});

test('each beat asks all servers once for all readers, and those that are opened once more', async (t) => {
  const { follow, asked } = await start(t, two());
  const readers = await Promise.all(['?open=', '?open=', '?open=web1'].map((open) => follow(open)));
  for (const reader of readers) await next(reader, 'sessions');
  asked.length = 0;
  await until(() => asked.length >= 4, { what: 'two beats', timeoutMs: 20_000 });
  const kinds = asked
    .slice(0, 4)
    .map((scope) => (scope.kind === 'placed' ? scope.hosts[0]?.[0] : 'all'));
  assert.deepEqual(kinds.sort(), ['all', 'all', 'web1', 'web1']);
});
