import { maxPartBytes } from '../messages/answer.ts';
import { PartCollector } from './collect-parts.ts';
import type { AgentTransport, Answerer, GatewayTransport } from './transport.ts';

/** A network in this process, for tests. */
export interface MemoryNetwork {
  gateway(): GatewayTransport;
  /** Several of one name are clones: each of them answers. */
  agent(host: string, answer: Answerer): AgentTransport;
  /** Loses the gateways' connections, and what is asked over them. */
  cut(): void;
  mend(): void;
}

export function createMemoryNetwork(): MemoryNetwork {
  const agents = new Map<string, Set<Answerer>>();
  const open = new Set<() => void>();
  let isCut = false;

  const gateway = (): GatewayTransport => ({
    ask: async (
      server,
      verb,
      body,
      { signal, askedAt = performance.now(), onExtra = () => {} },
    ) => {
      if (isCut) return { kind: 'lost', isUnsent: true };
      const answerers = agents.get(server);
      if (answerers === undefined || answerers.size === 0) return { kind: 'absent' };
      const collector = new PartCollector(signal);
      const lose = () => collector.end('lost');
      open.add(lose);
      for (const answer of answerers) {
        // A copy, as over a wire: what the one side changes later is not the other's.
        void answer(verb, Uint8Array.from(body)).then((parts) => {
          for (const [index, part] of (parts ?? []).entries()) {
            const place = { part: index + 1, parts: parts?.length ?? 0 };
            if (isCut) continue;
            const copy = Uint8Array.from(part);
            if (!collector.add(place, copy)) onExtra(copy, server, askedAt);
          }
        });
      }
      const result = await collector.result;
      open.delete(lose);
      return result;
    },
    problem: () => (isCut ? 'the network is cut' : null),
    close: async () => {},
  });

  return {
    gateway,
    agent: (host, answer) => {
      const all = agents.get(host) ?? new Set();
      agents.set(host, all.add(answer));
      return {
        maxPartBytes: () => maxPartBytes,
        close: async () => {
          all.delete(answer);
        },
      };
    },
    cut: () => {
      isCut = true;
      for (const lose of open) lose();
    },
    mend: () => {
      isCut = false;
    },
  };
}
