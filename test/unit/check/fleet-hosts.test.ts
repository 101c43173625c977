import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkHosts } from '../../../src/check/fleet-hosts.ts';
import { createAnswerer } from '../../../src/fleet/agent/answer-ask.ts';
import {
  createSigningKey,
  publicHalf,
  readPublicHalf,
  readSigningKey,
} from '../../../src/fleet/signature/keys.ts';
import { createMemoryNetwork } from '../../../src/fleet/transport/memory.ts';
import { version } from '../../../src/lib/version.ts';
import { snapshot } from '../../support/app.ts';
import { listsAlone } from '../../support/lists-alone.ts';
import { newId } from '../../support/new-fleet-key.ts';

const signing = readSigningKey(createSigningKey());
assert.ok(signing !== null);
const known = readPublicHalf(publicHalf(signing));
assert.ok(known !== null);
const gateways = new Map([['gw1', known]]);

const answerer = (host: string) =>
  createAnswerer({
    host,
    gateways,
    allow: ['list'],
    sessions: { snapshot: async () => snapshot({ begunAt: Date.now() }) },
    ...listsAlone,
    instance: newId(),
    version,
    maxPartBytes: () => 256 * 1024,
    onRefusal: () => {},
    onInternalError: () => {},
  });

test('a host that is two machines is found, and one that is one is not', async () => {
  const network = createMemoryNetwork();
  network.agent('web1', answerer('web1'));
  network.agent('web2', answerer('web2'));
  network.agent('web2', answerer('web2'));
  const findings = await checkHosts({
    gateway: 'gw1',
    hosts: ['web1', 'web2'],
    transport: network.gateway(),
    signing,
    saidOf: () => null,
    absentRemedy: 'look there',
  });
  const [one, two] = findings;
  assert.deepEqual([one?.state, two?.state], ['ok', 'mend']);
  assert.match(two?.text ?? '', /^Two machines answer under its name/);
});
