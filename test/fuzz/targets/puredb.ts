import assert from 'node:assert/strict';
import { parsePureDb } from '../../../src/daemons/pure-ftpd/puredb.ts';
import { mutateBytes, nastyText } from '../mutate.ts';
import type { Random } from '../random.ts';
import { pureTarget } from '../target.ts';

const lists = 256;

/** A puredb as pure-pw writes it, now and then with content that it never writes. */
export function makePureDb(random: Random): Buffer {
  const users = random.some(8, () => {
    const name = random.oneIn(3) ? nastyText(random) : `user${random.below(1_000)}`;
    const uid = random.oneIn(6) ? nastyText(random) : `${random.below(2 ** 32)}`;
    const home = random.oneIn(3) ? nastyText(random) : '/home/x/./y';
    const size = random.oneIn(3) ? nastyText(random) : `${random.below(2 ** 31)}`;
    const content = ['$6$secret$hash', uid, '100', '', home, ...Array(6).fill(''), size].join(':');
    return { list: random.below(lists), name: Buffer.from(name), content: Buffer.from(content) };
  });
  // The lists, each entry a hash and a place, and behind them all texts with their lengths.
  const sorted = users.toSorted((a, b) => a.list - b.list);
  const head = 4 + 4 * (lists + 1);
  let place = head + 8 * sorted.length;
  const entries: Buffer[] = [];
  const texts: Buffer[] = [];
  for (const { name, content } of sorted) {
    const data = Buffer.concat([numbers(name.length), name, numbers(content.length), content]);
    entries.push(numbers(random.below(2 ** 32), place));
    texts.push(data);
    place += data.length;
  }
  const end = head + 8 * sorted.length;
  // Now and then every other list is all entries: what lies in each other must not be told many times over.
  const isTangled = random.oneIn(10);
  const places = Array.from({ length: lists + 1 }, (_, list) => {
    if (isTangled) return list % 2 === 0 ? head : end;
    return head + 8 * sorted.filter((each) => each.list < list).length;
  });
  const whole = [Buffer.from('PDB2'), numbers(...places), ...entries, ...texts];
  const plain = Buffer.concat(whole);
  return random.oneIn(2) ? plain : mutateBytes(random, plain);
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
  return bytes;
}

/** pure-ftpd's accounts: names, homes and quotas are told, the password never. */
export const puredb = pureTarget('puredb', 60_000, makePureDb, (bytes) => {
  const users = parsePureDb(bytes);
  if (users === null) return;
  // As many as have room of their own.
  assert.ok(users.length <= bytes.length / 16, `${users.length} of ${bytes.length} bytes`);
  for (const user of users) {
    assert.deepEqual(Object.keys(user), ['user', 'uid', 'home', 'quotaBytes']);
    assert.notEqual(user.user, '');
    assert.ok(Number.isSafeInteger(user.uid) && user.uid >= 0);
    const { quotaBytes } = user;
    assert.ok(quotaBytes === 'unlimited' || (Number.isSafeInteger(quotaBytes) && quotaBytes > 0));
  }
});
