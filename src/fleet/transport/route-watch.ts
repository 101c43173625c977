import { createSocket } from 'node:dgram';
import { isIP, isIPv6 } from 'node:net';

/** Tells this machine's own network from the hosts at its ends. */
export interface RouteWatch {
  /** Whether it had a way to no host at all when it was looked at last. */
  isLost(): boolean;
  /** Looks now; the same as `isLost` afterwards. */
  look(): Promise<boolean>;
  /** Looks every now and then for as long as somebody watches. */
  watch(): () => void;
  close(): void;
}

export interface RouteWatchParts {
  /** IP addresses of hosts, as far as they are known. */
  readonly addresses: () => readonly string[];
  readonly hasRoute?: (address: string) => Promise<boolean>;
  readonly onLost: () => void;
  readonly onBack: () => void;
}

/** So many are tried at a time. */
const maxTried = 8;
const lookEveryMs = 250;

export function createRouteWatch(parts: RouteWatchParts): RouteWatch {
  const { addresses, hasRoute = hasRouteTo, onLost, onBack } = parts;
  let isLost = false;
  let watchers = 0;
  let timer: NodeJS.Timeout | null = null;
  let looking: Promise<boolean> | null = null;
  let isClosed = false;
  /** Where the next ones are while all is lost: each comes in its turn. */
  let next = 0;

  async function lookNow(): Promise<boolean> {
    const all = addresses();
    const wasLost = isLost;
    isLost = all.length > 0 && !(wasLost ? await hasWayNow(all) : await hasWayToAny(all));
    if (isLost && !wasLost) onLost();
    if (!isLost && wasLost) onBack();
    return isLost;
  }

  async function isOneReached(some: readonly string[]): Promise<boolean> {
    return (await Promise.all(some.map(hasRoute))).includes(true);
  }

  /** All of them before the network counts as lost: the first ones may be a part of it that is. */
  async function hasWayToAny(all: readonly string[]): Promise<boolean> {
    for (let at = 0; at < all.length; at += maxTried) {
      if (await isOneReached(all.slice(at, at + maxTried))) return true;
    }
    return false;
  }

  function hasWayNow(all: readonly string[]): Promise<boolean> {
    if (next >= all.length) next = 0;
    const some = all.slice(next, next + maxTried);
    next += maxTried;
    return isOneReached(some);
  }

  function look(): Promise<boolean> {
    looking ??= lookNow().finally(() => {
      looking = null;
    });
    return looking;
  }

  /** Also while it is lost and nobody asks, so that its return is noticed. */
  function keepLooking(): void {
    if (isClosed || timer !== null || (watchers === 0 && !isLost)) return;
    timer = setTimeout(() => {
      timer = null;
      void look().then(keepLooking);
    }, lookEveryMs).unref();
  }

  return {
    isLost: () => isLost,
    look: async () => {
      const result = await look();
      keepLooking();
      return result;
    },
    watch: () => {
      watchers += 1;
      keepLooking();
      return () => {
        watchers -= 1;
      };
    },
    close: () => {
      isClosed = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}

/**
 * Whether the kernel has a way to an IP address: connecting a datagram socket asks it that and sends
 * nothing (connect(2)).
 */
export function hasRouteTo(address: string): Promise<boolean> {
  if (isIP(address) === 0) return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    let isOver = false;
    const end = (outcome: boolean) => {
      if (!isOver) socket.close();
      isOver = true;
      resolve(outcome);
    };
    socket.on('error', () => end(false));
    // The types do not know that it may be given an error.
    socket.connect(9, address, (...error: unknown[]) => end(error[0] == null));
  });
}
