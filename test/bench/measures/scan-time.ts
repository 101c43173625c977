import type { BareReads } from '../bare-reads.ts';
import { startHelper } from '../helper-process.ts';
import { atMost, figure, type Result } from '../result.ts';
import type { ScansTaken } from '../scans.ts';
import type { Scene } from '../scene.ts';
import { quantile, ratioOf } from '../statistics.ts';
import { startUnrelated } from '../unrelated.ts';

interface Scanning {
  /** Milliseconds of so many scans; rejects unless they see so many sessions. */
  look(looks: number, sessions: number): Promise<number[]>;
  /** The sessions that the last scan has seen. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

function startScanning(): Scanning {
  const helper = startHelper<number, ScansTaken>(new URL('../scans.js', import.meta.url));
  let pids: readonly number[] = [];
  return {
    get pids() {
      return pids;
    },
    async look(looks, sessions) {
      // The first scan finds out what has changed; the others are what is measured.
      await helper.ask(1);
      const taken = await helper.ask(looks);
      pids = taken.pids;
      if (pids.length !== sessions) {
        throw new Error(`A scan saw ${pids.length} sessions instead of ${sessions}`);
      }
      return [...taken.ms];
    },
    stop: () => helper.stop(),
  };
}

/** Whether a session costs the same among many: few, many and few again, in one process. */
export async function measureScanPerSession(scene: Scene): Promise<Result[]> {
  const { sessions, manySessions, scanRounds, scansARound } = scene.sizes;
  const rounds = scanRounds * scansARound;
  const looker = startScanning();
  const bare = startHelper<BareReads, number[]>(new URL('../bare-reads.js', import.meta.url));
  try {
    /** Microseconds a session: of scans, and of one bare read for each. */
    const perSession = async (count: number) => {
      await scene.hold(count);
      const ms = await looker.look(rounds, count);
      const looks = ms.map((each) => (each * 1_000) / count);
      return { looks, reads: await bare.ask({ pids: looker.pids, rounds }) };
    };
    // Untimed, so that the first of the three has no cold code to bear.
    await perSession(sessions);
    const before = await perSession(sessions);
    const many = await perSession(manySessions);
    const after = await perSession(sessions);
    const few = figure([...before.looks, ...after.looks], 'µs a session');
    const ours = figure(many.looks, 'µs a session');
    const [fewReads, manyReads] = [[...before.reads, ...after.reads], many.reads].map(median);
    const floor = `${manyReads?.toFixed(2)} and ${fewReads?.toFixed(2)} µs`;
    return [
      {
        measure: `a scan, ${manySessions} sessions against ${sessions}`,
        ours,
        peer: { ...few, name: `itself, ${sessions}` },
        value: ours.median / few.median,
        target: atMost(1.2),
        note: `one bare read of a kept file for each session, and nothing else: ${floor}, ${((manyReads ?? 0) / (fewReads ?? 0)).toFixed(2)} times`,
      },
    ];
  } finally {
    await Promise.all([looker.stop(), bare.stop()]);
  }
}

/** What processes that have nothing to do with FTP cost a scan: with and without, in turns. */
export async function measureUnrelated(scene: Scene): Promise<Result[]> {
  const { sessions, unrelatedProcesses, scanRounds, scansARound } = scene.sizes;
  await scene.hold(sessions);
  const looker = startScanning();
  const withThem: number[][] = [];
  const without: number[][] = [];
  try {
    // Untimed, so that the first round has no cold code to bear.
    await looker.look(scanRounds * scansARound, sessions);
    for (let round = 0; round < scanRounds; round++) {
      without.push(await looker.look(scansARound, sessions));
      const unrelated = await startUnrelated(unrelatedProcesses);
      try {
        withThem.push(await looker.look(scansARound, sessions));
      } finally {
        await unrelated.stop();
      }
    }
    return [
      {
        measure: `a scan of ${sessions} sessions with ${unrelatedProcesses} unrelated processes more`,
        ours: figure(withThem.flat(), 'ms'),
        peer: { ...figure(without.flat(), 'ms'), name: 'itself without' },
        value: ratioOf(withThem.map(median), without.map(median)).median,
        target: atMost(1.05),
      },
    ];
  } finally {
    await looker.stop();
  }
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
