import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { followLines } from '../../../src/session-log/follow-lines.ts';
import { logText, pastSession } from '../../support/history-lines.ts';

test('no line is lost of a log that is truncated in place and grows just while it is read', {
  timeout: 60_000,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'follow-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'sessions.log');
  const before = logText(pastSession(1, '01:00:00'));
  const after = logText(...[2, 3, 4].map((pid) => pastSession(pid, `0${pid}:00:00`)));
  for (const moment of ['before', 'after']) {
    writeFileSync(path, before);
    const current = await open(path, 'r');
    const read = current.read.bind(current) as (...all: unknown[]) => Promise<unknown>;
    let reads = 0;
    // Forces the moment: around the second call, since the first takes what stands before the position.
    const late = async (...all: unknown[]) => {
      reads += 1;
      const isSecond = reads === 2;
      if (isSecond && moment === 'before') writeFileSync(path, after);
      const result = await read(...all);
      if (isSecond && moment === 'after') writeFileSync(path, after);
      return result;
    };
    Object.assign(current, { read: late });
    const stop = new AbortController();
    const told: string[] = [];
    const following = followLines(path, {
      current,
      position: Buffer.byteLength(before),
      signal: stop.signal,
    });
    for await (const lines of following) {
      told.push(...lines);
      if (told.length >= 3 || told.at(-1)?.includes('"pid":4,')) stop.abort();
    }
    assert.equal(told.map((line) => `${line}\n`).join(''), after);
  }
});
