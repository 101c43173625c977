import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Agent } from 'node:https';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { receiveByteFrames } from '../../lib/frames.ts';
import { maxPartBytes, maxParts } from '../messages/answer.ts';
import { passOf } from '../signature/signed-frame.ts';
import { PartCollector } from './collect-parts.ts';
import { createHostAgent, type HttpsAddress, hostOf } from './https-agent.ts';
import { fleetPath, partsHeader, passHeader } from './https-parts.ts';
import { codeOf, explainHttps, explainStatus, mayBeOwn } from './https-problem.ts';
import { createRouteWatch } from './route-watch.ts';
import { type AskOptions, extraMs, type GatewayTransport } from './transport.ts';

export interface HttpsPlace {
  /** Where a host is asked; undefined for one that has no address. */
  readonly addressOf: (server: string) => HttpsAddress | undefined;
  /** For tests: whether this machine has a way to an IP address. */
  readonly hasRoute?: (address: string) => Promise<boolean>;
}

export interface HttpsReports {
  /** A sentence for the log, once for each change. */
  readonly onProblem: (sentence: string) => void;
  readonly onUp: (server: string) => void;
}

/** Connections to one host: one is enough but where answers are late. */
const maxSockets = 4;

/** Verbs whose answers may take seconds, and so many of them at a time: the others find room. */
const slowVerbs: ReadonlySet<string> = new Set(['history', 'accounts']);
const maxSlow = 2;

/** Verbs that are never sent twice, not even where a kept connection was closed just then: on one of their own. */
const sentOnce: ReadonlySet<string> = new Set(['end']);
/** A session that defies its end takes seconds; so many such connections at a time, beside the others. */
const maxEndings = 4;

interface Target {
  readonly key: string;
  readonly address: HttpsAddress;
  readonly agent: Agent;
  /** Requests under way. Node's own bound does not count connections that are being made. */
  busy: number;
  /** Those of them that may take seconds. */
  slow: number;
  /** Requests under way on connections of their own. */
  ending: number;
  readonly waiting: Set<Waiting>;
}

/** What a request waits for. */
type Kind = 'ending' | 'quick' | 'slow';
const kinds: readonly Kind[] = ['ending', 'quick', 'slow'];

function kindOf(verb: string): Kind {
  if (sentOnce.has(verb)) return 'ending';
  return slowVerbs.has(verb) ? 'slow' : 'quick';
}

interface Waiting {
  readonly kind: Kind;
  readonly begin: () => void;
}

function hasRoomFor({ busy, slow, ending }: Target, kind: Kind): boolean {
  if (kind === 'ending') return ending < maxEndings;
  return busy < maxSockets && !(kind === 'slow' && slow >= maxSlow);
}

/** What takes long last. */
function beginNext(target: Target): void {
  const all = [...target.waiting];
  for (const kind of kinds) {
    const next = all.find((each) => each.kind === kind);
    if (next === undefined || !hasRoomFor(target, kind)) continue;
    next.begin();
    return;
  }
}

function count(target: Target, kind: Kind, change: 1 | -1): void {
  if (kind === 'ending') target.ending += change;
  else target.busy += change;
  if (kind === 'slow') target.slow += change;
}

/** One request on its way. */
interface Asked {
  readonly server: string;
  readonly verb: string;
  readonly body: Uint8Array;
  readonly target: Target;
  readonly collector: PartCollector;
  readonly askedAt: number;
  readonly onExtra: NonNullable<AskOptions['onExtra']>;
  /** The newest; there is a second one where a kept connection was closed just then. */
  request: ClientRequest | null;
  /** Nobody waits for it any more. */
  isGivenUp: boolean;
}

function giveUp(asked: Asked): void {
  asked.isGivenUp = true;
  asked.request?.destroy();
}

const noNetwork = 'this machine has no network to any host of its fleet';

