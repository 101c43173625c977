import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { breakOff } from '../../support/break-off.ts';

/** The way between a host and the messaging server. */
export interface Wire {
  /** nats://127.0.0.1:PORT */
  readonly url: string;
  /** Breaks all connections off, and takes no more. */
  cut(): void;
  /** Lets nothing through, and closes nothing, as a network that loses every packet. */
  hold(): void;
  /** Lets through what was kept back, and new connections. */
  mend(): void;
  close(): void;
}

export async function openWire(port: number): Promise<Wire> {
  const open = new Set<Socket>();
  let isCut = false;
  let isHeld = false;
  const server = createServer((near) => {
    if (isCut) return breakOff(near);
    const far = connect(port, '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('data', (data) => other.write(data));
      socket.once('close', () => {
        open.delete(socket);
        other.destroy();
      });
      if (isHeld) socket.pause();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => {
      isCut = true;
      for (const socket of open) breakOff(socket);
    },
    hold: () => {
      isHeld = true;
      for (const socket of open) socket.pause();
    },
    mend: () => {
      isCut = false;
      isHeld = false;
      for (const socket of open) socket.resume();
    },
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
