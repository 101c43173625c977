import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { hash as argon2 } from '@node-rs/argon2';
import { hash as bcrypt } from '@node-rs/bcrypt';
import { openAccountStore } from '../../../src/accounts/account-store.ts';
import { openTokenStore } from '../../../src/accounts/token-store.ts';
import { runCommand } from '../../support/command-run.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { ask } from '../channel/ask.ts';
import { makeState, serve } from '../channel/served.ts';

const skip = needsSandbox();
const password = 'Hello world!';
/** Of the specification of sha512-crypt. */
const sha512 =
  '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1';

/** Commands on a state directory that goes with the test; `input` is their stdin. */
function commands(t: TestContext) {
  const { stateDir } = makeState(t);
  const run = (args: readonly string[], input = '') =>
    runCommand(args, { input, env: { UAPID_STATE_DIR: stateDir } });
  const add = async (name: string, hash: string) => {
    const args = ['account', 'add', name, '--system-user', 'games', '--hash-stdin'];
    const { code, stderr } = await run(args, `${hash}\n`);
    assert.deepEqual([code, stderr.split('\n')[0]], [0, `uapid: account ${name} added`]);
  };
  return { stateDir, run, add };
}

test('accounts with hashes of argon2id, bcrypt and sha512-crypt are let in by their passwords only', {
  skip,
}, async (t) => {
  const { stateDir, add } = commands(t);
  const whole = 'p'.repeat(72);
  const hashes = {
    argon: await argon2(password, { memoryCost: 8192, timeCost: 3, parallelism: 4 }),
    bcrypt: await bcrypt(password, 4),
    long: await bcrypt(whole, 4),
    sha: sha512,
  };
  for (const [name, hash] of Object.entries(hashes)) await add(name, hash);
  const { url } = await serve(t, { stateDir });
  const statusOf = async (user: string, given: string) =>
    (await ask({ url, user, password: given })).status;
  for (const user of ['argon', 'bcrypt', 'sha']) {
    assert.equal(await statusOf(user, password), 200, user);
    assert.equal(await statusOf(user, `${password}x`), 401, user);
  }
  assert.equal(await statusOf('long', whole), 200);
  // To bcrypt they are the same.
  assert.equal(await statusOf('long', `${whole}x`), 401);
});

test('a hash is set once, keeps tokens, and says when it was so already', async (t) => {
  const { stateDir, run, add } = commands(t);
  await add('alice', sha512);
  const token = (await run(['token', 'add', 'alice'])).stdout.trim();
  const set = async (hash: string, ...more: string[]) => {
    const { code, stdout, stderr } = await run(
      ['account', 'set', 'alice', '--hash-stdin', '--json', ...more],
      `${hash}\n`,
    );
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout).became;
  };
  assert.equal(await set(sha512), 'unchanged');
  const other = await bcrypt('another one', 4);
  assert.equal(await set(other), 'changed');
  assert.equal(await set(other), 'unchanged');
  const store = openAccountStore(stateDir);
  assert.equal(await store.verify('alice', 'another one'), true);
  assert.equal(await store.verify('alice', password), false);
  assert.equal(openTokenStore(stateDir).verify('alice', token), true);
});

test('a hash that will not do is refused without being shown, and so is one in an argument', async (t) => {
  const { stateDir, run } = commands(t);
  const before = openAccountStore(stateDir).list();
  for (const [input, reason] of [
    [sha512.slice(0, -1), /the hash is none that is taken/],
    ['$6$rounds=999999$salt$'.padEnd(108, 'x'), /rounds of 999999/],
    [`$2b$14$${'.'.repeat(53)}`, /cost of 14/],
    ['', /the hash is none that is taken/],
  ] as const) {
    const result = await run(['account', 'add', 'x', '--hash-stdin'], `${input}\n`);
    assert.deepEqual([result.code, result.stdout], [6, '']);
    assert.match(result.stderr, reason);
    assert.ok(input === '' || !result.stderr.includes(input), result.stderr);
  }
  for (const verb of ['add', 'set']) {
    for (const given of [['--hash', sha512], [`--hash=${sha512}`], ['--hash']]) {
      const { code, stderr } = await run(['account', verb, 'x', ...given]);
      assert.equal(code, 2);
      assert.match(stderr, /--hash-stdin/);
      assert.ok(!stderr.includes(sha512));
    }
    const both = await run(['account', verb, 'x', '--hash-stdin', '--password-stdin'], 'x\n');
    assert.equal(both.code, 2);
  }
  assert.deepEqual(openAccountStore(stateDir).list(), before);
});
