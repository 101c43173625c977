/** Makes lines of the pieces of a file, in UTF-8. */
export interface LineSplitter {
  /** The lines that have their end with this piece. */
  take(piece: Buffer): readonly string[];
  /** How many bytes wait for the end of their line. */
  restBytes(): number;
  /** What waits, as a line; none where nothing does. */
  rest(): readonly string[];
}

const lineEnd = 0x0a;

export function createLineSplitter(): LineSplitter {
  let waiting: Buffer[] = [];

  return {
    take(piece) {
      const end = piece.lastIndexOf(lineEnd);
      if (end === -1) {
        waiting.push(piece);
        return [];
      }
      const text = Buffer.concat([...waiting, piece.subarray(0, end)]).toString('utf8');
      waiting = end + 1 < piece.length ? [piece.subarray(end + 1)] : [];
      return text.split('\n');
    },
    restBytes: () => waiting.reduce((sum, { length }) => sum + length, 0),
    rest: () => (waiting.length === 0 ? [] : [Buffer.concat(waiting).toString('utf8')]),
  };
}
