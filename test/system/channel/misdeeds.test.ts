import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectFtp } from '../../support/ftp-client.ts';
import { startPatience } from '../../support/patience.ts';
import { isAlive } from '../../support/processes.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import { ask } from './ask.ts';
import type { Misdeed } from './fake-http-worker.ts';
import { countDescriptors, messages, serveReal, serveThenFake } from './serve-then-fake.ts';
import { makeState, statusOf, workersOf } from './served.ts';

const skip = needsSandbox();
const ended = 'the worker ended and is started again';
const isEnd = /ended and is started/;

const punished: [misdeed: Misdeed, line: RegExp][] = [
  ['random bytes', /sent what it never sends, and is ended/],
  ['the header of a frame of 4 GiB', /sent what it never sends, and is ended/],
  ['a frame that is no JSON', /sent what it never sends, and is ended/],
  ['JSON of a wrong form', /sent what it never sends, and is ended/],
  ['an unknown verb', /sent what it never sends, and is ended/],
  ['a pid of its own choice to end', /sent what it never sends, and is ended/],
  ['a path in place of a version', /sent what it never sends, and is ended/],
  ['the end of its channel, and lives on', /has closed its channel, and is ended/],
];

test('a worker that does what the real one never does is ended with one line, and the next one serves', {
  skip,
}, async (t) => {
  const ftpd = await startPureFtpd();
  t.after(() => ftpd.stop());
  const client = await connectFtp(ftpd);
  t.after(() => client.destroy());
  await client.login(users.alice.name, users.alice.password);
  // One server for all of them, so that also their sum leaves nothing open.
  const { uapid, setMisdeed, descriptors } = await serveReal(t, { alwaysFirstPause: true });
  for (const [misdeed, line] of punished) {
    await t.test(misdeed, async () => {
      const [before, endsBefore] = [uapid.log().length, messages(uapid, isEnd).length];
      const ends = () => messages(uapid, isEnd).length - endsBefore;
      setMisdeed(misdeed);
      process.kill(await uapid.httpPid(), 'SIGKILL');
      // The first line is of the real one, which was killed.
      await until(() => ends() >= 2, { what: 'the fake is ended', timeoutMs: 60_000 });
      setMisdeed(null);
      const answer = await until(async () => (await ask(uapid).catch(() => null)) ?? null, {
        what: 'the real worker answers',
      });
      assert.deepEqual(
        answer.data.map(({ user }) => user),
        ['alice'],
      );
      assert.ok(isAlive(uapid.pid));
      assert.equal(workersOf(uapid.pid).length, 1);
      await until(() => countDescriptors(uapid.pid) <= descriptors, {
        what: `there are ${descriptors} descriptors again`,
      });
      const told = () =>
        uapid
          .log()
          .slice(before)
          .map(({ msg }) => String(msg));
      const punishments = () => told().filter((msg) => line.test(msg)).length;
      // The log may have the one already, and not yet the other.
      await until(() => punishments() === ends() - 1, { what: 'each end has its one line' });
      const said = told();
      const unexpected = said
        .filter((msg) => !line.test(msg) && ![ended, 'request'].includes(msg))
        .filter((msg) => !/listens again/.test(msg));
      assert.deepEqual(unexpected, []);
      assert.doesNotMatch(uapid.stderr(), /warning/i);
    });
  }
});

test('a worker that always ends is started after 100 ms, then 200, 400, 800, …', {
  skip,
}, async (t) => {
  const { uapid } = await serveThenFake(t, 'an unknown verb');
  const ends = () => uapid.log().filter(({ msg }) => msg === ended);
  await until(() => ends().length >= 6, { what: 'the sixth end', timeoutMs: 60_000 });
  const pauses = ends().map(({ pauseMs }) => Number(pauseMs));
  assert.deepEqual(pauses.slice(0, 6), [100, 200, 400, 800, 1600, 3200]);
  const times = ends().map(({ time }) => Number(time));
  for (const [index, pauseMs] of pauses.slice(0, 5).entries()) {
    const passedMs = (times[index + 1] ?? 0) - (times[index] ?? 0);
    assert.ok(passedMs >= pauseMs, `${passedMs} ms after a pause of ${pauseMs} ms`);
  }
});

