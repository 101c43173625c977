import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { missingTexts } from '../../sessions/missing-text.ts';
import { type Scope, ScopeTooLargeError } from '../../sessions/scope.ts';
import { FleetError, type MissingServer, type ServersReport } from '../../sessions/servers.ts';
import type { AnswerPart } from '../messages/answer.ts';
import type { ItemsAsk, PastQuestion } from '../messages/ask.ts';
import type { Item } from '../messages/item.ts';
import { encodeFrame } from '../signature/signed-frame.ts';
import type { GatewayTransport } from '../transport/transport.ts';
import { pauseBeforeAgain } from './busy-pause.ts';
import type { CloneWatch } from './clones.ts';
import { expectedHosts, missingServer } from './expected-hosts.ts';
import type { HostRecords } from './host-records.ts';
import { type HostOutcome, outcomeOfRefusal, outcomeWithout } from './outcome.ts';
import { parseParts } from './parse-parts.ts';
import { instanceOf } from './read-answer.ts';
import type { Signer } from './sign-groups.ts';
import { createWindow, type Seat } from './window.ts';

/** What is read of each host, of the system users of a scope. */
export type Wanted =
  | { readonly verb: 'history'; readonly question: Omit<PastQuestion, 'users'> }
  | { readonly verb: 'accounts' };

/** Reads of hosts what nobody asks every second: their session logs and FTP accounts. */
export interface FleetReader {
  /** The name of this gateway. */
  readonly gateway: string;
  /**
   * Calls `onItems` with what each host of the scope tells, as it comes, and resolves to what became of the
   * question. Where `onItems` throws, that host’s answer makes no sense, and no other is lost. Rejects with FleetError where no host has answered, or nobody could be asked.
   */
  read(
    scope: Scope,
    wanted: Wanted,
    onItems: (server: string, items: readonly Item[]) => void,
  ): Promise<ServersReport>;
}

export interface FleetReaderParts {
  readonly gateway: string;
  readonly transport: GatewayTransport;
  readonly sign: Signer;
  /** The hosts that are let in, at this moment. */
  readonly servers: () => readonly string[];
  readonly records: HostRecords;
  readonly clones: CloneWatch;
  /** What callers are told when nobody can be asked. */
  readonly lostText: string;
  readonly limits?: ReaderLimits;
}

export interface ReaderLimits {
  /** A host has so long to answer. The messaging server lets it answer for ten seconds. */
  readonly hostMs: number;
  /** Hosts that are not asked by then are not asked at all. */
  readonly allMs: number;
  readonly maxHosts: number;
  /** A host that tells more makes no sense. */
  readonly maxItems: number;
}

/** An answer is a log's newest 5,000 lines, 4 MB at most, so few are under way at a time. */
const defaultLimits: ReaderLimits = {
  hostMs: 9_000,
  allMs: 20_000,
  maxHosts: 16,
  maxItems: 100_000,
};

export function createFleetReader(parts: FleetReaderParts): FleetReader {
  const { gateway, servers, records, lostText, limits = defaultLimits } = parts;
  return {
    gateway,
    read: async (scope, wanted, onItems) => {
      const { asked, missing: notLetIn } = expectedHosts(scope, servers());
      const deadline = performance.now() + limits.allMs;
      const window = createWindow(limits.maxHosts, Number.MAX_SAFE_INTEGER);
      const begunAt = new Map<string, number>();
      const missing: MissingServer[] = [...notLetIn];
      const kinds = new Set<string>();
      const askOne = async ({ host, users }: (typeof asked)[number]) => {
        const seat = await new Promise<Seat>((resolve) => window.enter(0, resolve));
        try {
          const at = Date.now();
          const outcome =
            performance.now() > deadline
              ? ({ kind: 'not-asked' } as const)
              : await readHost(parts, host, () => askFor(gateway, host, users, wanted));
          const taken = outcome.kind === 'items' ? takenBy(onItems, host, outcome.items) : outcome;
          if (taken === null) begunAt.set(host, at);
          else {
            kinds.add(taken.kind);
            missing.push(missingServer(host, taken, records.of(host).answeredAt));
          }
        } finally {
          window.leave(seat);
        }
      };
      await Promise.all(asked.map(askOne));
      if (kinds.has('too-large')) throw new ScopeTooLargeError();
      if (kinds.has('lost')) throw new FleetError('fleet-connection-lost', lostText);
      const answered = begunAt.size;
      missing.sort((one, other) => (one.server < other.server ? -1 : 1));
      const count = asked.length + notLetIn.length;
      const report = { asked: count, answered, missing, waitedMs: limits.hostMs, begunAt };
      if (answered === 0 && missing.length > 0) {
        const text = missingTexts(missing).map((each) => each.text);
        throw new FleetError('no-server-answered', text.join(' '), report);
      }
      return report;
    },
  };
}

