import assert from 'node:assert/strict';
import { test } from 'node:test';
import { natsVersionProblem } from '../../../../src/fleet/transport/nats-version.ts';

test('a nats-server with the known holes is refused with the version to use', () => {
  const good = [
    '2.10.27',
    '2.10.30',
    '2.11.15',
    '2.12.6',
    '2.14.3',
    '2.15.1',
    '3.0.0',
    'v2.14.3-beta',
  ];
  for (const version of good) assert.equal(natsVersionProblem(version), null, version);
  for (const version of ['2.9.10', '2.10.26', '1.99.99']) {
    assert.match(natsVersionProblem(version) ?? '', /has known holes; use 2\.10\.27, or 2\.14\.3/);
  }
  for (const version of ['2.11.0', '2.11.14', '2.12.0', '2.12.5']) {
    assert.match(
      natsVersionProblem(version) ?? '',
      /another’s answers \(CVE-2026-33249\)/,
      version,
    );
  }
  assert.match(natsVersionProblem('') ?? '', /tells no version/);
});
