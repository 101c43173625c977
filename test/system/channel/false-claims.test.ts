import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import type { Misdeed } from './fake-http-worker.ts';
import { messages, serveThenFake } from './serve-then-fake.ts';

const skip = needsSandbox();

const untrue: Misdeed[] = [
  'an address of its own',
  'a reason with what a terminal obeys',
  'a line of a command’s for the audit log',
];

test('a worker that says what it cannot know is ended, and nothing of it is told', {
  skip,
}, async (t) => {
  const { uapid, setMisdeed } = await serveThenFake(t, untrue[0] as Misdeed);
  for (const misdeed of untrue) {
    setMisdeed(misdeed);
    const punished = () => messages(uapid, /sent what it never sends, and is ended/).length;
    const before = punished();
    // The one that is under way may still be the one before.
    await until(() => punished() >= before + 2, { what: misdeed, timeoutMs: 60_000 });
  }
  const said = uapid.stdout() + uapid.stderr();
  assert.doesNotMatch(said, /192\.0\.2\.66|owned|all is well/);
  assert.ok(!said.includes('\u001b'));
  // It is there with its first line.
  const log = join(uapid.stateDir, 'audit.log');
  assert.doesNotMatch(existsSync(log) ? readFileSync(log, 'latin1') : '', /mallory/);
});

test('100,000 lines for the audit log are cut off, marked and counted, and a login is among them', {
  skip,
}, async (t) => {
  const { uapid } = await serveThenFake(t, '100,000 refusals and a login for the audit log');
  const lines = () =>
    readFileSync(join(uapid.stateDir, 'audit.log'), 'latin1').split('\n').slice(0, -1);
  const refused = () => lines().filter((line) => / access-refused .* claimed=line$/.test(line));
  const dropped = () =>
    lines()
      .map((line) =>
        Number(/ lines-dropped address=- kind=refusals dropped=(\d+)$/.exec(line)?.[1] ?? 0),
      )
      .reduce((sum, count) => sum + count, 0);
  // A fake that answers no ping is ended, and the next one sends as many.
  const isIn = () => lines().some((line) => / login .* claimed=line$/.test(line));
  await until(() => refused().length + dropped() >= 100_000 && isIn(), {
    what: 'each line is written or counted, and the login is there',
    timeoutMs: 120_000,
    everyMs: 200,
  });
  assert.ok(refused().length > 500, `${refused().length} lines`);
  assert.ok(lines().join('\n').length < 2_000_000);
  for (const line of lines()) assert.match(line, /^uapid-audit: [ -~]+$/);
});

test('5,000 requests that fail are told in a few lines of the log, and counted', {
  skip,
}, async (t) => {
  const { uapid } = await serveThenFake(t, '5,000 requests that fail');
  const counted = () => messages(uapid, /^further requests of the worker failed$/);
  await until(() => counted().length > 0, { what: 'they are counted', timeoutMs: 60_000 });
  assert.ok(messages(uapid, /^a request of the worker failed$/).length < 100);
});
