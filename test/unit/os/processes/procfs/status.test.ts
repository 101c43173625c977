import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseNamespacePids, parseStatus } from '../../../../../src/os/processes/procfs/status.ts';

function statusText(
  name: string,
  uids: readonly number[],
  gids: readonly number[],
  groups: readonly number[] = [],
): string {
  const ids = `Uid:\t${uids.join('\t')}\nGid:\t${gids.join('\t')}`;
  const rest = `FDSize:\t64\nGroups:\t${groups.map((group) => `${group} `).join('')}\nNSpid:\t7\n`;
  return `Name:\t${name}\nUmask:\t0022\nState:\tS (sleeping)\nPid:\t7\n${ids}\n${rest}`;
}

const root = [0, 0, 0, 0];

describe('whom a process runs as', () => {
  test('is told by the real and the effective of its four uids', () => {
    const credentials = parseStatus(statusText('x', [1, 2, 3, 4], [5, 6, 7, 8]));
    assert.deepEqual(credentials, {
      realUid: 1,
      effectiveUid: 2,
      isWhollyRoot: false,
      hasGroups: false,
    });
  });

  test('has supplementary groups if one is named, root’s too', () => {
    const of = (groups: readonly number[]) => parseStatus(statusText('x', root, root, groups));
    assert.deepEqual(
      [[], [0], [5, 1000]].map((groups) => of(groups)?.hasGroups),
      [false, true, true],
    );
    const without = 'Name:\tGroups:\t5\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n';
    assert.equal(parseStatus(without)?.hasGroups, undefined);
  });

  test('is wholly root with eight zeros only', () => {
    assert.equal(parseStatus(statusText('x', root, root))?.isWhollyRoot, true);
    for (const at of root.keys()) {
      const other = root.with(at, 1000);
      assert.equal(parseStatus(statusText('x', other, root))?.isWhollyRoot, false);
      assert.equal(parseStatus(statusText('x', root, other))?.isWhollyRoot, false);
    }
  });

  // The kernel escapes newlines and backslashes of the name, and nothing else.
  test('is not forged by a name, whatever stands in it', () => {
    const forgery = fc.tuple(
      fc.constantFrom('\r', '\u2028', '\\n', '\v', ''),
      fc.constantFrom('Uid:\t0\t0\t0\t0', 'Gid:\t0\t0\t0\t0', 'Groups:\t5 '),
      fc.constantFrom('\r', ''),
    );
    fc.assert(
      fc.property(forgery, (parts) => {
        const text = statusText(parts.join(''), [9, 9, 9, 9], [9, 9, 9, 9]);
        assert.deepEqual(parseStatus(text), {
          realUid: 9,
          effectiveUid: 9,
          isWhollyRoot: false,
          hasGroups: false,
        });
      }),
    );
  });

  test('is null for a text without these lines', () => {
    for (const text of ['', 'Name:\tx\n', 'Uid:\t0\t0\t0\t0\n', 'Gid:\t0\t0\t0\t0\n']) {
      assert.equal(parseStatus(text), null, text);
    }
    assert.equal(parseStatus('Uid:\t0\t0\t0\nGid:\t0\t0\t0\t0\n'), null);
    assert.equal(parseStatus('Uid:\t0\t0\tx\t0\nGid:\t0\t0\t0\t0\n'), null);
    const endless = `Uid:\t0\t${'9'.repeat(400)}\t0\t0\nGid:\t0\t0\t0\t0\n`;
    assert.equal(parseStatus(endless), null);
  });

  test('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        parseStatus(Buffer.from(bytes).toString('latin1'));
        parseStatus(`Uid:\t${Buffer.from(bytes).toString('latin1')}`);
      }),
    );
  });
});

describe('the pids of a process in its namespaces', () => {
  test('are all told, the outermost first', () => {
    assert.deepEqual(parseNamespacePids('Name:\tx\nNSpid:\t4711\nNSpgid:\t1\n'), [4711]);
    assert.deepEqual(parseNamespacePids('NSpid:\t4711\t12\t1\n'), [4711, 12, 1]);
  });

  test('are not told by a kernel without them, nor by a name that looks like them', () => {
    assert.equal(parseNamespacePids('Name:\tx\nPid:\t4711\n'), null);
    assert.equal(parseNamespacePids('Name:\tNSpid:\t1\n'), null);
    assert.equal(parseNamespacePids('Name:\tx\\nNSpid:\t1\n'), null);
  });
});
