import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { testServices } from '../../support/app.ts';
import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import type { FtpTransfer } from '../../support/ftp-transfer.ts';
import { makeHome } from '../../support/homes.ts';
import { as, request, startServer, type TestServer } from '../../support/http.ts';
import { processStat } from '../../support/processes.ts';
import { type PureFtpd, startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import { collectThrough, tables } from '../daemons/pure-ftpd/sources.ts';

const { alice, bob } = users;
const dev = { name: 'dev@bob.example', password: randomBytes(9).toString('hex'), owner: bob };
const skip = needsSandbox();

interface Row {
  readonly pid: number;
  readonly owner: string;
  readonly status: string;
  readonly bytes_moved: number | null;
  readonly rate_bytes_per_second: number | null;
  readonly status_seconds: number | null;
  readonly [column: string]: unknown;
}

for (const source of ['procfs', 'procfs kept open']) {
  describe(`Ftp::list_transfers of a real pure-ftpd, through ${source}`, { skip }, () => {
    let ftpd: PureFtpd;
    let server: TestServer;
    const clients: FtpClient[] = [];

    before(async () => {
      await makeHome(alice, [['big.bin', 20_000_000]]);
      rmSync(join(bob.home, 'up.bin'), { force: true });
      // In the arguments behind a throttle is what tells that nobody gets in without TLS.
      ftpd = await startPureFtpd({
        throttle: 400,
        tls: true,
        args: ['-Y', '2'],
        virtualUsers: [dev],
      });
      const table = tables[source]?.();
      assert.ok(table);
      const uids = new Map([alice, bob].map(({ name, uid }) => [name, uid]));
      server = await startServer(
        testServices({
          sessions: collectThrough(table),
          systemUsers: {
            uidOf: async (name) => uids.get(name) ?? null,
            namesOf: async () => new Map([...uids].map(([name, uid]) => [uid, name])),
          },
        }),
      );
    });
    afterEach(() => {
      for (const client of clients.splice(0)) client.destroy();
    });
    after(async () => {
      await server.close();
      await ftpd.stop();
    });

    async function login({ name, password }: { name: string; password: string }) {
      const client = await connectFtp({ ...ftpd, tls: true });
      clients.push(client);
      await client.login(name, password);
      return client;
    }

    async function rows(account = 'admin'): Promise<Row[]> {
      const answer = await server.send(request('GET /execute/Ftp/list_transfers', [as(account)]));
      const { data, warnings } = JSON.parse(answer.body);
      assert.equal(warnings, null);
      return data;
    }

    const only = async (client: FtpClient) => {
      const pid = await client.sessionPid();
      const row = (await rows()).find((each) => each.pid === pid);
      assert.ok(row);
      return row;
    };

    test('each account gets its own rows, right in every field', async () => {
      // The daemon's clock may be some milliseconds behind.
      const from = Math.floor((Date.now() - 20) / 1000);
      const [one, two, three] = [await login(alice), await login(dev), await login(bob)];
      await one.startDownload('big.bin', { offset: 10_000_000 });
      await two.startUpload('up.bin', { bytes: 3_000 });
      const seen = await until(
        async () => {
          const found = await rows('bob');
          return found.some(({ bytes_moved }) => bytes_moved === 3_000) && found;
        },
        { what: 'the upload has arrived' },
      );
      const [download, ...others] = await rows('alice');
      assert.deepEqual(others, []);
      const to = Math.ceil(Date.now() / 1000);
      const steady = async (client: FtpClient) => {
        const pid = await client.sessionPid();
        return {
          pid,
          start: processStat(pid)?.startTime,
          host: '127.0.0.1',
          remote_port: client.localPort,
          local_port: ftpd.port,
          protocol: 'ftps',
        };
      };
      const facts = ({
        bytes_moved,
        percent,
        unsent_bytes,
        rate_bytes_per_second,
        connected_seconds,
        status_seconds,
        started_at,
        status_since,
        ...rest
      }: Row) => {
        const startedAt = Date.parse(String(started_at)) / 1000;
        assert.ok(startedAt >= from && startedAt <= to, String(started_at));
        assert.ok(Number(connected_seconds) <= to - from);
        assert.ok(Number(status_seconds) <= Number(connected_seconds));
        assert.ok(Date.parse(String(status_since)) >= Date.parse(String(started_at)));
        return rest;
      };
      // Everybody is confined to the own home, and pure-ftpd tells of no command.
      const place = { directory: '/', command: null, container: null };
      const nothing = { ...place, bytes_total: null, file: '', path: '' };
      assert.deepEqual(download && facts(download), {
        ...(await steady(one)),
        user: 'alice',
        owner: 'alice',
        status: 'DL',
        file: 'big.bin',
        path: `${alice.home}/big.bin`,
        ...place,
        bytes_total: 20_000_000,
      });
      assert.deepEqual(seen.map(facts), [
        {
          ...(await steady(two)),
          ...nothing,
          user: dev.name,
          owner: 'bob',
          status: 'UL',
          file: 'up.bin',
          path: `${bob.home}/up.bin`,
        },
        { ...(await steady(three)), ...nothing, user: 'bob', owner: 'bob', status: 'IDLE' },
      ]);
      // 10 of 20 million bytes were skipped.
      assert.ok(Number(download?.['percent']) >= 50 && Number(download?.['percent']) < 100);
      const idle = seen[1];
      assert.deepEqual(
        [idle?.['percent'], idle?.rate_bytes_per_second, idle?.bytes_moved],
        [null, null, null],
      );
      assert.deepEqual(
        (await rows()).map(({ pid, owner }) => [pid, owner]),
        [download, ...seen].map((row) => [row?.pid, row?.owner]),
      );
    });

    /** What a transfer moved between two scans at least five seconds apart, beside the rate told. */
    async function measure(client: FtpClient, transfer: FtpTransfer) {
      const earliest = performance.now();
      const first = await only(client);
      const [startedAt, startBytes] = [performance.now(), transfer.bytes];
      // The daemon moves blocks and waits in between, so that a second says little.
      await until(() => performance.now() - startedAt > 5_500, { what: 'six seconds pass' });
      const shortest = (performance.now() - startedAt) / 1000;
      const last = await only(client);
      const longest = (performance.now() - earliest) / 1000;
      const moved = Number(last.bytes_moved) - Number(first.bytes_moved);
      const between = (bytes: number): Range => [bytes / longest, bytes / shortest];
      return {
        rate: Number(last.rate_bytes_per_second),
        byClient: between(transfer.bytes - startBytes),
        byScans: between(moved),
      };
    }

    /** What may lie between two scans is known by what was done before and behind each. */
    type Range = readonly [min: number, max: number];

    const isNear = (rate: number, [min, max]: Range, part: number) =>
      rate >= (1 - part) * min && rate <= (1 + part) * max;

    test('the rate of a download that skipped bytes is what its client gets', async () => {
      const client = await login(alice);
      const transfer = await client.startDownload('big.bin', { offset: 10_000_000 });
      const { rate, byClient, byScans } = await measure(client, transfer);
      assert.ok(isNear(rate, byScans, 0.2), `${rate} told, ${byScans} by the bytes told`);
      assert.ok(isNear(rate, byClient, 0.5), `${rate} told, ${byClient} got`);
      assert.ok(rate < 1_000_000, 'what was skipped does not count');
    });

    test('the rate of an upload is what its client sends', async () => {
      const client = await login(bob);
      const transfer = await client.startUpload('up.bin');
      const { rate, byClient, byScans } = await measure(client, transfer);
      assert.ok(isNear(rate, byScans, 0.2), `${rate} told, ${byScans} by the bytes told`);
      assert.ok(isNear(rate, byClient, 0.4), `${rate} told, ${byClient} sent`);
    });

    test('a session that becomes idle says for how long, once a scan has seen it happen', async () => {
      const client = await login(alice);
      const before = await only(client);
      assert.deepEqual(
        [before.status, before.status_seconds],
        ['IDLE', before['connected_seconds']],
      );
      const transfer = await client.startDownload('big.bin');
      const during = await only(client);
      assert.equal(during.status, 'DL');
      await transfer.abort();
      const idle = await until(
        async () => {
          const row = await only(client);
          return row.status === 'IDLE' && row;
        },
        { what: 'the transfer is over' },
      );
      assert.equal(idle.status_seconds, 0);
      assert.equal(idle.rate_bytes_per_second, null);
      await until(async () => Number((await only(client)).status_seconds) >= 1, {
        what: 'a second more',
      });
    });
  });
}
