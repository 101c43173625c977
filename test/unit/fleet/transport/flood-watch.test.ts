import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { maxAnswerBytes, maxPartBytes, maxParts } from '../../../../src/fleet/messages/answer.ts';
import {
  createFloodWatch,
  type FloodWatch,
  maxMessageBytes,
} from '../../../../src/fleet/transport/flood-watch.ts';
import { answerSubject } from '../../../../src/fleet/transport/subjects.ts';

describe('a host that sends more than it was asked for', () => {
  let floods: FloodWatch;
  let told: string[];
  let time: number;
  beforeEach(() => {
    told = [];
    time = 0;
    floods = createFloodWatch(
      (server) => told.push(server),
      () => time,
    );
  });

  test('is none for a largest part with what stands beside it, where all names are long', () => {
    const subject = answerSubject('g'.repeat(63), 'r'.repeat(16), 't'.repeat(36));
    floods.saw(
      floods.flowOf('web1'),
      `${subject}NATS/1.0\r\nUapid-Part: 64/64\r\n\r\n`.length + maxPartBytes,
    );
    assert.equal(floods.isShutOut('web1'), false);
  });

  test('is none where two machines of one key both give the largest answer', () => {
    for (const [maxBytes, size] of [
      [undefined, maxPartBytes],
      [1_000, 1_000],
    ] as const) {
      const flow = floods.flowOf('web1', maxBytes);
      const count = 2 * Math.floor((maxBytes ?? maxAnswerBytes) / size);
      for (let parts = 0; parts < count; parts += 1) floods.saw(flow, size);
    }
    assert.equal(floods.isShutOut('web1'), false);
    assert.deepEqual(told, []);
  });

  test('is one that goes beyond its room in any number of messages, or sends one that uapid never does', () => {
    const much = floods.flowOf('web1', 1_000);
    for (let parts = 0; parts < maxParts; parts += 1) floods.saw(much, 10_000);
    floods.saw(floods.flowOf('web2'), maxMessageBytes + 1);
    assert.deepEqual(['web1', 'web2', 'web3'].map(floods.isShutOut), [true, true, false]);
    assert.deepEqual(told, ['web1', 'web2']);
  });

  test('is shut out for ten minutes, and told once however much still comes', () => {
    const flow = floods.flowOf('web1');
    for (let times = 0; times < 3; times += 1) floods.saw(flow, maxMessageBytes + 1);
    time = 599_999;
    assert.ok(floods.isShutOut('web1'));
    time = 600_000;
    assert.equal(floods.isShutOut('web1'), false);
    floods.saw(floods.flowOf('web1'), maxMessageBytes + 1);
    assert.ok(floods.isShutOut('web1'));
    assert.deepEqual(told, ['web1', 'web1']);
  });
});
