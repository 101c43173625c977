import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { connectPrivilegedSide } from '../../../src/channel/client.ts';
import { createMirror } from '../../../src/channel/replica.ts';
import { sendFrame } from '../../../src/lib/frames.ts';

/** A fake of the channel: how many writes a turn comes to cannot be seen at the other end. */
function countingChannel() {
  const writes: string[][] = [];
  const channel = new Duplex({
    read: () => {},
    writev: (chunks, done) => {
      writes.push(chunks.map(({ chunk }) => JSON.parse(chunk.subarray(4).toString()).verb));
      done();
    },
  });
  return { channel, writes };
}

test('what is asked in one turn goes out in one write, and in the next in another', async () => {
  const { channel, writes } = countingChannel();
  const client = connectPrivilegedSide(channel, () => {});
  const first = { version: 0, value: 'old' };
  const mirror = createMirror<string>((known) => client.since('state', known), first, client.turn);
  const ask = () => {
    mirror.refresh().catch(() => {});
    for (const owners of [[1001], null, [1001]]) client.sessions.snapshot(owners).catch(() => {});
  };
  ask();
  assert.deepEqual(writes, [], 'not before all that came in is read');
  await setImmediate();
  await setImmediate();
  assert.deepEqual(writes, [['state', 'snapshot', 'snapshot']]);
  client.sessions.snapshot([7]).catch(() => {});
  for (let step = 0; step < 20; step += 1) await Promise.resolve();
  assert.equal(writes.length, 1, 'this turn is not over either');
  await setImmediate();
  await setImmediate();
  assert.deepEqual(writes[1], ['snapshot']);
});

test('a mirror is another revision for each change, and the same without one', async () => {
  const { channel } = countingChannel();
  const client = connectPrivilegedSide(channel, () => {});
  const mirror = createMirror<string>((known) => client.since('state', known), {
    version: 4,
    value: 'old',
  });
  let id = 0;
  const answer = async (update: object) => {
    const refreshed = mirror.refresh();
    await setImmediate();
    await setImmediate();
    const reply: Buffer[] = [];
    id += 1;
    sendFrame(
      { write: (bytes: Buffer) => reply.push(bytes) } as unknown as Duplex,
      JSON.stringify({ id, value: update }),
    );
    channel.push(Buffer.concat(reply));
    await refreshed;
  };
  await answer({ version: 4 });
  assert.deepEqual([mirror.revision(), mirror.current()], [4, 'old']);
  await answer({ version: 5, value: 'new' });
  assert.deepEqual([mirror.revision(), mirror.current()], [5, 'new']);
});
