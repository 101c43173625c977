import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { parseScoreboardEntry } from '../../../src/daemons/pure-ftpd/scoreboard-entry.ts';
import { builds, encodeEntry } from '../../system/daemons/pure-ftpd/entry-bytes.ts';
import { mutateBytes, nastyText } from '../mutate.ts';
import type { Random } from '../random.ts';
import { pureTarget } from '../target.ts';

const numbers = [0n, 1n, 1_700_000_000n, 2n ** 53n, -1n, 2n ** 63n - 1n, -(2n ** 63n)];

/** An entry as pure-ftpd writes it, now and then with a field that it never writes. */
export function makeEntry(random: Random): Buffer {
  const number = () => (random.oneIn(8) ? random.pick(numbers) : BigInt(random.below(2 ** 31)));
  const address = () => Buffer.from(random.some(16, () => random.below(256)));
  const text = (maxLength: number) =>
    Buffer.from(random.oneIn(3) ? nastyText(random) : 'x'.repeat(random.below(maxLength)));
  const plain = encodeEntry(
    {
      state: random.oneIn(8) ? random.below(2 ** 32) : random.below(4),
      pid: random.below(2 ** 31),
      remoteAddress: random.oneIn(2)
        ? Buffer.alloc(4, random.below(256))
        : Buffer.alloc(16, address()),
      remotePort: random.below(65_536),
      localAddress: Buffer.alloc(4),
      localPort: random.below(65_536),
      connectedAt: number(),
      transferStartedAt: number(),
      restartedAt: number(),
      bytesTotal: number(),
      bytesMoved: number(),
      account: text(140),
      file: text(1100),
    },
    random.pick(builds.slice(0, random.oneIn(10) ? 6 : 2)),
  );
  return random.oneIn(2) ? plain : keepSize(mutateBytes(random, plain), plain.length, random);
}

/** Most changes are of content: of another size nothing is read at all. */
function keepSize(bytes: Buffer, size: number, random: Random): Buffer {
  if (random.oneIn(6)) return bytes;
  const sized = Buffer.alloc(size);
  bytes.copy(sized);
  return sized;
}

/** Files of pure-ftpd's scoreboard. */
export const scoreboard = pureTarget('scoreboard', 200_000, makeEntry, (bytes) => {
  const entry = parseScoreboardEntry(bytes);
  if (entry === null) return;
  assert.ok(['free', 'idle', 'download', 'upload'].includes(entry.state));
  assert.notEqual(isIP(entry.remoteAddress), 0, entry.remoteAddress);
  for (const text of [entry.account, entry.file ?? 'x']) assert.ok(!text.includes('\0'));
  assert.notEqual(entry.account, '');
  const { connectedAt, transferStartedAt, bytesMoved, bytesTotal } = entry;
  for (const number of [connectedAt, transferStartedAt, bytesMoved, bytesTotal]) {
    assert.ok(Number.isSafeInteger(number) && number >= 0, `${number}`);
  }
  for (const port of [entry.remotePort, entry.localPort]) assert.ok(port >= 0 && port < 65_536);
});
