/** The bytes that bodies may take which are still coming in, of all requests together. */
export interface BodyBudget {
  /** Lets a body of that sender in. `onRefused` is called once if it has to make room. */
  reserve(sender: string, onRefused: () => void): BodyReservation;
}

/** The reservation of one body. */
export interface BodyReservation {
  /**
   * Says how many bytes the body takes from now on, and refuses those that must make room for that.
   * False when it is one of them, or was.
   */
  take(bytes: number): boolean;
  /** Gives the bytes back; the body cannot be refused any more. */
  release(): void;
}

interface Body {
  bytes: number;
  readonly onRefused: () => void;
}

interface BodySender {
  bytes: number;
  readonly bodies: Set<Body>;
}

/** Sixty-four of the largest, and far more of any that a client sends. */
const defaultMaxBytes = 64 * 1024 * 1024;

/**
 * Holds bodies to so many bytes in all. When it is more, the sender that takes most loses its largest:
 * so a sender that keeps bodies half sent makes room for those that want something, and only one that
 * takes no less than everybody else can be refused.
 */
export function createBodyBudget(maxBytes = defaultMaxBytes): BodyBudget {
  const senders = new Map<string, BodySender>();
  let taken = 0;

  function remove(name: string, sender: BodySender, body: Body): void {
    if (!sender.bodies.delete(body)) return;
    taken -= body.bytes;
    sender.bytes -= body.bytes;
    if (sender.bodies.size === 0) senders.delete(name);
  }

  function refuseLargest(): void {
    const [name, sender] = largestOf(senders, ([, { bytes }]) => bytes);
    const body = largestOf(sender.bodies, ({ bytes }) => bytes);
    remove(name, sender, body);
    body.onRefused();
  }

  return {
    reserve: (name, onRefused) => {
      const sender = senders.get(name) ?? { bytes: 0, bodies: new Set() };
      const body = { bytes: 0, onRefused };
      senders.set(name, sender);
      sender.bodies.add(body);
      return {
        take: (bytes) => {
          if (!sender.bodies.has(body)) return false;
          taken += bytes - body.bytes;
          sender.bytes += bytes - body.bytes;
          body.bytes = bytes;
          while (taken > maxBytes) refuseLargest();
          return sender.bodies.has(body);
        },
        release: () => remove(name, sender, body),
      };
    },
  };
}

/** The first of the largest; there must be one. */
function largestOf<T>(all: Iterable<T>, sizeOf: (each: T) => number): T {
  return [...all].reduce((largest, each) => (sizeOf(each) > sizeOf(largest) ? each : largest));
}
