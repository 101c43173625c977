import type { Random } from './random.ts';

/** What parsers stumble over, wherever it stands. */
const nastyTexts = [
  '',
  '\0',
  '\n',
  '\r\n',
  '\t',
  ' ',
  '  ',
  ')',
  '(',
  ':',
  '%',
  '%00',
  '%zz',
  '&',
  '=',
  ';',
  '"',
  '\\',
  '{',
  '[',
  ']}',
  '..',
  '/',
  '//',
  '__proto__',
  'constructor',
  '-1',
  '0',
  '4294967296',
  '9007199254740993',
  '9'.repeat(400),
  '1e999',
  'NaN',
  'null',
  'true',
  '\u2028',
  '\ufeff',
  'é',
  '💩',
  '\ud800',
  '\x1b[0m',
  'a'.repeat(300),
];

export const nastyText = (random: Random) => random.pick(nastyTexts);

/** A few changes to bytes: flips, cuts, doublings, insertions, pieces of a second sample. */
export function mutateBytes(random: Random, sample: Buffer, other = sample): Buffer {
  let bytes: Buffer = Buffer.from(sample);
  for (let change = random.below(4) + 1; change > 0; change -= 1) {
    bytes = changeOnce(random, bytes, other);
  }
  return bytes;
}

/** The same for a text, which stays one of whole characters but for what is inserted. */
export function mutateText(random: Random, sample: string, other = sample): string {
  if (random.oneIn(3)) {
    return mutateBytes(random, Buffer.from(sample), Buffer.from(other)).toString('utf8');
  }
  const at = random.below(sample.length + 1);
  const end = random.oneIn(2) ? at : at + random.below(sample.length - at + 1);
  const from = random.below(other.length + 1);
  const put = random.oneIn(2) ? nastyText(random) : other.slice(from, from + random.below(40));
  return sample.slice(0, at) + put + sample.slice(end);
}

function changeOnce(random: Random, bytes: Buffer, other: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + random.below(16));
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(end)];
  switch (random.below(7)) {
    case 0:
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = random.pick([0, 0x7f, 0x80, 0xff, 0x0a, 0x20, 0x3a]);
      return bytes;
    case 2:
      return Buffer.from(before);
    case 3:
      return Buffer.concat([before, after]);
    case 4:
      return Buffer.concat([before, Buffer.from(nastyText(random)), bytes.subarray(at)]);
    case 5:
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    default: {
      const from = random.below(other.length + 1);
      return Buffer.concat([before, other.subarray(from, from + random.below(64)), after]);
    }
  }
}

/** A JSON value with something in it replaced, left out or added. */
export function mutateValue(random: Random, value: unknown): unknown {
  if (random.oneIn(4) || typeof value !== 'object' || value === null) return nastyValue(random);
  if (Array.isArray(value)) {
    const at = random.below(value.length + 1);
    const put = random.oneIn(3) ? [] : [mutateValue(random, value[at])];
    return [...value.slice(0, at), ...put, ...value.slice(at + random.below(2))];
  }
  const entries = Object.entries(value);
  const [name = nastyText(random), entry] = random.pick(entries) ?? [];
  if (random.oneIn(5)) return Object.fromEntries(entries.filter(([each]) => each !== name));
  if (random.oneIn(5)) return { ...value, [nastyText(random)]: nastyValue(random) };
  return { ...value, [name]: mutateValue(random, entry) };
}

function nastyValue(random: Random): unknown {
  return random.pick<() => unknown>([
    () => null,
    () => true,
    () => [],
    () => ({}),
    () => random.pick([-1, 0, 1, 0.5, 1e308, 2 ** 32, 2 ** 53, -(2 ** 31)]),
    () => nastyText(random),
    () => random.some(4, () => random.below(70_000)),
    () => ({ [nastyText(random)]: nastyText(random) }),
  ])();
}
