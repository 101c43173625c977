import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetScene } from '../../system/fleet/fleet-scene.ts';
import { checkAnswer, type FleetAnswer, type FleetFault, type FleetVisit } from './checker.ts';

/** Who asks what, and whose sessions that is to give. */
export interface Asking {
  readonly account: string | undefined;
  readonly func: string;
  readonly isInScope: (server: string, owner: string) => boolean;
}

export interface Asked {
  readonly rows: number;
  /** Servers that were named as missing. */
  readonly named: number;
  readonly faults: readonly FleetFault[];
}

/** By how long the last sessions are remembered that are over, in ms. */
const memoryMs = 60_000;

/** Answers that say that nobody has answered. */
const nobody = ['no-server-answered', 'fleet-connection-lost'];

/** Asks again and again, and holds each answer against the visits. */
export async function askOnAndOn(
  scene: FleetScene,
  { account, func, isInScope }: Asking,
  visits: Set<FleetVisit>,
  pauseMs: number,
  { signal, onAsked }: { signal: AbortSignal; onAsked: (asked: Asked) => void },
): Promise<void> {
  while (!signal.aborted) {
    const begunAt = performance.now();
    const { status, data, warnings, metadata } = await scene.ask(func, account);
    const endedAt = performance.now();
    const [code = ''] = metadata.error_codes ?? [];
    if (status === 0 && !nobody.includes(code)) throw new Error(`${func} failed: ${code}`);
    const missing = (metadata.servers?.missing ?? []).map(({ server }) => server);
    const answer: FleetAnswer = {
      begunAt,
      endedAt,
      rows: status === 0 ? [] : data,
      missing: status === 0 ? null : missing,
    };
    const faults = checkAnswer(answer, [...visits], isInScope);
    if (status === 1 && missing.length > 0 && warnings === null) {
      faults.push({ kind: 'missing', detail: `no word of ${missing}` });
    }
    onAsked({ rows: answer.rows.length, named: missing.length, faults });
    for (const visit of visits) {
      if (visit.goneBy !== null && visit.goneBy < begunAt - memoryMs) visits.delete(visit);
    }
    await sleep(pauseMs);
  }
}
