import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fleetFigures, otherFigures } from './figures.ts';

const file = new URL('../../../../test/bench/RESULTS.md', import.meta.url);

test('docs/fleet-size.md reckons from the figures of test/bench/RESULTS.md, where that has some of a fleet', () => {
  assert.deepEqual(otherFigures(readFileSync(file, 'utf8')), []);
});

test('a figure that was measured anew is found', () => {
  const results = `
| measure | uapid | peer | value | target | met | note |
|---|---|---|---|---|---|---|
| a fleet’s list, 1000 hosts | 301 ms (290–421) | the same over HTTP, a kept connection a host: 336 ms (287–407) | 1.15 | <= 0.8 | no | 12468 sessions, 6159937 bytes of answers |
| bytes of answers, 1000 hosts, nothing has changed | 136000 bytes (136000–136000) | whole answers: 6159937 bytes (6159937–6159937) | 0.0221 | <= 0.05 | yes | |
| processor time of the gateway, 1000 hosts, nothing has changed | 99 ms (91.3–201) | whole answers: 200 ms (191–232) | 0.479 | <= 0.4 | no | |
| processor time of the gateway, 3000 hosts against 1000 | 180 µs a host (180–227) | itself, 1000: 208 µs a host (191–232) | 1.02 | <= 1.2 | yes | |
`;
  const known = {
    ...fleetFigures,
    listMs: 362,
    gatewayMs: 208,
    manyGatewayUsPerHost: 211,
  } as const;
  const same = {
    answerBytes: 6_159_937,
    sessions: 12_468,
    unchangedBytes: 136_000,
    unchangedGatewayMs: 99,
  } as const;
  assert.deepEqual(otherFigures(results, { ...known, ...same }), [
    'listMs: 301',
    'gatewayMs: 200',
    'manyGatewayUsPerHost: 180',
  ]);
});
