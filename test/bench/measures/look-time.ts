import { startHelper } from '../helper-process.ts';
import type { LooksTaken } from '../looks.ts';
import { atMost, figure, type Result } from '../result.ts';
import type { Scene } from '../scene.ts';
import { quantile, ratioOf } from '../statistics.ts';
import { startUnrelated } from '../unrelated.ts';

interface Looker {
  /** Milliseconds of so many looks; rejects unless they see so many sessions. */
  look(looks: number, sessions: number): Promise<number[]>;
  stop(): Promise<void>;
}

function startLooker(): Looker {
  const helper = startHelper<number, LooksTaken>(new URL('../looks.js', import.meta.url));
  return {
    async look(looks, sessions) {
      // The first look finds out what has changed; the others are what is measured.
      await helper.ask(1);
      const taken = await helper.ask(looks);
      if (taken.sessions !== sessions) {
        throw new Error(`A look saw ${taken.sessions} sessions instead of ${sessions}`);
      }
      return [...taken.ms];
    },
    stop: () => helper.stop(),
  };
}

/** Whether a session costs the same among many: few, many and few again, in one process. */
export async function measureLookPerSession(scene: Scene): Promise<Result[]> {
  const { sessions, manySessions, lookRounds, looksARound } = scene.sizes;
  const looker = startLooker();
  try {
    const perSession = async (count: number) => {
      await scene.hold(count);
      const ms = await looker.look(lookRounds * looksARound, count);
      return ms.map((each) => (each * 1_000) / count);
    };
    // Untimed, so that the first of the three has no cold code to bear.
    await perSession(sessions);
    const before = await perSession(sessions);
    const many = figure(await perSession(manySessions), 'µs a session');
    const few = figure([...before, ...(await perSession(sessions))], 'µs a session');
    return [
      {
        measure: `a look, ${manySessions} sessions against ${sessions}`,
        ours: many,
        peer: { ...few, name: `itself, ${sessions}` },
        value: many.median / few.median,
        target: atMost(1.2),
      },
    ];
  } finally {
    await looker.stop();
  }
}

/** What processes that have nothing to do with FTP cost a look: with and without, in turns. */
export async function measureUnrelated(scene: Scene): Promise<Result[]> {
  const { sessions, unrelatedProcesses, lookRounds, looksARound } = scene.sizes;
  await scene.hold(sessions);
  const looker = startLooker();
  const withThem: number[][] = [];
  const without: number[][] = [];
  try {
    // Untimed, so that the first round has no cold code to bear.
    await looker.look(lookRounds * looksARound, sessions);
    for (let round = 0; round < lookRounds; round++) {
      without.push(await looker.look(looksARound, sessions));
      const unrelated = await startUnrelated(unrelatedProcesses);
      try {
        withThem.push(await looker.look(looksARound, sessions));
      } finally {
        await unrelated.stop();
      }
    }
    return [
      {
        measure: `a look at ${sessions} sessions with ${unrelatedProcesses} unrelated processes more`,
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
