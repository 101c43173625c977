import { createContainerRules } from '../../src/os/containers/container-rules.ts';
import { everybody } from '../../src/sessions/scope.ts';
import type { SessionSource } from '../../src/sessions/session.ts';
import { answerParent } from './helper-process.ts';
import { createScanUnderTest } from './scan-under-test.ts';

export interface ScansTaken {
  /** Milliseconds of each scan. */
  readonly ms: readonly number[];
  /** Of the sessions that the last scan saw. */
  readonly pids: readonly number[];
}

export interface ScansWanted {
  readonly count: number;
  /** The container whose sessions count too, by its cgroup. */
  readonly cgroup: string;
}

let look: SessionSource | undefined;

/*
 * Looks as often as it is asked to, one scan after the other, in a process of its own that does
 * nothing else.
 */
answerParent<number | ScansWanted, ScansTaken>(async (asked) => {
  const { count, cgroup = null } = typeof asked === 'number' ? { count: asked } : asked;
  const rules = cgroup === null ? [] : [{ match: `cgroup:${cgroup}`, account: 'shop' }];
  look ??= createScanUnderTest(cgroup === null ? null : createContainerRules(rules, ''));
  const ms: number[] = [];
  let pids: readonly number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    const snapshot = await look.snapshot(everybody);
    ms.push(performance.now() - start);
    pids = snapshot.sessions.map(({ pid }) => pid);
  }
  return { ms, pids };
});
