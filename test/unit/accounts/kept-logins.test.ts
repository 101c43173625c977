import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loginLimits } from '../../../src/accounts/kept-login.ts';
import { openKeptLogins } from '../../../src/accounts/kept-logins.ts';

const login = { account: 'alice', holder: 'alice x', securityToken: '/cpsess0123456789' };
const hour = 3_600_000;
const hash = (cookie: string) => createHash('sha256').update(cookie).digest('base64');

/** A state directory, its clock, and what opens its logins as the next start would. */
function setUp(t: TestContext) {
  const stateDir = mkdtempSync(join(tmpdir(), 'uapid-logins-'));
  t.after(() => rmSync(stateDir, { recursive: true, force: true }));
  const clock = { now: 1_700_000_000_000 };
  const problems: string[] = [];
  const start = async () => {
    const logins = await openKeptLogins(stateDir, {
      onProblem: (message) => problems.push(message),
      now: () => clock.now,
    });
    t.after(() => logins.close());
    return logins;
  };
  const paths = {
    key: join(stateDir, 'login-key.json'),
    logins: join(stateDir, 'logins.json'),
  };
  return { stateDir, clock, problems, start, paths };
}

/** Opens a login, and ends the process that did. */
async function openAndEnd({ start }: ReturnType<typeof setUp>): Promise<string> {
  const first = await start();
  const cookie = await first.open(login);
  await first.close();
  assert.ok(cookie);
  return cookie;
}

const hashes = (logins: Awaited<ReturnType<typeof openKeptLogins>>) =>
  logins.list().map(({ cookieHash }) => cookieHash);

test('a login is there after a restart as it was, and neither file has its cookie', async (t) => {
  const place = setUp(t);
  const cookie = await openAndEnd(place);
  place.clock.now += 60_000;
  const [kept, ...others] = (await place.start()).list();
  const { id, ...rest } = kept ?? assert.fail('it is gone');
  assert.ok(cookie.startsWith(id));
  const ago = { openedAgoMs: 60_000, usedAgoMs: 60_000 };
  assert.deepEqual(rest, { ...login, ...ago, cookieHash: hash(cookie) });
  assert.deepEqual(others, []);
  for (const path of [place.paths.key, place.paths.logins]) {
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.ok(!readFileSync(path, 'utf8').includes(cookie.slice(id.length)));
  }
  assert.deepEqual(place.problems, []);
});

test('before the first login nothing is made', async (t) => {
  const { start, stateDir } = setUp(t);
  const logins = await start();
  await logins.end('x'.repeat(22));
  await logins.close();
  assert.deepEqual(readdirSync(stateDir), []);
});

test('a login that has ended does not come back, and is off the disk once it is told so', async (t) => {
  const place = setUp(t);
  const first = await place.start();
  const [ended, other] = [await first.open(login), await first.open(login)];
  await first.end(ended?.slice(0, 22) ?? '');
  // As after a crash: what is on the disk now is all that the next start has.
  const written = readFileSync(place.paths.logins, 'utf8');
  assert.ok(!written.includes(ended?.slice(0, 22) ?? ''));
  await first.close();
  assert.deepEqual(hashes(await place.start()), [hash(other ?? '')]);
});

test('what a login lasts goes on over a restart: idle and in all', async (t) => {
  const place = setUp(t);
  await openAndEnd(place);
  place.clock.now += loginLimits.idleMs - 1;
  const second = await place.start();
  assert.equal(second.list().length, 1);
  second.used(second.list()[0]?.id ?? '');
  await second.close();
  place.clock.now += loginLimits.idleMs - 1;
  const third = await place.start();
  assert.equal(third.list().length, 1, 'it has been used');
  await third.close();
  place.clock.now += 1;
  assert.equal((await place.start()).list().length, 0, 'idle for too long');
});

test('a login ends after the absolute time, however often it is used and whatever starts', async (t) => {
  const place = setUp(t);
  await openAndEnd(place);
  const opened = place.clock.now;
  for (;;) {
    place.clock.now += loginLimits.idleMs - 1;
    const logins = await place.start();
    const [kept] = logins.list();
    if (kept === undefined) break;
    logins.used(kept.id);
    await logins.close();
  }
  const lasted = place.clock.now - opened;
  assert.ok(lasted >= loginLimits.absoluteMs && lasted < loginLimits.absoluteMs + hour);
});

