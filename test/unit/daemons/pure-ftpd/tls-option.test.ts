import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { protocolOf } from '../../../../src/daemons/pure-ftpd/tls-option.ts';

const cases: [left: string, protocol: 'ftp' | 'ftps' | null][] = [
  ['', null],
  ['50', null],
  ['50 -Y 0', 'ftp'],
  ['50 -Y 1', null],
  ['50 -Y 2', 'ftps'],
  ['50 -Y 3', 'ftps'],
  ['50 -Y2 -B', 'ftps'],
  ['50 -BEY2', 'ftps'],
  ['50 --tls 2', 'ftps'],
  ['50 --tls=0', 'ftp'],
  // The last one counts.
  ['-Y 2 -Y 1', null],
  ['-Y 1 --tls=3', 'ftps'],
  ['--tls=2 -Y 0', 'ftp'],
  // An argument of another option is none.
  ['-F -Y2', null],
  ['-Y 2 -F -Y1', 'ftps'],
  ['-F-Y2 -u 2', null],
  ['-l puredb:/etc/-Y2', null],
  ['--fortunesfile=-Y2', null],
  ['--tlsciphersuite=-S:HIGH', null],
  ['--tlsciphersuite HIGH --tls 2', 'ftps'],
  ['-Y', null],
  ['--tls', null],
  ['-Y 22', null],
  ['- -- Y 2', null],
];

for (const [left, protocol] of cases) {
  test(`“${left}” of a command line says ${protocol ?? 'nothing'}`, () => {
    assert.equal(protocolOf(left.split(' ').filter(Boolean)), protocol);
  });
}

test('no text makes it fail, and without a Y or tls none says anything', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (args) => {
      const protocol = protocolOf(args);
      if (!args.some((text) => /Y|tls/.test(text))) assert.equal(protocol, null);
    }),
  );
});
