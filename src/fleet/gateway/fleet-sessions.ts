import type { Fleet, FleetCounts } from '../../sessions/fleet.ts';
import { missingSummary } from '../../sessions/missing-text.ts';
import { type Scope, ScopeTooLargeError, scopeKey } from '../../sessions/scope.ts';
import {
  FleetError,
  type MissingServer,
  type ServerState,
  type ServersReport,
} from '../../sessions/servers.ts';
import type {
  FtpSession,
  SessionDetails,
  SessionSource,
  Snapshot,
  SnapshotWants,
} from '../../sessions/session.ts';
import { countSessions, type SessionCounts } from '../../sessions/session-counts.ts';
import type { CloneWatch } from './clones.ts';
import { type Expected, expectedHosts, missingServer, notAtGateway } from './expected-hosts.ts';
import type { HostRecords } from './host-records.ts';
import type { HostOutcome } from './outcome.ts';
import type { HostAnswer } from './read-answer.ts';
import type { Asked, SharedAsk } from './share-fan-out.ts';

export interface FleetParts {
  /** The hosts that are let in, at this moment. */
  readonly servers: () => readonly string[];
  readonly ask: SharedAsk;
  readonly records: HostRecords;
  readonly clones: CloneWatch;
  readonly deadlineMs: number;
  /** What callers are told when the gateway itself cannot reach anybody. */
  readonly lostText: string;
  /** An answer has no more. */
  readonly maxSessions?: number;
}

/** An answer has no more sessions; ten thousand hosts with ten each. */
export const maxSessions = 100_000;

interface Made {
  readonly outcomes: readonly HostOutcome[];
  readonly snapshot: Snapshot;
}

/** Whom to ask, and what. */
interface Questions {
  readonly hosts: readonly string[];
  readonly questions: Asked;
  readonly missing: readonly MissingServer[];
}

interface EverybodysQuestions {
  readonly servers: readonly string[];
  readonly questions: Questions;
}

