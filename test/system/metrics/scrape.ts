import assert from 'node:assert/strict';

/** One line of a scrape. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const line = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)/gy;

/** The samples of Prometheus' text format, version 0.0.4; fails on a line that is of no known form. */
export function parseScrape(text: string): Sample[] {
  const lines = text.split('\n').filter((each) => each !== '' && !each.startsWith('#'));
  return lines.map((each) => {
    const [, name = '', inner = '', value = ''] = line.exec(each) ?? [];
    assert.notEqual(name, '', each);
    const labels = [...inner.matchAll(label)].map(([, key = '', text = '']) => [key, text]);
    return { name, labels: Object.fromEntries(labels), value: Number(value) };
  });
}

/** The value of the one sample of that name with exactly these labels; null when there is none. */
export function sampleOf(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | null {
  const keyOf = (of: object) => JSON.stringify(Object.entries(of).sort());
  const found = samples.filter(
    (each) => each.name === name && keyOf(each.labels) === keyOf(labels),
  );
  assert.ok(found.length <= 1, `${name} is there ${found.length} times`);
  return found[0]?.value ?? null;
}
