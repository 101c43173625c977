import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { toYaml } from '../../../src/commands/yaml.ts';

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
