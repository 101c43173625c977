import { Agent, request } from 'node:http';
import type { GatewayTransport } from '../../../src/fleet/transport/transport.ts';

/** The peer: the same requests over HTTP, by a connection to each host that is kept open. */
export function createHttpFanOut(ports: ReadonlyMap<string, number>): GatewayTransport {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
  return {
    ask: (server, verb, body, { signal }) =>
      new Promise((resolve) => {
        const port = ports.get(server);
        if (port === undefined) return resolve({ kind: 'absent' });
        const ending = new AbortController();
        signal.addEventListener('abort', { handleEvent: () => ending.abort() }, { once: true });
        const sent = request(
          {
            agent,
            host: '127.0.0.1',
            port,
            path: `/${verb}`,
            method: 'POST',
            headers: { 'content-length': body.length },
            signal: ending.signal,
          },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('end', () => resolve({ kind: 'answer', parts: [Buffer.concat(chunks)] }));
          },
        );
        sent.on('error', () => resolve({ kind: 'silent' }));
        sent.end(body);
      }),
    problem: () => null,
    close: async () => agent.destroy(),
  };
}
