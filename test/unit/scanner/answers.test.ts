import assert from 'node:assert/strict';
import { test } from 'node:test';
import { receiveFrames } from '../../../src/lib/frames.ts';
import { createAnswers } from '../../../src/scanner/answers.ts';
import { everybody } from '../../../src/sessions/scope.ts';
import type { Snapshot } from '../../../src/sessions/session.ts';
import { snapshot } from '../../support/app.ts';
import { until } from '../../support/until.ts';
import { channelPair } from '../channel/channel.ts';

test('a line that is closed during its scan leaves nothing behind', async () => {
  const [here, there] = channelPair();
  const replies: { readonly value: { readonly isFirst?: true } }[] = [];
  receiveFrames(there, 1_000_000, {
    onValue: (value) => replies.push(value as (typeof replies)[number]),
    onFault: (error) => assert.fail(error),
  });
  const looks: ((seen: Snapshot) => void)[] = [];
  const answers = createAnswers(here, {
    sessions: { snapshot: () => new Promise((resolve) => looks.push(resolve)) },
    ender: { end: async () => [] },
  });
  const ask = (id: number) =>
    answers.answer({ id, verb: 'snapshot', line: 7, scope: everybody, gaps: [], wants: {} });
  const first = ask(1);
  answers.closeLine(7);
  looks[0]?.(snapshot());
  await first;
  // What a sender of before remembered would show: it makes no first answer again.
  const second = ask(2);
  looks[1]?.(snapshot());
  await second;
  await until(() => replies.length === 2, { what: 'both are answered' });
  assert.deepEqual(
    replies.map(({ value }) => value.isFirst),
    [true, true],
  );
});
