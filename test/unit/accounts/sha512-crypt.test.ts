import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { sha512Crypt } from '../../../src/accounts/sha512-crypt.ts';

/** Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512", its test vectors; salts as crypt(3) cuts them. */
const published = [
  [
    'Hello world!',
    'saltstring',
    5_000,
    'svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
  ],
  [
    'Hello world!',
    'saltstringsaltst',
    10_000,
    'OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.',
  ],
  [
    'This is just a test',
    'toolongsaltstrin',
    5_000,
    'lQ8jolhgVRVhY4b5pZKaysCLi0QBxGoNeKQzQ3glMhwllF7oGDZxUhx1yxdYcz/e1JSbq3y6JMxxl8audkUEm0',
  ],
  [
    'a very much longer text to encrypt.  This one even stretches over morethan one line.',
    'anotherlongsalts',
    1_400,
    'POfYwTEok97VWcjxIiSOjiykti.o/pQs.wPvMxQ6Fm7I6IoYN3CmLs66x9t0oSwbtEW7o7UmJEiDwGqd8p4ur1',
  ],
  [
    'we have a short salt string but not a short password',
    'short',
    77_777,
    'WuQyW2YR.hBNpjjRhpYD/ifIw05xdfeEyQoMxIXbkvr0gge1a1x3yRULJ5CCaUeOxFmtlcGZelFl5CxtgfiAc0',
  ],
  [
    'a short string',
    'asaltof16chars..',
    123_456,
    'BtCwjqMJGx5hrJhZywWvt0RLE8uZ4oPwcelCjmw2kSYu.Ec6ycULevoBK25fs2xXgMNrCzIMVcgEJAstJeonj1',
  ],
  [
    'the minimum number is still observed',
    'roundstoolow',
    1_000,
    'kUMsbe306n21p9R.FRkW3IGn.S9NPN0x50YhH1xhLsPuWGsUSklZt58jaTfF4ZEQpyUNGc0dqbpBYYBaHHrsX.',
  ],
] as const;

test('sha512-crypt gives what its specification says', async () => {
  for (const [password, salt, rounds, expected] of published) {
    assert.equal(await sha512Crypt(password, salt, rounds), expected, salt);
  }
});

/** crypt(3) of this system; null where nothing here calls it. */
function crypt(password: string, setting: string): string | null {
  if (spawnSync('perl', ['-v']).error !== undefined) return null;
  const script = 'print crypt($ARGV[0], $ARGV[1])';
  return execFileSync('perl', ['-e', script, password, setting], { encoding: 'utf8' });
}

const lengths = [1, 15, 16, 31, 32, 63, 64, 65, 127, 128, 129, 255, 256, 511];

test('sha512-crypt is crypt(3) of this system for passwords of every edge of its blocks', async (t) => {
  if (crypt('x', '$6$salt') === null) return t.skip('no perl, which calls crypt(3)');
  for (const length of lengths) {
    const password = 'é'.repeat(length >> 1) + 'x'.repeat(length & 1);
    const salt = 'saltsaltsaltsalt'.slice(0, 1 + (length % 16));
    const made = await sha512Crypt(password, salt, 1_000);
    const setting = `$6$rounds=1000$${salt}$`;
    assert.equal(`${setting}${made}`, crypt(password, setting), `${length} bytes`);
  }
});

test('sha512-crypt gives others their turn, however many rounds it has', async () => {
  let [turns, isDone] = [0, false];
  const made = sha512Crypt('a password', 'salt', 100_000).finally(() => {
    isDone = true;
  });
  while (!isDone) {
    await setImmediate();
    turns += 1;
  }
  await made;
  assert.ok(turns >= 400, `${turns} turns`);
});
