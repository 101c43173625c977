import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatCtime } from '../../../../src/lib/ctime.ts';
import { localZone } from '../../../../src/lib/local-time/local-zone.ts';
import { momentAt, wallClock } from '../../../../src/lib/local-time/wall-clock.ts';

const database = '/usr/share/zoneinfo';
const folder = mkdtempSync(join(tmpdir(), 'uapid-zones-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** Each month of 60 years, hours around the changes of summer time, and ends of what 32 bits hold. */
const times = [
  -86_400,
  0,
  ...Array.from({ length: 720 }, (_, index) => index * 2_629_800 + index * 61),
  ...[1_743_296_399, 1_743_296_400, 1_761_440_399, 1_761_440_400, 1_772_956_799, 1_772_956_800],
  2_147_483_647,
  2_147_483_648,
  4_102_444_799,
];

/** Before, the C library reckons rules otherwise: of 1970 none, and old ones of the United States. */
const sinceRules = times.filter((time) => time > Date.UTC(2007, 3) / 1_000);

function fromDate(tz: string, at: readonly number[]): string[] {
  const { stdout } = spawnSync('date', ['-f', '-', '+%a %b %e %T %Y'], {
    input: at.map((time) => `@${time}\n`).join(''),
    env: { LC_ALL: 'C', TZ: tz },
    encoding: 'utf8',
  });
  return stdout.trimEnd().split('\n');
}

function fromUs(tz: string, at: readonly number[]): string[] {
  return inZone(tz, () => at.map((time) => formatCtime(new Date(time * 1_000))));
}

function inZone<Result>(tz: string | undefined, run: () => Result): Result {
  const { TZ: before } = process.env;
  try {
    setZone(tz);
    return run();
  } finally {
    setZone(before);
  }
}

function setZone(tz: string | undefined): void {
  if (tz === undefined) delete process.env['TZ'];
  else process.env['TZ'] = tz;
}

test('local time is what date(1) says, in each zone of the database and with leap seconds', () => {
  const names = readdirSync(database, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.includes('.'))
    .map(({ parentPath, name }) => join(parentPath, name).slice(database.length + 1))
    .filter((name) => !name.startsWith('posix/') && /^[A-Z]|^right\/[AE]/.test(name))
    .filter((name, index) => name.startsWith('E') || index % 9 === 0);
  assert.ok(names.length > 60, `${names.length} zones`);
  assert.ok(names.some((name) => name.startsWith('right/')));
  for (const name of names) assert.deepEqual(fromUs(name, times), fromDate(name, times), name);
});

test('local time is what date(1) says, however TZ is written', () => {
  copyFileSync(join(database, 'Asia/Tokyo'), join(folder, 'zone'));
  for (const tz of [
    '',
    ':',
    'UTC',
    ':Europe/Berlin',
    ':/etc/localtime',
    '/etc/localtime',
    join(folder, 'zone'),
    `:${join(folder, 'zone')}`,
    join(folder, 'missing'),
    folder,
    '../zoneinfo/Asia/Tokyo',
    'CET-1CEST,M3.5.0,M10.5.0/3',
    ':CET-1CEST,M3.5.0,M10.5.0/3',
    'EST5EDT',
    'EST5EDT4',
    'EST5',
    'XYZ-05:45:30',
    '<+0330>-3:30<+0430>,J79/24,J263/24',
    'AEST-10AEDT,M10.1.0,M4.1.0/3',
    'AAA3BBB,60/0,300/-1',
    'AAA3BBB,J60/0,J59/1',
    '<-02>2<-01>,M3.5.0/-1,M10.5.0/0',
    'IST-2IDT,M3.4.4/26,M10.5.0',
    'Nowhere/Land',
    'AB3',
    'Berlin',
  ]) {
    assert.deepEqual(fromUs(tz, sinceRules), fromDate(tz, sinceRules), JSON.stringify(tz));
  }
});

test('local time is what date(1) says, for zones in the form of POSIX by chance', () => {
  const two = (max: number) => fc.integer({ min: 0, max });
  const offset = fc
    .tuple(fc.constantFrom('', '+', '-'), two(24), two(59))
    .map(([sign, hours, minutes]) => `${sign}${hours}:${String(minutes).padStart(2, '0')}`);
  const day = fc.oneof(
    fc
      .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 5 }), two(6))
      .map((parts) => `M${parts.join('.')}`),
    fc.integer({ min: 1, max: 365 }).map((number) => `J${number}`),
    two(364).map(String),
  );
  const zone = fc
    .tuple(offset, fc.option(offset, { nil: '' }), day, day, two(30))
    .map(([base, other, from, to, hours]) => `AAA${base}BBB${other},${from}/${hours},${to}`);
  fc.assert(
    fc.property(zone, (tz) => assert.deepEqual(fromUs(tz, sinceRules), fromDate(tz, sinceRules))),
    { numRuns: 60 },
  );
});

test('a moment that the wall shows is found again, and one that it leaves out counts on', () => {
  inZone('Europe/Berlin', () => {
    for (const time of times) {
      const found = momentAt(wallClock(new Date(time * 1_000))).getTime() / 1_000;
      // Of an hour that comes twice it is the first.
      assert.ok([0, 3_600].includes(time - found), String(time));
    }
    const at = (text: string) => momentAt(new Date(`${text}Z`)).toISOString();
    assert.equal(at('2025-03-30T02:30:00'), '2025-03-30T01:30:00.000Z');
    assert.equal(at('2025-10-26T02:30:00'), '2025-10-26T00:30:00.000Z');
  });
});

test('what names no zone, and a file that is none, is said; no file at all is not', () => {
  const problemOf = (tz: string) => localZone({ TZ: tz }).problem;
  assert.equal(problemOf('Europe/Berlin'), null);
  assert.equal(problemOf(''), null);
  assert.equal(problemOf('EST5'), null);
  assert.match(problemOf('Europe/Berlyn') ?? '', /in UTC: TZ="Europe\/Berlyn" names no time zone/);
  assert.equal(problemOf('/etc/localtime'), null);
});

test('a file that is cut off anywhere is no zone, and never an error', () => {
  const file = join(folder, 'cut');
  const whole = join(database, 'Europe/Berlin');
  for (let length = 0; length < 2_200; length += 37) {
    copyFileSync(whole, file);
    truncateSync(file, length);
    assert.equal(typeof localZone({ TZ: file }).offsetAt(0), 'number');
  }
  writeFileSync(file, 'TZif');
  assert.match(localZone({ TZ: file }).problem ?? '', /names no time zone/);
});
