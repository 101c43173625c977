import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { capabilitiesOf, plain } from '../../../src/terminal/capabilities.ts';
import { drawMissing } from '../../../src/terminal/missing-table.ts';
import { widthOf } from '../../../src/terminal/printable.ts';
import { drawSessions, drawWarnings } from '../../../src/terminal/session-table.ts';
import { row } from './rows.ts';

const now = new Date(2026, 2, 4, 12, 30, 0);
/** A moment in local time, as a row tells it. */
const at = (...parts: [number, number, number, number, number, number]) =>
  new Date(...parts).toISOString();

const download = row({
  pid: 12,
  user: 'dev@alice.example',
  status: 'DL',
  file: 'iso/big.iso',
  bytes_moved: 503,
  bytes_total: 1000,
  percent: 50.3,
  rate_bytes_per_second: 1_258_291,
});
const upload = row({
  pid: 4_194_304,
  user: null,
  owner: '1002',
  host: null,
  status: 'UL',
  file: null,
  bytes_moved: 700_000,
  started_at: at(2026, 1, 28, 23, 59, 0),
});

test('a plain table has every fact in ASCII under its heading', () => {
  assert.deepEqual(drawSessions([row(), download, upload], now, plain), [
    '    PID  USER               OWNER  FROM       SINCE             STATUS    PROGRESS                RATE  FILE',
    '   6735  alice              alice  192.0.2.7  12:29:51          idle',
    '     12  dev@alice.example  alice  192.0.2.7  12:29:51          download  #####-----  50.3%  1.26 MB/s  iso/big.iso',
    '4194304  -                  1002   -          2026-02-28 23:59  upload    700 kB                     -  -',
  ]);
  assert.deepEqual(drawSessions([], now, plain), ['No sessions.']);
});

test('where there is more than ASCII the bar is of blocks, and colours are around texts alone', () => {
  const terminal = { isColoured: true, hasBlocks: true, width: null };
  const [heading = '', line = ''] = drawSessions([download], now, terminal);
  assert.ok(heading.startsWith('\x1b[1mPID\x1b[22m  \x1b[1mUSER\x1b[22m'), heading);
  assert.ok(line.includes('\x1b[32m█████░░░░░  50.3%\x1b[39m'), line);
  const uncoloured = drawSessions([download], now, { ...terminal, isColoured: false });
  assert.deepEqual(
    [heading, line].map((each) => stripVTControlCharacters(each)),
    uncoloured,
  );
});

test('a bar is full for all of the file only', () => {
  const barOf = (percent: number) =>
    drawSessions([{ ...download, percent }], now, plain)[1]?.match(/[#-]{10}/)?.[0];
  assert.deepEqual([0, 99.9, 100].map(barOf), ['----------', '#########-', '##########']);
});

const anyText = fc.string({ unit: 'binary', maxLength: 40 });
const anyRow = fc
  .record({
    user: fc.option(anyText),
    file: fc.option(anyText),
    owner: anyText,
    host: fc.option(anyText),
    status: fc.constantFrom('IDLE' as const, 'DL' as const, 'UL' as const),
    percent: fc.option(fc.double({ min: 0, max: 100, noNaN: true })),
    rate_bytes_per_second: fc.option(fc.nat()),
  })
  .map((facts) => row(facts));

test('whatever users and files are called, no line is wider than the terminal', () => {
  fc.assert(
    fc.property(
      fc.array(anyRow, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 10, max: 200 }),
      fc.boolean(),
      (rows, width, hasBlocks) => {
        const lines = drawSessions(rows, now, { isColoured: false, hasBlocks, width });
        const said = lines.findIndex((line) => line.startsWith('Not shown'));
        if (said >= 0) assert.equal(said, rows.length + 1);
        else if (width > 45) assert.equal(lines.length, rows.length + 1);
        for (const line of lines) assert.ok(widthOf(line) <= width, `${width}: ${line}`);
      },
    ),
  );
});

test('on a narrow terminal who and what come before the rest, and long names are cut', () => {
  const long = { ...download, file: `deep/${'x'.repeat(60)}/big.iso` };
  const lines = (width: number) => drawSessions([long], now, { ...plain, width });
  assert.match(lines(110)[1] ?? '', / {2}~x+\/big\.iso$/);
  assert.deepEqual(lines(44), [
    'PID  USER        STATUS    PROGRESS',
    ' 12  dev@alice~  download  #####-----  50.3%',
    'Not shown for want of width: OWNER, FROM,',
    'SINCE, RATE, FILE',
  ]);
  assert.match(lines(20)[0] ?? '', /^PID {2}USER/);
});

test('no name sends a terminal anything but text', () => {
  const rows = [
    row({ user: '\x1b]0;t\x07', file: '\u202e\x9b2J\r\n', status: 'UL', owner: '\x1bc' }),
  ];
  const text = drawSessions(rows, now, plain).join('');
  assert.doesNotMatch(text, /\p{Cc}|\u202e/u);
  assert.ok(text.includes('\\x1b]0;t\\x07') && text.includes('\\u{202e}\\x9b2J\\x0d\\x0a'), text);
  assert.doesNotMatch(drawWarnings(['\x1b[2J'], plain).join(''), /\p{Cc}/u);
});

test('colours are for a terminal that has them and a user who wants them', () => {
  const terminal = { isTTY: true, columns: 90 } as NodeJS.WriteStream;
  const env = { TERM: 'xterm', LANG: 'C.UTF-8' };
  assert.deepEqual(capabilitiesOf(terminal, env), { isColoured: true, hasBlocks: true, width: 90 });
  assert.equal(capabilitiesOf(terminal, { ...env, NO_COLOR: '1' }).isColoured, false);
  // no-color.org: only when it is not an empty string.
  assert.equal(capabilitiesOf(terminal, { ...env, NO_COLOR: '' }).isColoured, true);
  assert.equal(capabilitiesOf(terminal, { ...env, TERM: 'dumb' }).isColoured, false);
  assert.equal(capabilitiesOf(terminal, { ...env, LC_ALL: 'C' }).hasBlocks, false);
  assert.deepEqual(capabilitiesOf({ isTTY: false } as NodeJS.WriteStream, env), plain);
  // One that does not know its size.
  assert.equal(capabilitiesOf({ isTTY: true, columns: 0 } as NodeJS.WriteStream, env).width, 80);
});

test('rows of a fleet begin with their server, and each server that is missing is named below', () => {
  const rows = [
    { ...row(), server: 'web1' },
    { ...row(), server: 'web10' },
  ];
  const lines = drawSessions(rows, now, plain);
  assert.deepEqual(
    lines.map((line) => line.slice(0, 12)),
    ['SERVER   PID', 'web1    6735', 'web10   6735'],
  );
  const missing = [
    { server: 'web2', cause: 'absent', last_answer: '2030-04-23T10:31:02.000Z' },
    { server: 'web3', cause: 'refused', refusal: 'signature' },
    { server: 'web4', cause: 'busy' },
    { server: 'web5', cause: 'refused', refusal: 'x' },
  ];
  assert.deepEqual(drawMissing(missing, plain), [
    '',
    'MISSING  CAUSE                                      LAST ANSWER',
    'web2     not connected                              2030-04-23T10:31:02.000Z',
    'web3     knows another signing key of this gateway  unknown',
    'web4     busy, ask again                            unknown',
    'web5     refuses to answer (x)                      unknown',
  ]);
  assert.equal(drawMissing(missing.slice(1), plain)[1], 'MISSING  CAUSE');
  assert.deepEqual(drawMissing([], plain), []);
});
