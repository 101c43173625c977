import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { answerClientError } from '../../../src/http/client-errors.ts';
import { createHttpsServer } from '../../../src/tls/https-server.ts';
import { localPair } from '../../support/key-pairs.ts';

test('a client that does not finish its handshake in time is cut off', async (t) => {
  const pair = await localPair();
  const never = () => assert.fail('there was no request');
  const server = createHttpsServer({ current: () => pair }, { handshakeTimeout: 50 }, never, never);
  server.on('clientError', answerClientError);
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const silent = connect(port, '127.0.0.1');
  t.after(() => silent.destroy());
  let received = 0;
  silent.on('data', ({ length }) => {
    received += length;
  });
  await once(silent, 'close', { signal: AbortSignal.timeout(10_000) });
  assert.equal(received, 0);
});
