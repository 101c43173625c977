/*
 * What goes over HTTPS: POST /fleet/v1/VERB with a request in its frame as the body. The answer has its parts
 * in a row, each behind its length (32 bits, big-endian), and their number in a header.
 */

/** Below it stands the verb. */
export const fleetPath = '/fleet/v1/';
/** Says before the body whose request it is: the text of a `Pass`. */
export const passHeader = 'uapid-fleet-pass';
/** How many parts the answer has. */
export const partsHeader = 'uapid-fleet-parts';

/** The parts of an answer in one body. */
export function joinParts(parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  );
}
