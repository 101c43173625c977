/** So much of it is compared, at most. Lines of logs differ by their times. */
export const maxMarkBytes = 256;

/**
 * What stands right before a position in a file: a file that was truncated, and has grown past that
 * position since, has something else there.
 */
export interface TailMark {
  /** Takes the bytes that were read next. */
  take(bytes: Buffer): void;
  /** How many bytes there are to compare, at most. */
  length(): number;
  isSame(bytes: Buffer): boolean;
  reset(): void;
}

export function createTailMark(): TailMark {
  let mark: Buffer = Buffer.alloc(0);
  return {
    take(bytes) {
      const all = bytes.length >= maxMarkBytes ? bytes : Buffer.concat([mark, bytes]);
      mark = Buffer.from(all.subarray(Math.max(0, all.length - maxMarkBytes)));
    },
    length: () => mark.length,
    isSame: (bytes) => mark.equals(bytes),
    reset() {
      mark = Buffer.alloc(0);
    },
  };
}
