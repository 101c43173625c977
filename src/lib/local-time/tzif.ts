import { parsePosixZone } from './posix-zone.ts';
import type { Zone } from './zone.ts';

const headerLength = 44;

interface Header {
  readonly version: number;
  readonly utLength: number;
  readonly stdLength: number;
  readonly leaps: number;
  readonly transitions: number;
  readonly types: number;
  readonly nameLength: number;
}

/** From a time on: what is to be added to it. */
interface Step {
  readonly from: number;
  readonly seconds: number;
}

/**
 * The zone in a compiled file of the time zone database (RFC 9636, section 3), with leap seconds where
 * it counts them. Throws RangeError when it is none or not whole.
 */
export function parseTzif(bytes: Uint8Array): Zone {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = readHeader(data, 0);
  // The first block has times of 32 bits, for readers of the first version.
  if (first.version === 0) return readBlock(data, headerLength, first, 4, null);
  const second = headerLength + blockLength(first, 4);
  const header = readHeader(data, second);
  const start = second + headerLength;
  const end = start + blockLength(header, 8);
  const [, footer = ''] = new TextDecoder('latin1').decode(bytes.subarray(end)).split('\n');
  return readBlock(data, start, header, 8, footer === '' ? null : parsePosixZone(footer));
}

function readHeader(data: DataView, at: number): Header {
  // "TZif"
  if (data.getUint32(at) !== 0x54_5a_69_66) throw new RangeError('not a time zone file');
  const [utLength, stdLength, leaps, transitions, types, nameLength] = [0, 1, 2, 3, 4, 5].map(
    (index) => data.getUint32(at + 20 + index * 4),
  ) as [number, number, number, number, number, number];
  const version = data.getUint8(at + 4);
  return { version, utLength, stdLength, leaps, transitions, types, nameLength };
}

function blockLength(header: Header, timeLength: number): number {
  const { transitions, types, nameLength, leaps, stdLength, utLength } = header;
  return (
    transitions * (timeLength + 1) +
    types * 6 +
    nameLength +
    leaps * (timeLength + 4) +
    stdLength +
    utLength
  );
}

/** `later` is what holds after the last transition. */
function readBlock(
  data: DataView,
  start: number,
  header: Header,
  timeLength: 4 | 8,
  later: Zone | null,
): Zone {
  const { transitions, types, nameLength, leaps } = header;
  const timeAt = (at: number) =>
    timeLength === 4 ? data.getInt32(at) : Number(data.getBigInt64(at));
  const indexes = start + transitions * timeLength;
  const typesAt = indexes + transitions;
  const offsetOf = (type: number) => {
    if (type >= types) throw new RangeError('a time zone file with a type that it does not have');
    return data.getInt32(typesAt + type * 6);
  };
  const steps = Array.from(
    { length: transitions },
    (_, index): Step => ({
      from: timeAt(start + index * timeLength),
      seconds: offsetOf(data.getUint8(indexes + index)),
    }),
  );
  const leapsAt = typesAt + types * 6 + nameLength;
  const corrections = Array.from({ length: leaps }, (_, index): Step => {
    const at = leapsAt + index * (timeLength + 4);
    return { from: timeAt(at), seconds: data.getInt32(at + timeLength) };
  });
  const before = offsetOf(0);
  const lastTransition = steps.at(-1)?.from ?? Number.NEGATIVE_INFINITY;
  return {
    offsetAt: (time) => {
      const leap = lastStep(corrections, time)?.seconds ?? 0;
      const offset =
        later !== null && time >= lastTransition
          ? later.offsetAt(time - leap)
          : (lastStep(steps, time)?.seconds ?? before);
      return offset - leap;
    },
  };
}

function lastStep(steps: readonly Step[], time: number): Step | undefined {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((steps[middle]?.from ?? 0) <= time) low = middle + 1;
    else high = middle;
  }
  return steps[low - 1];
}