test('the key is another after a day; a login of the old one lasts to its end and no longer', async (t) => {
  const place = setUp(t);
  const keysOf = () =>
    JSON.parse(readFileSync(place.paths.key, 'utf8')).keys.map(({ id }: { id: string }) => id);
  await openAndEnd(place);
  const [first] = keysOf();
  place.clock.now += 24 * hour - 1;
  const logins = await place.start();
  const old = await logins.open(login);
  assert.deepEqual(keysOf(), [first]);
  place.clock.now += 1;
  const young = await logins.open(login);
  assert.deepEqual(keysOf().slice(1), [first]);
  const isListed = (cookie: string | null) => hashes(logins).includes(hash(cookie ?? ''));
  const goOn = (ms: number) => {
    place.clock.now += ms;
    for (const { id } of logins.list()) logins.used(id);
  };
  for (let hours = 0; hours < 12; hours += 1) {
    assert.deepEqual([old, young].map(isListed), [true, true], `${hours} hours`);
    for (let thirds = 0; thirds < 3; thirds += 1)
      goOn(hour / 3 - (hours === 11 && thirds === 2 ? 1 : 0));
  }
  assert.deepEqual([old, young].map(isListed), [false, true]);
  place.clock.now += 1;
  assert.deepEqual([old, young].map(isListed), [false, false]);
  // Opened a day after the second key, when no login rests on the first.
  place.clock.now += 12 * hour;
  await logins.open(login);
  assert.equal(keysOf().length, 2);
  assert.ok(!keysOf().includes(first));
});

test('a record that was changed fits no cookie any more', async (t) => {
  const place = setUp(t);
  const cookie = await openAndEnd(place);
  const text = readFileSync(place.paths.logins, 'utf8');
  writeFileSync(place.paths.logins, text.replace('"account":"alice"', '"account":"admin"'));
  const kept = (await place.start()).list();
  assert.equal(kept.length, 1);
  assert.notEqual(kept[0]?.cookieHash, hash(cookie));
});

test('with another key, or none, the logins of before are over', async (t) => {
  const place = setUp(t);
  await openAndEnd(place);
  rmSync(place.paths.key);
  const second = await place.start();
  assert.deepEqual(second.list(), []);
  const cookie = await second.open(login);
  assert.deepEqual(hashes(second), [hash(cookie ?? '')]);
});

const refused: [string, (path: string) => void, RegExp][] = [
  [
    'is readable by others',
    (path) => chmodSync(path, 0o640),
    /open to others \(mode 640, not 600\)/,
  ],
  ['belongs to another user', (path) => chownSync(path, 65534, 0), /another user \(uid 65534\)/],
  ['is no JSON', (path) => writeFileSync(path, '{"keys":'), /is not valid JSON$/],
  ['has a key that is none', (path) => writeFileSync(path, '{"version":1,"keys":[1]}'), /damaged$/],
  [
    'is a link',
    (path) => {
      const text = readFileSync(path);
      rmSync(path);
      writeFileSync(`${path}.other`, text, { mode: 0o600 });
      symlinkSync(`${path}.other`, path);
    },
    /cannot be read \(ELOOP\)$/,
  ],
];

for (const [what, spoil, message] of refused) {
  const needsRoot = what.startsWith('belongs') && process.geteuid?.() !== 0;
  test(`a key file that ${what} is refused, by name, and left as it is`, {
    skip: needsRoot ? 'needs root' : false,
  }, async (t) => {
    const place = setUp(t);
    await openAndEnd(place);
    spoil(place.paths.key);
    const before = readFileSync(place.paths.key, 'utf8');
    const logins = await place.start();
    assert.deepEqual(logins.list(), []);
    assert.equal(await logins.open(login), null);
    assert.equal(place.problems.length, 1);
    assert.match(place.problems[0] ?? '', /^a restart of uapid will end the logins: \/.*login-key/);
    assert.match(place.problems[0] ?? '', message);
    assert.equal(readFileSync(place.paths.key, 'utf8'), before);
    // Who logs out now must not be logged in again once the key is in order.
    assert.equal(existsSync(place.paths.logins), false);
  });
}

test('of two servers with one state directory one keeps logins, and the other says that it does not', async (t) => {
  const place = setUp(t);
  const [first, second] = [await place.start(), await place.start()];
  assert.ok(await first.open(login));
  assert.equal(await second.open(login), null);
  assert.match(place.problems.join(), /logins\.json\.lock is still held by process/);
});

test('a worker that cannot be trusted takes all logins with it', async (t) => {
  const place = setUp(t);
  const first = await place.start();
  await first.open(login);
  await first.endAll();
  await first.close();
  assert.deepEqual((await place.start()).list(), []);
});

test('where the end of a login cannot be written it has ended all the same, and that is told', async (t) => {
  const place = setUp(t);
  await openAndEnd(place);
  const logins = await place.start();
  // A fault that is forced: no file takes the place of a folder.
  rmSync(place.paths.logins);
  mkdirSync(place.paths.logins);
  await logins.end(logins.list()[0]?.id ?? '');
  assert.deepEqual(logins.list(), []);
  assert.match(place.problems.join(), /cannot be written/);
});
