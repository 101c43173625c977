import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { type TestContext, test } from 'node:test';
import { entryName } from '../../../src/daemons/pure-ftpd/scoreboard.ts';
import { testServices } from '../../support/app.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import { as, request, startServer } from '../../support/http.ts';
import { type PureFtpd, startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { type TestUser, users } from '../../support/users.ts';
import { collectThrough, tables } from '../daemons/pure-ftpd/sources.ts';

const { alice, bob } = users;

const names = ['openSync', 'readSync', 'readlinkSync', 'statSync', 'opendirSync'] as const;
const real = Object.fromEntries(names.map((name) => [name, fs[name]]));

/** Ends a process right before the step of a scan of it with that number. */
interface Ending {
  readonly pid: number;
  readonly beforeStep: number;
  steps: number;
}
let ending: Ending | null = null;

/** Descriptors of files that tell of the process that is to end. */
const opened = new Set<unknown>();

function isStep(name: string, first: unknown, { pid }: Ending): boolean {
  if (name === 'readSync') return opened.has(first);
  return new RegExp(`/${pid}(/|$)|${entryName(pid)}`).test(String(first));
}

function endNow({ pid }: Ending): void {
  process.kill(pid, 'SIGKILL');
  const deadline = performance.now() + 60_000;
  // Nothing else runs here meanwhile; its master waits for it.
  while (fs.existsSync(`/proc/${pid}`)) assert.ok(performance.now() < deadline, `${pid} stays`);
}

/** The reads go through this FAKE that adds the end of a process to them, and else does as before. */
function patch(): void {
  for (const name of names) {
    const call = real[name] as (...args: unknown[]) => unknown;
    const patched = (...args: unknown[]) => {
      const now = ending;
      if (now === null || !isStep(name, args[0], now)) return call(...args);
      now.steps += 1;
      if (now.steps === now.beforeStep) endNow(now);
      const result = call(...args);
      if (name === 'openSync') opened.add(result);
      return result;
    };
    Object.assign(fs, { [name]: patched });
  }
  syncBuiltinESMExports();
}

function unpatch(): void {
  Object.assign(fs, real);
  syncBuiltinESMExports();
}

async function logIn(t: TestContext, ftpd: PureFtpd, user: TestUser): Promise<number> {
  const client = await connectFtp(ftpd);
  t.after(() => client.destroy());
  await client.login(user.name, user.password);
  return await client.sessionPid();
}

/** The plain look reads a session hundreds of times, which would take minutes one by one. */
const strides: [source: string, stride: number, most: number][] = [
  ['procfs', 8, 20],
  ['procfs kept open', 1, Infinity],
];

for (const [source, stride, most] of strides) {
  test(`a session that ends between any two reads is there whole or not at all, through ${source}`, {
    skip: needsSandbox(),
  }, async (t) => {
    const ftpd = await startPureFtpd();
    t.after(() => ftpd.stop());
    const table = tables[source]?.();
    assert.ok(table);
    const services = testServices({ sessions: collectThrough(table) });
    const server = await startServer(services);
    t.after(() => server.close());
    const look = async () => {
      const answer = await server.send(request('GET /Ftp/list_sessions', [as('admin')]));
      const { data, warnings, status } = JSON.parse(answer.body).result;
      assert.deepEqual([status, warnings], [1, null], answer.body);
      return data.map(({ pid, user }: { pid: number; user: string }) => `${pid} ${user}`).sort();
    };
    patch();
    t.after(unpatch);
    const stays = `${await logIn(t, ftpd, bob)} ${bob.name}`;
    for (let time = 0; time < 2; time += 1) assert.deepEqual(await look(), [stays]);
    let ended = 0;
    for (let beforeStep = 1; ended < most; beforeStep += stride) {
      const pid = await logIn(t, ftpd, alice);
      const goes = `${pid} ${alice.name}`;
      opened.clear();
      ending = { pid, beforeStep, steps: 0 };
      const rows = await look();
      const { steps }: Ending = ending;
      ending = null;
      if (steps < beforeStep) {
        assert.deepEqual(rows, [stays, goes].sort());
        break;
      }
      ended += 1;
      assert.deepEqual(
        rows.filter((row: string) => row !== goes),
        [stays],
        `before step ${beforeStep}`,
      );
      assert.deepEqual(await look(), [stays], `after step ${beforeStep}`);
    }
    t.diagnostic(`${ended} places to end at`);
    assert.ok(ended >= 5, `${ended}`);
  });
}