/** Null where it was taken. What is made of one foreign answer must not fail the others. */
function takenBy(
  onItems: (server: string, items: readonly Item[]) => void,
  host: string,
  items: readonly Item[],
): { readonly kind: 'malformed' } | null {
  try {
    onItems(host, items);
    return null;
  } catch {
    return { kind: 'malformed' };
  }
}

function askFor(
  via: string,
  host: string,
  users: readonly string[] | null,
  wanted: Wanted,
): ItemsAsk {
  const nonce = randomBytes(16).toString('base64url');
  const envelope = { v: 1, via, nonce, issuedAt: Date.now(), hosts: [host] } as const;
  return wanted.verb === 'history'
    ? { ...envelope, verb: 'history', question: { users, ...wanted.question } }
    : { ...envelope, verb: 'accounts', question: { users } };
}

type ReadOutcome =
  | { readonly kind: 'items'; readonly items: readonly Item[] }
  | Exclude<HostOutcome, { kind: 'answer' }>;

/** Asks a host, and again where it is busy, by a request of its own each time: one counts once. */
async function readHost(
  parts: FleetReaderParts,
  host: string,
  newAsk: () => ItemsAsk,
): Promise<ReadOutcome> {
  const { hostMs } = parts.limits ?? defaultLimits;
  const deadline = performance.now() + hostMs;
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), hostMs);
  try {
    for (let times = 0; ; times += 1) {
      const outcome = await askOnce(parts, host, newAsk(), controller.signal);
      if (outcome.kind !== 'busy') return outcome;
      const pauseMs = pauseBeforeAgain(times, deadline - performance.now());
      if (pauseMs === null) return outcome;
      await delay(pauseMs);
    }
  } finally {
    clearTimeout(timer);
  }
}

async function askOnce(
  { gateway, transport, sign, clones, limits = defaultLimits }: FleetReaderParts,
  host: string,
  ask: ItemsAsk,
  signal: AbortSignal,
): Promise<ReadOutcome> {
  const message = JSON.stringify(ask);
  let signature: string;
  try {
    signature = await sign(message);
  } catch (error) {
    return { kind: error instanceof ScopeTooLargeError ? 'too-large' : 'unsigned' };
  }
  const frame = encodeFrame({ gateway, signature, message: Buffer.from(message) });
  const askedAt = performance.now();
  const onExtra = (part: Uint8Array) => {
    const instance = instanceOf(part);
    if (instance !== null) clones.saw(host, askedAt, instance);
  };
  const result = await transport.ask(host, ask.verb, frame, { signal, onExtra });
  if (result.kind !== 'answer') return outcomeWithout(result);
  const read = await parseParts(result.parts, limits.maxItems);
  const told = new Set((read ?? []).map(({ instance }) => instance));
  for (const instance of told) clones.saw(host, askedAt, instance);
  const instances = clones.clonesOf(host);
  return instances === null ? itemsOf(read ?? []) : { kind: 'cloned', instances };
}

/** What the parts of one machine say. */
function itemsOf(parts: readonly AnswerPart[]): ReadOutcome {
  const [first] = parts;
  if (first === undefined || !('items' in first || 'refused' in first))
    return { kind: 'malformed' };
  if ('refused' in first) return outcomeOfRefusal(first.refused);
  return { kind: 'items', items: parts.flatMap((part) => ('items' in part ? part.items : [])) };
}
