import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { needsSandbox } from '../support/sandbox.ts';
import { measures } from './measures/index.ts';
import { readOptions } from './options.ts';

const program = fileURLToPath(new URL('bench.js', import.meta.url));

/** The fewest lines of the table for which every measure has given one. */
const measureCount = Object.keys(measures).length;

test('every measure gives finite numbers, and the table is written', {
  skip: needsSandbox(),
}, (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'bench-test-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'results.md');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [program, '--quick', '--results', file],
    { encoding: 'utf8', timeout: 420_000 },
  );
  assert.equal(status, 0, `${stdout}${stderr}`);
  assert.equal(readFileSync(file, 'utf8'), stdout);
  const [heading = [], , ...rows] = stdout
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  assert.ok(rows.length >= measureCount, stdout);
  const [figureColumn, valueColumn] = [heading.indexOf('uapid'), heading.indexOf('value')];
  for (const row of rows) {
    assert.match(row[valueColumn] ?? '', /^-?\d+(\.\d+)?(e-\d+)?$/, row.join('|'));
    assert.match(row[figureColumn] ?? '', /^-?\d/, row.join('|'));
    assert.doesNotMatch(row.join('|'), /NaN|Infinity|undefined/);
  }
});

test('ends with 2 when it does not understand its arguments', () => {
  for (const args of [
    ['--only', 'nothing'],
    ['--minutes', '0'],
    ['--long', '--minutes', '2'],
    ['1'],
  ]) {
    assert.equal(readOptions(args, Object.keys(measures)), undefined, args.join(' '));
  }
  const { status, stderr } = spawnSync(process.execPath, [program, '1'], { encoding: 'utf8' });
  assert.equal(status, 2);
  assert.match(stderr, /^Usage: npm run bench .*list-time/s);
});

test('says what it needs and ends with 2 where no sandbox can be', () => {
  const env = { PATH: '/nowhere' };
  const { status, stderr } = spawnSync(process.execPath, [program], { env, encoding: 'utf8' });
  assert.equal(status, 2);
  assert.match(stderr, /cannot do so here: .*Run it as root on Linux\.\n$/);
});
