import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  afterEvent,
  type ServerCount,
  type Servers,
  type ServersEvent,
} from '../../../src/page/browser/fleet-servers.ts';
import { createServerNews } from '../../../src/page/server-news.ts';
import { fail, succeed } from '../../../src/uapi/envelope/envelope.ts';

const row = (server: string, sessions: number | null): ServerCount => ({
  server,
  state: sessions === null ? 'absent' : 'answers',
  sessions,
  downloads: sessions === null ? null : 0,
  uploads: sessions === null ? null : 0,
  last_answer: null,
});

const lists = fc.array(
  fc.option(
    fc.uniqueArray(
      fc.record({
        server: fc.constantFrom('web1', 'web2', 'web3', 'web4'),
        sessions: fc.option(fc.nat({ max: 2 })),
      }),
      { selector: ({ server }) => server },
    ),
  ),
);

test('what a reader is told brings it to the very list, whatever came before', () => {
  fc.assert(
    fc.property(lists, (states) => {
      const news = createServerNews();
      let known: Servers = new Map();
      let before = '';
      for (const state of states) {
        const data = state?.map(({ server, sessions }) => row(server, sessions)) ?? null;
        const result = data === null ? fail('no way', 'internal') : succeed({ data });
        const told = news.tell(result);
        const sorted = JSON.stringify([data === null, ...(data ?? []).map(String)]);
        if (told !== null) {
          assert.equal(told[0], 'servers');
          const event = JSON.parse(told[1]) as ServersEvent;
          assert.equal(event.status, result.status);
          known = afterEvent(known, event);
        } else {
          assert.notEqual(before, '', 'the first list is always told');
        }
        before = sorted;
        const expected = new Map((data ?? []).map((each) => [each.server, each]));
        assert.deepEqual(new Map([...known].sort()), new Map([...expected].sort()));
      }
    }),
  );
});

test('of a thousand servers one that changes is told alone, and none where nothing has', () => {
  const news = createServerNews();
  const list = (changed: number) =>
    succeed({
      data: Array.from({ length: 1_000 }, (_, at) => row(`web${at}`, at === 7 ? changed : 1)),
    });
  const whole = news.tell(list(1))?.[1] ?? '';
  assert.equal(news.tell(list(1)), null);
  const part = news.tell(list(2))?.[1] ?? '';
  assert.deepEqual(JSON.parse(part).data, [row('web7', 2)]);
  assert.ok(part.length * 100 < whole.length, `${part.length} of ${whole.length} bytes`);
});
