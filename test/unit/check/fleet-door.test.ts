import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { checkDoor } from '../../../src/check/fleet-door.ts';
import { joinParts } from '../../../src/fleet/transport/https-parts.ts';
import { newId } from '../../support/new-fleet-key.ts';

/** A fake, which answers as other servers do. */
let status = 403;
let refused: string | null = null;
const server = createServer((_request, response) => {
  const part = Buffer.from(JSON.stringify({ v: 1, instance: newId(), refused, now: 1 }));
  if (refused === null) response.writeHead(status).end('no');
  else response.writeHead(status, { 'uapid-fleet-parts': '1' }).end(joinParts([part]));
});

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(() => server.close());

test('an address is well only where a host of the fleet refuses the signature that is nobody’s', async () => {
  const { port } = server.address() as AddressInfo;
  const found = async (code: number, refusal: string | null = null) => {
    status = code;
    refused = refusal;
    const address = { url: `http://127.0.0.1:${port}`, host: '127.0.0.1', port };
    const { state, text } = await checkDoor(address, 'gw1');
    return `${state} ${text}`;
  };
  assert.match(await found(403, 'signature'), /^ok .* answers the gateway gw1/);
  assert.match(await found(403), /^mend .* with 403: that is no uapid of this fleet/);
  assert.match(await found(403, 'gateway-unknown'), /^mend .* does not know the gateway gw1/);
  assert.match(await found(404), /^mend .* answers no gateway/);
  assert.match(await found(200), /^mend .* with 200/);
  assert.match(await found(429), /^note .* waits: try again/);
});
