import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { createCollector } from '../../../src/collector/collector.ts';
import { everybody } from '../../../src/sessions/scope.ts';
import { defineFunction } from '../../../src/uapi/call/define-function.ts';
import { type Listing, listSessionRows } from '../../../src/uapi/call/listing.ts';
import { createPerSnapshot, type PerSnapshot } from '../../../src/uapi/call/per-snapshot.ts';
import { ftpSession, snapshot, testServices } from '../../support/app.ts';
import { as, request, withServer } from '../../support/http.ts';

const row = z.object({ pid: z.number() });
type Row = z.infer<typeof row>;

test('callers who share a scan share all that is made of it', async () => {
  let looks = 0;
  let checks = 0;
  let made = 0;
  const sessions = createCollector(async () => {
    looks += 1;
    await new Promise((resume) => setTimeout(resume, 50));
    return { sessions: [ftpSession()], gaps: [], daemons: [] };
  });
  const counted = defineFunction<Row[], PerSnapshot<Listing<Row>>>({
    module: 'Ftp',
    name: 'list_sessions',
    summary: '',
    description: '',
    role: null,
    feature: null,
    parameters: {},
    data: z.array(
      row.refine(() => {
        checks += 1;
        return true;
      }),
    ),
    isList: true,
    keep: createPerSnapshot,
    run: async ({ host, kept }) => {
      const snapshot = await host.sessions.snapshot(everybody);
      return kept.of('', snapshot, () => {
        made += 1;
        return listSessionRows(snapshot.sessions, [], ({ pid }) => ({ pid }));
      });
    },
  });
  await withServer(testServices({ sessions, functions: [counted] }), async (server) => {
    const ask = () => server.send(request('GET /execute/Ftp/list_sessions', [as('admin')]));
    const answers = await Promise.all(Array.from({ length: 30 }, ask));
    assert.equal(new Set(answers.map(({ body }) => body)).size, 1);
  });
  assert.ok(looks < 30);
  assert.deepEqual([made, checks], [looks, looks]);
});

test('other arguments make another answer of the same scan', async () => {
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

test('a session that is as it was keeps its row, its check and its JSON in the next listing', () => {
  const [one, two, three] = [1, 2, 3].map((pid) => ftpSession({ pid }));
  assert.ok(one && two && three);
  let rows = 0;
  let checks = 0;
  const toRow = ({ pid }: { pid: number }) => {
    rows += 1;
    return { pid };
  };
  const counting = row.refine(() => {
    checks += 1;
    return true;
  });
  const first = listSessionRows([one, two], [], toRow);
  first.shared.check(counting);
  assert.equal(listSessionRows([one, two], [], toRow, first), first);
  assert.notEqual(
    listSessionRows([one, two], [{ code: 'c', text: 'a warning' }], toRow, first),
    first,
  );
  const second = listSessionRows([two, three], [], toRow, first);
  second.shared.check(counting);
  assert.deepEqual([rows, checks], [3, 3]);
  assert.equal(second.data[0], first.data[1]);
  assert.equal(second.shared.rowsJson()[0], first.shared.rowsJson()[1]);
  assert.equal(Buffer.from(second.shared.rowsJson()[1] ?? []).toString(), ',{"pid":3}');
});

test('what was made of a scan is given for that very scan and its scope alone, and not kept for long', () => {
  const looks = createPerSnapshot<number>();
  const [early, late, minutes] = [0, 1, 60_002].map((begunAt) => snapshot({ begunAt }));
  assert.ok(early && late && minutes);
  const of = (scope: string, seen: typeof early, made: number) =>
    looks.of(scope, seen, (previous = 0) => made + previous);
  assert.deepEqual([of('a', early, 1), of('a', early, 2), of('b', early, 4)], [1, 1, 4]);
  assert.equal(of('a', late, 8), 9, 'made of the one before');
  assert.deepEqual([of('c', minutes, 16), of('b', minutes, 32)], [16, 32]);
  for (let scope = 0; scope < 256; scope += 1) of(`${scope}`, minutes, 0);
  assert.equal(of('c', minutes, 64), 64, 'the one that was asked for longest ago is gone');
});

test('what was made of scans is kept of so many sessions at most, of the newest scopes', () => {
  const looks = createPerSnapshot<string>(5);
  const seenBefore = (scope: string, count: number) => {
    let before: string | undefined;
    const sessions = Array.from({ length: count }, () => ftpSession());
    looks.of(scope, snapshot({ begunAt: 1_000, sessions }), (previous) => {
      before = previous;
      return scope;
    });
    return before;
  };
  seenBefore('alice', 2);
  seenBefore('bob', 2);
  assert.equal(seenBefore('alice', 2), 'alice');
  seenBefore('carol', 3);
  assert.equal(seenBefore('bob', 2), undefined);
  assert.equal(seenBefore('carol', 3), 'carol');
  seenBefore('dave', 9);
  assert.equal(seenBefore('dave', 9), 'dave');
  assert.equal(seenBefore('carol', 1), undefined);
});
