import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { toYaml } from '../../../src/commands/yaml.ts';
import { unpackPackages } from '../../support/debian-packages.ts';

const versions = ['1.1', '1.2'] as const;

test('whatever a value holds, readers of YAML 1.1 and 1.2 read the same value', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      'yes',
      'No',
      'on',
      '~',
      'null',
      '1',
      '012',
      '1e3',
      '12:30',
      '=',
      '<<',
      '- a',
      '',
    ),
  );
  const value = fc.dictionary(fc.constantFrom('user', 'y', 'pid'), fc.oneof(texts, fc.integer()));
  const answers = fc.array(fc.oneof(value, fc.constant(null)));
  fc.assert(
    fc.property(answers, (answer) => {
      const yaml = toYaml({ answer });
      for (const version of versions) {
        assert.deepEqual(parse(yaml, { version }), JSON.parse(JSON.stringify({ answer })), yaml);
      }
    }),
  );
});

test('the reader of another library reads the same, also of what JSON writes as a pair', async () => {
  const root = await unpackPackages('python3-yaml', ['python3-yaml']);
  const texts = [
    '\u{e0067}',
    '\u{10ffff}',
    '🎉',
    '<<',
    '=',
    'yes',
    '\x85\u2028',
    'a: b',
    '- x',
    '\t',
    'é',
  ];
  const script = 'import json,sys,yaml; json.dump(yaml.safe_load(sys.stdin.buffer), sys.stdout)';
  const json = execFileSync('python3', ['-c', script], {
    input: toYaml({ texts }),
    env: { ...process.env, PYTHONPATH: join(root, 'usr/lib/python3/dist-packages') },
  });
  assert.deepEqual(JSON.parse(json.toString()), { texts });
});

test('nothing that a terminal may obey is in it', () => {
  const user = '\x1b[2J\u202eevil\u0085\n\u2028';
  const yaml = toYaml({ user });
  assert.match(yaml, /^[ -~\n]*$/);
  assert.deepEqual(parse(yaml), { user });
});

test('null is a tilde, and long texts stay on their line', () => {
  const long = 'x '.repeat(200).trim();
  assert.equal(
    toYaml({ errors: null, long, rows: [] }),
    `---\nerrors: ~\nlong: ${long}\nrows: []\n`,
  );
});
