import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readableLogLine } from '../../../src/lib/readable-log.ts';
import { printable } from '../../../src/terminal/printable.ts';

test('a line of the log is time, level, message and fields, and below them an error’s stack', () => {
  const { TZ } = process.env;
  process.env['TZ'] = 'Asia/Kolkata';
  try {
    const line = {
      level: 30,
      time: Date.UTC(2030, 3, 7, 20, 3, 5),
      pid: 9,
      hostname: 'h',
      msg: 'done',
    };
    assert.equal(readableLogLine(JSON.stringify(line)), '01:33:05  info   done');
    const request = {
      ...line,
      level: 40,
      method: 'GET',
      path: '/Ftp/x',
      status: 200,
      agent: 'a b',
    };
    assert.equal(
      readableLogLine(JSON.stringify(request)),
      '01:33:05  warn   done  method=GET  path=/Ftp/x  status=200  agent="a b"',
    );
    const failed = {
      ...line,
      level: 50,
      err: { message: 'forced', stack: 'Error: forced\n    at x' },
    };
    assert.equal(
      readableLogLine(JSON.stringify(failed)),
      '01:33:05  error  done\n    Error: forced\n        at x',
    );
  } finally {
    if (TZ === undefined) delete process.env['TZ'];
    else process.env['TZ'] = TZ;
  }
});

test('what is no line of the log stays as it is, and no field brings a control character', () => {
  for (const line of ['', 'plain', '{', '[]', 'null', '{"time":"x"}', '{"a":1}']) {
    assert.equal(readableLogLine(line), line);
  }
  const hostile = { level: 30, time: 0, msg: 'm', path: '/\x1b[2J\n\u202e' };
  const text = readableLogLine(JSON.stringify(hostile));
  assert.equal(printable(text.replaceAll('\u202e', '')), text.replaceAll('\u202e', ''));
  assert.equal(text.split('\n').length, 1);
});
