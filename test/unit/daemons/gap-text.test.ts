import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatGaps } from '../../../src/daemons/gap-text.ts';
import type { Gap, GapCause } from '../../../src/sessions/session.ts';

const causes: GapCause[] = [
  'processes-hidden',
  'executables-unreadable',
  'session-unproven',
  'record-missing',
  'record-unreadable',
  'record-layout-unknown',
  'address-unknown',
  'file-unknown',
  'state-unknown',
  'titles-off',
];

const gap = (cause: GapCause): Gap => ({ cause, ownerUid: 62_001 });

describe('what a caller reads of gaps', () => {
  test('is nothing without one', () => {
    assert.deepEqual(formatGaps([]), []);
  });

  test('is a sentence for each cause, a different one for each', () => {
    const sentences = formatGaps(causes.map(gap));
    assert.equal(new Set(sentences).size, causes.length);
    for (const sentence of sentences) assert.match(sentence, /^\S.*\.$/s);
  });

  test('is one sentence a cause, in the order of appearance, with how many it concerns', () => {
    const sentences = formatGaps([
      gap('file-unknown'),
      gap('record-unreadable'),
      gap('file-unknown'),
      gap('file-unknown'),
    ]);
    assert.equal(sentences.length, 2);
    assert.match(sentences[0] ?? '', /file.* 3 sessions/);
    assert.match(sentences[1] ?? '', /scoreboard.* one session/);
  });

  test('is one sentence for all causes that are not known here, and bounded, whatever a host of a fleet tells', () => {
    const strange = Array.from({ length: 5_000 }, (_, n) => gap(`cause-${n}` as GapCause));
    const [known, unknown, ...more] = formatGaps([...strange, gap('file-unknown')]);
    assert.match(known ?? '', /^The file/);
    assert.match(unknown ?? '', /^Something could not be seen \(cause-0, .* and 4990 more\)\.$/);
    assert.deepEqual(more, []);
    const daemons = Array.from({ length: 5_000 }, (_, n) => ({
      ...gap('daemon-failed'),
      daemon: `daemon-${n}`,
    }));
    assert.match(formatGaps(daemons).join(), /daemon-0 and .* and 4990 more, so its sessions/);
  });

  test('names no uid, so it tells nobody who else is there', () => {
    for (const sentence of formatGaps(causes.map(gap))) assert.doesNotMatch(sentence, /62.?001/);
  });
});
