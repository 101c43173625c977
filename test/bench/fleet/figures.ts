/**
 * What `npm run bench -- --only fleet` measured, all of one run with nothing beside it, on two processors that hosts,
 * server and gateway share. docs/fleet-size.md reckons from them: replace all together and run `npm run docs`.
 */
export const fleetFigures = {
  hosts: 1_000,
  sessions: 12_468,
  /** Of a whole list. */
  answerBytes: 6_159_937,
  listMs: 93.5,
  gatewayMs: 71.9,
  /** The same where nothing has changed since the last one. */
  unchangedBytes: 136_000,
  unchangedGatewayMs: 34.6,
  manyHosts: 3_000,
  manyGatewayUsPerHost: 75.2,
} as const;

/**
 * The figures that a table of results (test/bench/RESULTS.md) says otherwise; none where the fleet was not measured
 * in that run.
 */
export function otherFigures(
  results: string,
  figures: Readonly<Record<keyof typeof fleetFigures, number>> = fleetFigures,
): string[] {
  const cellsOf = (measure: string) =>
    results
      .split('\n')
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .find(([, name]) => name === measure);
  const count = (cell = '') => Number(/-?[\d.]+/.exec(cell)?.[0]);
  const { hosts, manyHosts } = figures;
  const [list, bytes, unchanged, many] = [
    cellsOf(`a fleet’s list, ${hosts} hosts`),
    cellsOf(`bytes of answers, ${hosts} hosts, nothing has changed`),
    cellsOf(`processor time of the gateway, ${hosts} hosts, nothing has changed`),
    cellsOf(`processor time of the gateway, ${manyHosts} hosts against ${hosts}`),
  ];
  const found = {
    listMs: list && count(list[2]),
    sessions: list && count(list[7]),
    unchangedBytes: bytes && count(bytes[2]),
    answerBytes: bytes && count(bytes[3]?.replace('whole answers: ', '')),
    unchangedGatewayMs: unchanged && count(unchanged[2]),
    gatewayMs: unchanged && count(unchanged[3]?.replace('whole answers: ', '')),
    manyGatewayUsPerHost: many && count(many[2]),
  };
  return Object.entries(found).flatMap(([name, value]) =>
    value === undefined || value === figures[name as keyof typeof figures]
      ? []
      : [`${name}: ${value}`],
  );
}
