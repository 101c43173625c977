import { maxAnswerBytes, maxPartBytes } from '../messages/answer.ts';

/** What came to one request. */
export interface Flow {
  readonly server: string;
  /** How much may still come. */
  left: number;
}

/** Notices hosts that send more than they were asked for, over a connection that all share. */
export interface FloodWatch {
  /** A request to a host that may answer with so many bytes. */
  flowOf(server: string, maxBytes?: number): Flow;
  /** A message has come to it, of so many bytes with its subject and headers. */
  saw(flow: Flow, bytes: number): void;
  /** Whether the host is not to be asked. */
  isShutOut(server: string): boolean;
}

/** A part with its subject and its header, which have some 200 bytes. */
export const maxMessageBytes = maxPartBytes + 1024;

/** So long a host is not asked then, in ms. */
const shutOutMs = 600_000;

/**
 * The messaging server lets a host answer each request by 64 messages, of a megabyte each where they are no uapid's, and
 * cuts off a gateway for which it holds 64 MB: it would be one host's to choose whether the others are heard. No request,
 * no leave. Two machines of one key may both answer, and a refusal may come with it.
 */
export function createFloodWatch(
  onFlood: (server: string) => void,
  now: () => number = () => performance.now(),
): FloodWatch {
  const until = new Map<string, number>();

  function isShutOut(server: string): boolean {
    const end = until.get(server);
    if (end === undefined) return false;
    if (now() < end) return true;
    until.delete(server);
    return false;
  }

  return {
    flowOf: (server, maxBytes = maxAnswerBytes) => ({ server, left: 2 * maxBytes + maxPartBytes }),
    saw: (flow, bytes) => {
      flow.left -= bytes;
      if ((flow.left >= 0 && bytes <= maxMessageBytes) || isShutOut(flow.server)) return;
      until.set(flow.server, now() + shutOutMs);
      onFlood(flow.server);
    },
    isShutOut,
  };
}