/** A gateway that asks each host at its own https address. */
export function createHttpsGateway(place: HttpsPlace, reports: HttpsReports): GatewayTransport {
  const { addressOf, hasRoute } = place;
  const targets = new Map<string, Target>();
  const problems = new Map<string, string>();
  /** The IP address that a host was reached at last. */
  const reachedAt = new Map<string, string>();
  /** Hosts whose last request failed by what may be this machine's own. */
  const ownFailures = new Set<string>();
  const open = new Set<Asked>();
  const requests = new Set<ClientRequest>();

  const routes = createRouteWatch({
    addresses: () => {
      for (const server of targets.keys()) if (addressOf(server) === undefined) forget(server);
      return [...new Set(reachedAt.values())];
    },
    ...(hasRoute === undefined ? {} : { hasRoute }),
    onLost: () => {
      reports.onProblem(noNetwork);
      for (const asked of open) {
        asked.collector.end('lost');
        giveUp(asked);
      }
    },
    onBack: () => reports.onUp('the network'),
  });

  function forget(server: string): void {
    targets.get(server)?.agent.destroy();
    targets.delete(server);
    reachedAt.delete(server);
    ownFailures.delete(server);
  }

  function targetOf(server: string): Target | null {
    const address = addressOf(server);
    const key = JSON.stringify(address);
    const known = targets.get(server);
    if (known?.key === key) return known;
    forget(server);
    if (address === undefined) return null;
    const agent = createHostAgent(address, { keepAlive: true, maxSockets });
    const target: Target = { key, address, agent, busy: 0, slow: 0, ending: 0, waiting: new Set() };
    targets.set(server, target);
    const host = hostOf(address.url);
    if (isIP(host) !== 0) reachedAt.set(server, host);
    return target;
  }

  function blame(server: string, sentence: string): void {
    const text = `${server}: ${sentence}`;
    if (problems.get(server) !== text) reports.onProblem(text);
    problems.set(server, text);
  }

  function send(asked: Asked, isSecond = false): void {
    const { server, verb, body, target } = asked;
    const { address } = target;
    const isOnce = sentOnce.has(verb);
    const kind = kindOf(verb);
    const agent = isOnce
      ? createHostAgent(address, { keepAlive: false, maxSockets: 1 })
      : target.agent;
    const pass = passOf(body);
    const request = httpsRequest(`${address.url}${fleetPath}${verb}`, {
      agent,
      method: 'POST',
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': body.length,
        ...(pass === null ? {} : { [passHeader]: pass }),
      },
    });
    asked.request = request;
    let isSent = false;
    let isAnswered = false;
    requests.add(request);
    count(target, kind, 1);
    request.once('close', () => {
      requests.delete(request);
      count(target, kind, -1);
      beginNext(target);
    });
    request.once('socket', (socket) => {
      isSent = true;
      ownFailures.delete(server);
      if (socket.remoteAddress !== undefined) reachedAt.set(server, socket.remoteAddress);
    });
    request.once('response', (response) => {
      isAnswered = true;
      receive(asked, response);
    });
    request.on('error', (error) => {
      const isStale =
        request.reusedSocket && !isAnswered && /^(?:ECONNRESET|EPIPE)$/.test(codeOf(error));
      if (asked.isGivenUp) return;
      // Nobody waits for it any more after its deadline.
      if (isStale && !isOnce && !isSecond && open.has(asked)) send(asked, true);
      else void fail(asked, error, isSent);
    });
    request.end(body);
  }

  /** What was sent may have been carried out, so nobody may call its host absent. */
  async function fail({ server, target, collector }: Asked, error: Error, isSent: boolean) {
    if (mayBeOwn(error)) {
      ownFailures.add(server);
      if (await routes.look()) return collector.end('lost');
      // No address is known yet: then it is this machine's where no host fails otherwise.
      const isAll = [...targets.keys()].every((each) => ownFailures.has(each));
      if (reachedAt.size === 0 && isAll) return collector.end('lost');
    } else ownFailures.delete(server);
    blame(server, explainHttps(error, target.address));
    collector.end(isSent ? 'silent' : 'absent');
  }

  function receive(asked: Asked, response: IncomingMessage): void {
    const { server, target, collector } = asked;
    response.on('error', () => collector.end('silent'));
    const { statusCode = 0, headers } = response;
    const said = String(headers[partsHeader] ?? '');
    const parts = /^\d{1,2}$/.test(said) ? Number(said) : -1;
    // 403 has the host's own reason as its part.
    if ((statusCode !== 200 && statusCode !== 403) || parts < 0 || parts > maxParts) {
      response.destroy();
      blame(server, explainStatus(statusCode, target.address));
      collector.end(statusCode === 404 ? 'absent' : 'silent');
      return;
    }
    if (problems.delete(server)) reports.onUp(target.address.url);
    let count = 0;
    receiveByteFrames(response, maxPartBytes, {
      onFrame: (part) => {
        count += 1;
        if (count > parts) response.destroy();
        else if (!collector.add({ part: count, parts }, part)) {
          asked.onExtra(part, server, asked.askedAt);
        }
      },
      onFault: () => response.destroy(),
    });
    response.once('close', () => {
      if (parts > 0 && count < parts) collector.end('silent');
    });
  }

  return {
    ask: async (
      server,
      verb,
      body,
      { signal, askedAt = performance.now(), onExtra = () => {} },
    ) => {
      const target = targetOf(server);
      if (routes.isLost() && (await routes.look())) return { kind: 'lost', isUnsent: true };
      if (target === null) {
        blame(server, 'it has no address: fleet host add with --address');
        return { kind: 'absent' };
      }
      const collector = new PartCollector(signal);
      const unwatch = routes.watch();
      const asked: Asked = {
        server,
        verb,
        body,
        target,
        collector,
        askedAt,
        onExtra,
        request: null,
        isGivenUp: false,
      };
      open.add(asked);
      const kind = kindOf(verb);
      const waiting: Waiting = {
        kind,
        begin: () => {
          target.waiting.delete(waiting);
          send(asked);
        },
      };
      if (hasRoomFor(target, kind)) waiting.begin();
      else target.waiting.add(waiting);
      const result = await collector.result;
      // What was not sent by now never is; the late answer to what was is told.
      target.waiting.delete(waiting);
      open.delete(asked);
      unwatch();
      // Also of an answer that goes on behind its end.
      const { request } = asked;
      if (request !== null && requests.has(request)) {
        const timer = setTimeout(() => giveUp(asked), extraMs).unref();
        request.once('close', () => clearTimeout(timer));
      }
      return result;
    },
    problem: () => (routes.isLost() ? noNetwork : null),
    close: async () => {
      routes.close();
      for (const request of requests) request.destroy();
      for (const { agent } of targets.values()) agent.destroy();
    },
  };
}
