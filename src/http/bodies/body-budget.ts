/** The room that bodies have which are still coming in, of all requests together. */
export interface BodyBudget {
  /** Lets a body of that holder in. `onRefused` is called once if it has to make room. */
  enter(holder: string, onRefused: () => void): BodyReservation;
}

/** One body's place in the room. */
export interface BodyReservation {
  /**
   * Says how many bytes the body takes from now on, and refuses those that must make room for that.
   * False when it is one of them, or was.
   */
  take(bytes: number): boolean;
  /** Gives the room back; the body cannot be refused any more. */
  leave(): void;
}

interface Body {
  bytes: number;
  readonly onRefused: () => void;
}

interface Holder {
  bytes: number;
  readonly bodies: Set<Body>;
}

/** Sixty-four of the largest, and far more of any that a client sends. */
const defaultMaxBytes = 64 * 1024 * 1024;

/**
 * Holds bodies to so many bytes in all. When it is more, the holder who takes most loses its largest:
 * so whoever keeps bodies half sent makes room for those who want something, and only one who takes
 * no less than everybody else can be refused.
 */
export function createBodyBudget(maxBytes = defaultMaxBytes): BodyBudget {
  const holders = new Map<string, Holder>();
  let taken = 0;

  function remove(name: string, holder: Holder, body: Body): void {
    if (!holder.bodies.delete(body)) return;
    taken -= body.bytes;
    holder.bytes -= body.bytes;
    if (holder.bodies.size === 0) holders.delete(name);
  }

  function makeRoom(): void {
    const [name, holder] = largestOf(holders, ([, { bytes }]) => bytes);
    const body = largestOf(holder.bodies, ({ bytes }) => bytes);
    remove(name, holder, body);
    body.onRefused();
  }

  return {
    enter: (name, onRefused) => {
      const holder = holders.get(name) ?? { bytes: 0, bodies: new Set() };
      const body = { bytes: 0, onRefused };
      holders.set(name, holder);
      holder.bodies.add(body);
      return {
        take: (bytes) => {
          if (!holder.bodies.has(body)) return false;
          taken += bytes - body.bytes;
          holder.bytes += bytes - body.bytes;
          body.bytes = bytes;
          while (taken > maxBytes) makeRoom();
          return holder.bodies.has(body);
        },
        leave: () => remove(name, holder, body),
      };
    },
  };
}

/** The first of the largest; there must be one. */
function largestOf<T>(all: Iterable<T>, sizeOf: (each: T) => number): T {
  return [...all].reduce((largest, each) => (sizeOf(each) > sizeOf(largest) ? each : largest));
}
