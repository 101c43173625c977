import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { FrameError, receiveFrames, sendFrame } from '../../../src/lib/frames.ts';
import { channelPair } from '../channel/channel.ts';

interface Received {
  readonly values: unknown[];
  readonly faults: FrameError[];
}

function receive(limit = 1000): { received: Received; end: ReturnType<typeof channelPair>[0] } {
  const [here, there] = channelPair();
  const received: Received = { values: [], faults: [] };
  receiveFrames(there, limit, {
    onValue: (value) => received.values.push(value),
    onFault: (error) => received.faults.push(error),
  });
  return { received, end: here };
}

function frame(text: string): Buffer {
  const body = Buffer.from(text);
  const header = Buffer.alloc(4);
  header.writeUInt32BE(body.length);
  return Buffer.concat([header, body]);
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await setImmediate();
}

test('values arrive whole and in order, however the bytes are cut', async () => {
  const values = fc.array(fc.jsonValue(), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(
      values,
      fc.infiniteStream(fc.integer({ min: 1, max: 7 })),
      async (sent, cuts) => {
        const { received, end } = receive(10_000);
        const bytes = Buffer.concat(sent.map((value) => frame(JSON.stringify(value))));
        for (let at = 0; at < bytes.length; ) {
          const next = at + (cuts.next().value ?? 1);
          end.write(bytes.subarray(at, next));
          at = next;
        }
        await settled();
        assert.deepEqual(
          received.values,
          sent.map((value) => JSON.parse(JSON.stringify(value))),
        );
        assert.equal(received.faults.length, 0);
      },
    ),
    { numRuns: 50 },
  );
});

test('letters of more than one byte go over as they are', async () => {
  const { received, end } = receive();
  sendFrame(end, '{"a":"ü"}');
  await settled();
  assert.deepEqual(received.values, [{ a: 'ü' }]);
});

test('a frame over the limit is a fault by its header alone, and nothing is read after it', async () => {
  const { received, end } = receive(10);
  end.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
  end.write(frame('1'));
  await settled();
  assert.deepEqual([received.values.length, received.faults.length], [0, 1]);
  assert.ok(received.faults[0] instanceof FrameError);
});

test('any bytes are values or one fault, never an exception', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      const { received, end } = receive();
      end.write(Buffer.from(bytes));
      await settled();
      assert.ok(received.faults.length <= 1);
    }),
    { numRuns: 500 },
  );
});