/** The sessions of a fleet: whoever asks does not see how many hosts there are. */
export function createFleetSessions(parts: FleetParts): SessionSource & Fleet {
  const { servers, ask, records, clones, maxSessions: most = maxSessions } = parts;
  /** What was made, by its first answer: each round has answers of its own, and is forgotten with them. */
  const kept = new WeakMap<HostOutcome, Map<string, Made>>();
  /** By whether details are asked for. */
  const everybodys = new Map<boolean, EverybodysQuestions>();
  let scanNumber = 0;

  async function snapshot(scope: Scope, wants: SnapshotWants = {}): Promise<Snapshot> {
    if (wants.ftpAccounts === true) throw notAtGateway();
    const begunAt = Date.now();
    const begun = performance.now();
    const details = wants.details === true;
    const { hosts, questions, missing } = questionsTo(scope, details);
    const outcomes = await ask(questions, most);
    const key = `${details} ${scopeKey(scope)}`;
    const first = outcomes.find(({ kind }) => kind === 'answer');
    const before = first && kept.get(first)?.get(key);
    // Callers of one fan-out share all that is made of it.
    if (before !== undefined && isEqual(before.outcomes, outcomes)) return before.snapshot;
    const made = merge(hosts, outcomes, missing, details);
    scanNumber += 1;
    const whole = { begunAt, durationMs: performance.now() - begun, scanNumber, ...made };
    if (first !== undefined) {
      const alike = kept.get(first) ?? new Map<string, Made>();
      kept.set(first, alike.set(key, { outcomes, snapshot: whole }));
    }
    return whole;
  }

  /** Callers who may see everybody ask the same, so that they can share all of it (`shareFanOut`). */
  function questionsTo(scope: Scope, details: boolean): Questions {
    const now = servers();
    if (scope.kind !== 'everybody') return questionsOf(expectedHosts(scope, now), details);
    const before = everybodys.get(details);
    if (before !== undefined && isEqual(before.servers, now)) return before.questions;
    const questions = questionsOf(expectedHosts(scope, now), details);
    everybodys.set(details, { servers: [...now], questions });
    return questions;
  }

  /** What each host has answered, and which have not. */
  function answersOf(
    hosts: readonly string[],
    outcomes: readonly HostOutcome[],
    notAsked: readonly MissingServer[],
  ): {
    readonly answers: readonly HostAnswer[];
    /** Of each answer: its host. */
    readonly names: readonly string[];
    readonly servers: ServersReport;
  } {
    requireAskable(outcomes, parts.lostText);
    const missing = [...notAsked];
    const begunAt = new Map<string, number>();
    const answers: HostAnswer[] = [];
    const names: string[] = [];
    for (const [index, host] of hosts.entries()) {
      const outcome = withClones(host, outcomes[index]);
      if (outcome.kind === 'answer') {
        begunAt.set(host, outcome.begunAt);
        answers.push(outcome.answer);
        names.push(host);
      } else {
        missing.push(missingServer(host, outcome, records.of(host).answeredAt));
      }
    }
    const { length: answered } = answers;
    const asked = hosts.length + notAsked.length;
    const servers: ServersReport = {
      asked,
      answered,
      missing,
      waitedMs: parts.deadlineMs,
      begunAt,
    };
    if (answered === 0 && missing.length > 0) {
      throw new FleetError('no-server-answered', missingSummary(missing), servers);
    }
    return { answers, names, servers };
  }

  function merge(
    hosts: readonly string[],
    outcomes: readonly HostOutcome[],
    notAsked: readonly MissingServer[],
    wantsDetails: boolean,
  ): Pick<Snapshot, 'sessions' | 'gaps' | 'daemons' | 'details' | 'servers'> {
    const { answers, servers } = answersOf(hosts, outcomes, notAsked);
    // In one piece: flatMap goes through twelve thousand rows one by one.
    const sessions = ([] as FtpSession[]).concat(...answers.map((answer) => answer.sessions));
    if (sessions.length > most) throw tooMany(most);
    return {
      sessions,
      gaps: answers.flatMap((answer) => answer.gaps),
      daemons: answers.flatMap((answer) => answer.daemons),
      details: wantsDetails
        ? answers.flatMap((answer): readonly SessionDetails[] => answer.details ?? [])
        : undefined,
      servers,
    };
  }

  /** The answer of a second machine may have come since. */
  function withClones(host: string, outcome: HostOutcome = { kind: 'not-asked' }): HostOutcome {
    const instances = clones.clonesOf(host);
    if (instances === null || outcome.kind !== 'answer') return outcome;
    return { kind: 'cloned', instances };
  }

  async function count(scope: Scope): Promise<FleetCounts> {
    const { asked, missing } = expectedHosts(scope, servers());
    const outcomes = await askCounts(asked);
    const hosts = asked.map(({ host }) => host);
    const { answers, names, servers: report } = answersOf(hosts, outcomes, missing);
    return {
      servers: report,
      counts: new Map(answers.map((answer, index) => [names[index] ?? '', countsIn(answer)])),
      gaps: answers.flatMap(({ gaps }) => gaps),
      daemons: answers.flatMap(({ daemons }) => daemons),
    };
  }

  /** Asks for numbers alone, and hosts that are known to be too old for that for their sessions. */
  function askCounts(
    asked: readonly { readonly host: string; readonly users: readonly string[] | null }[],
  ): Promise<readonly HostOutcome[]> {
    return ask(
      asked.map(({ host, users }) => ({
        host,
        question: {
          users,
          details: false,
          ...(records.of(host).isTooOldToCount ? {} : { counts: true as const }),
        },
      })),
    );
  }

  return {
    snapshot,
    count,
    servers,
    states: async (scope) => {
      const { asked, missing } = expectedHosts(scope, servers());
      const outcomes = await askCounts(asked.map(({ host }) => ({ host, users: null })));
      requireAskable(outcomes, parts.lostText);
      return [
        ...asked.map(({ host }, index) => stateOf(host, withClones(host, outcomes[index]))),
        ...missing.map(({ server }) => stateOf(server, { kind: 'not-enrolled' })),
      ];
    },
  };

  function stateOf(
    server: string,
    outcome: HostOutcome | { readonly kind: 'not-enrolled' },
  ): ServerState {
    const { version, answeredAt, clockAheadMs } = records.of(server);
    const { kind } = outcome;
    // Others may have asked the same host about some people since.
    const answer = kind === 'answer' ? outcome.answer : null;
    return {
      server,
      state:
        kind === 'answer' ? 'answers' : kind === 'lost' || kind === 'too-large' ? 'silent' : kind,
      version,
      daemons: answer?.daemons.map(({ name }) => name) ?? [],
      sessions: answer && countsIn(answer).sessions,
      answeredAt,
      clockAheadMs,
    };
  }
}

/** A host that does not know how to tell them alone has told all sessions. */
function countsIn({ counts, sessions }: HostAnswer): SessionCounts {
  return counts ?? countSessions(sessions);
}

function questionsOf({ asked, missing }: Expected, details: boolean): Questions {
  return {
    hosts: asked.map(({ host }) => host),
    questions: asked.map(({ host, users }) => ({ host, question: { users, details } })),
    missing,
  };
}

/** Whether both have the same in the same order. */
function isEqual<T>(one: readonly T[], other: readonly T[]): boolean {
  if (one === other) return true;
  return one.length === other.length && one.every((each, index) => each === other[index]);
}

/** Throws where the question itself, or the way to all hosts, will not do. */
function requireAskable(outcomes: readonly HostOutcome[], lostText: string): void {
  const kinds = new Set(outcomes.map(({ kind }) => kind));
  if (kinds.has('too-large')) throw new ScopeTooLargeError();
  if (kinds.has('lost')) throw new FleetError('fleet-connection-lost', lostText);
}

export function tooManyText(most = maxSessions): string {
  return `The answer would hold more than ${most.toLocaleString('en')} sessions. Narrow it with server=.`;
}

function tooMany(most: number): FleetError {
  return new FleetError('too-many-sessions', tooManyText(most));
}