test('100,000 requests whose answers are not read cost the monitor a bounded memory', {
  skip,
}, async (t) => {
  const state = makeState(t);
  addAccounts(state.stateDir, 1000);
  const bytesOfState = readFileSync(join(state.stateDir, 'accounts.json')).length;
  const misdeed = '100,000 requests and reads none of the answers';
  const { uapid } = await serveThenFake(t, misdeed, state);
  const residentMiB = () => Number(statusOf(uapid.pid, 'VmRSS')[0]) / 1024;
  const beforeMiB = residentMiB();
  const samples: number[] = [];
  await until(
    async () => {
      samples.push(residentMiB());
      await sleep(100);
      const last = samples.slice(-15);
      const isSteady = last.length === 15 && Math.max(...last) - Math.min(...last) < 1;
      const hasPiledUp = Math.max(...last) - beforeMiB > 20;
      // One that answers no ping is ended in the end, and the next one sends as many.
      return messages(uapid, /listens again/).length >= 1 && hasPiledUp && isSteady;
    },
    {
      what: 'the answers have piled up, and the monitor takes no more memory',
      timeoutMs: 60_000,
      everyMs: 1,
    },
  );
  const maxMiB = Math.max(...samples) - beforeMiB;
  t.diagnostic(`${maxMiB.toFixed(0)} MiB more, with a state of ${bytesOfState} bytes`);
  // The state is told once, so each answer is small; how large ones are bounded is a test of the unit.
  assert.ok(maxMiB < 250, `${maxMiB} MiB`);
  uapid.kill('SIGTERM');
  assert.equal(await uapid.ended(), 0);
});

test('100,000 requests whose answers are read late are all answered', { skip }, async (t) => {
  const { uapid } = await serveThenFake(t, '100,000 requests and reads the answers late');
  await until(() => /fake: every request is answered/.test(uapid.stderr()), {
    what: 'every request is answered',
    timeoutMs: 60_000,
  });
  assert.doesNotMatch(uapid.stderr(), /warning/i);
  assert.equal(messages(uapid, /ended/).length, 1);
});

test('half a frame and silence keep the monitor from nothing', { skip }, async (t) => {
  const { uapid, setMisdeed } = await serveThenFake(t, 'half a frame and silence');
  await until(() => messages(uapid, /listens again/).length === 1, { what: 'the fake' });
  setMisdeed(null);
  const [fake] = workersOf(uapid.pid);
  process.kill(fake?.pid ?? 0, 'SIGKILL');
  await until(async () => (await ask(uapid)).status === 200, { what: 'the real one answers' });
});

test('a worker that does not end when asked is made to', { skip }, async (t) => {
  const { uapid } = await serveThenFake(t, 'no answer to SIGTERM');
  await until(() => messages(uapid, /listens again/).length === 1, { what: 'the fake' });
  const [fake] = workersOf(uapid.pid);
  const patience = startPatience(14_000);
  uapid.kill('SIGTERM');
  assert.equal(await uapid.ended(), 0);
  assert.equal(patience.isOver(), false);
  assert.equal(isAlive(fake?.pid ?? 0), false);
});

/** Copies of the first account, under names of their own. */
function addAccounts(stateDir: string, count: number): void {
  const path = join(stateDir, 'accounts.json');
  const file = JSON.parse(readFileSync(path, 'utf8')) as { accounts: { name: string }[] };
  const [first] = file.accounts;
  for (let index = 0; index < count; index += 1) {
    file.accounts.push({ ...first, name: `copy${index}` });
  }
  writeFileSync(path, JSON.stringify(file));
}
