import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { openFleetScene } from './fleet-scene.ts';

test('a scene whose gateway does not start leaves no messaging server behind', async () => {
  let natsPort = 0;
  const opened = openFleetScene(
    [],
    {},
    {
      gatewayReaches: async (port) => {
        natsPort = port;
        return `nats://127.0.0.1:${port}`;
      },
      prepareGateway: async () => ['--no-such-flag'],
    },
  );
  await assert.rejects(opened, /no-such-flag/);
  assert.notEqual(natsPort, 0);
  const outcome = await new Promise((resolve) => {
    const socket = connect(natsPort, '127.0.0.1', () => {
      socket.destroy();
      resolve('accepted');
    });
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
  });
  assert.equal(outcome, 'ECONNREFUSED');
});
