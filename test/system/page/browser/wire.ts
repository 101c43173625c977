import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** A network between a browser and a server on this machine, for faults that have to be forced. */
export interface Wire {
  /** Where the browser finds the server. */
  readonly url: string;
  /** On a dead wire nothing arrives, and nobody is told; what was on its way arrives later. */
  setDead(isDead: boolean): void;
}

/** Lays a wire to a port of 127.0.0.1; it goes with the test. */
export async function startWire(t: TestContext, port: number): Promise<Wire> {
  const sockets = new Set<Socket>();
  let isDead = false;
  const forward = (from: Socket, to: Socket) => {
    sockets.add(from);
    from.on('data', (bytes) => to.write(bytes));
    if (isDead) from.pause();
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      to.end();
    });
  };
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    forward(near, far);
    forward(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setDead: (value) => {
      isDead = value;
      for (const socket of sockets) isDead ? socket.pause() : socket.resume();
    },
  };
}
