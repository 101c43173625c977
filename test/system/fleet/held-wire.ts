import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect as connectTo, createServer, type Socket } from 'node:net';
import { breakOff } from '../../support/break-off.ts';

/** The way between a gateway and its messaging server, on which what is sent can be kept back. */
export interface HeldWire {
  /** nats://127.0.0.1:PORT */
  readonly url: string;
  /**
   * The next question and its answer get through. Of the one after it nothing does: no question, or no
   * answer. Resolves when something was kept back.
   */
  holdSecond(direction: 'asks' | 'answers'): { readonly held: Promise<void> };
  /** Breaks the connections off; what was kept back is lost. New ones get through. */
  cut(): void;
  close(): void;
}

interface Holding {
  readonly direction: 'asks' | 'answers';
  /** The question before has its answer. */
  isAnswered: boolean;
  /** The next one is out, or would be. */
  isOn: boolean;
  readonly onHeld: () => void;
}

/** Longer than a ping and its TLS record; every request and every answer is longer. */
const minBytes = 200;

export async function openHeldWire(port: number): Promise<HeldWire> {
  const open = new Set<Socket>();
  let holding: Holding | null = null;

  const server = createServer((gateway) => {
    const nats = connectTo(port, '127.0.0.1');
    for (const socket of [gateway, nats]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        open.delete(socket);
        gateway.destroy();
        nats.destroy();
      });
    }
    gateway.on('data', (data) => {
      const isAsk = data.length >= minBytes && holding?.isAnswered === true;
      if (isAsk && holding?.direction === 'answers') holding.isOn = true;
      if (isAsk && holding?.direction === 'asks') {
        holding.isOn = true;
        holding.onHeld();
      }
      if (holding?.direction !== 'asks' || !holding.isOn) nats.write(data);
    });
    nats.on('data', (data) => {
      const isAnswer = data.length >= minBytes;
      const isHeld = holding?.direction === 'answers' && holding.isOn;
      if (isAnswer && isHeld) holding?.onHeld();
      if (isAnswer && holding !== null) holding.isAnswered = true;
      if (!isHeld) gateway.write(data);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: own } = server.address() as AddressInfo;
  return {
    url: `nats://127.0.0.1:${own}`,
    holdSecond: (direction) => {
      const held = new Promise<void>((resolve) => {
        holding = { direction, isAnswered: false, isOn: false, onHeld: resolve };
      });
      return { held };
    },
    cut: () => {
      holding = null;
      for (const socket of open) breakOff(socket);
    },
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
