import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { createCollector } from '../../../src/collector/collector.ts';
import { createMemo } from '../../../src/lib/memo.ts';
import { defineFunction } from '../../../src/uapi/call/define-function.ts';
import { ftpSession, snapshot, testServices } from '../../support/app.ts';
import { as, request, withServer } from '../../support/http.ts';

test('callers who share a look share all that is made of it', async () => {
  let looks = 0;
  let checks = 0;
  const sessions = createCollector(async () => {
    looks += 1;
    await new Promise((resume) => setTimeout(resume, 50));
    return { sessions: [ftpSession()], gaps: [], daemons: [] };
  });
  const outcomes = createMemo<object, { data: string[] }>();
  const counted = defineFunction<string[]>({
    module: 'Ftp',
    name: 'list_sessions',
    summary: '',
    description: '',
    role: null,
    feature: null,
    parameters: {},
    data: z.array(
      z.string().refine(() => {
        checks += 1;
        return true;
      }),
    ),
    isList: false,
    run: async ({ host }) =>
      outcomes(await host.sessions.snapshot(null), '', () => ({ data: ['one'] })),
  });
  await withServer(testServices({ sessions, functions: [counted] }), async (server) => {
    const ask = () => server.send(request('GET /execute/Ftp/list_sessions', [as('admin')]));
    const answers = await Promise.all(Array.from({ length: 30 }, ask));
    assert.equal(new Set(answers.map(({ body }) => body)).size, 1);
  });
  assert.ok(looks < 30);
  assert.equal(checks, looks);
});

test('other arguments make another answer of the same look', async () => {
  const rows = [ftpSession({ pid: 1 }), ftpSession({ pid: 2 })];
  const shared = snapshot({ sessions: rows, daemons: [] });
  const services = testServices({ sessions: { snapshot: async () => shared } });
  await withServer(services, async (server) => {
    const pids = async (query: string) => {
      const target = `GET /execute/Ftp/list_sessions${query}`;
      const { data } = JSON.parse((await server.send(request(target, [as('admin')]))).body);
      return data.map(({ pid }: { pid: number }) => pid);
    };
    const only = (pid: number) =>
      `?api.filter_column=pid&api.filter_type=eq&api.filter_term=${pid}`;
    assert.deepEqual(await pids(''), [1, 2]);
    assert.deepEqual(await pids(only(1)), [1]);
    assert.deepEqual(await pids(only(2)), [2]);
    assert.deepEqual(await pids(''), [1, 2]);
  });
});

test('what was made of one object is never given for another', () => {
  const memo = createMemo<object, number>();
  const [one, two] = [{}, {}];
  assert.deepEqual(
    [memo(one, 'a', () => 1), memo(one, 'a', () => 2), memo(one, 'b', () => 3)],
    [1, 1, 3],
  );
  assert.equal(
    memo(two, 'a', () => 4),
    4,
  );
});
