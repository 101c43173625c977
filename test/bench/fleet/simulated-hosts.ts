import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AgentFacts, createAnswerer } from '../../../src/fleet/agent/answer-ask.ts';
import { maxPartBytes } from '../../../src/fleet/messages/answer.ts';
import { connectionKey, readPublicHalf } from '../../../src/fleet/signature/keys.ts';
import { createNatsAgent } from '../../../src/fleet/transport/nats-agent.ts';
import type { Answerer } from '../../../src/fleet/transport/transport.ts';
import { newId } from '../../support/new-fleet-key.ts';
import { answerParent } from '../helper-process.ts';
import { rowsOf, simulatedSnapshot } from './simulated-sessions.ts';

/** Hosts that are to be there. */
export interface HostsOrder {
  /** Of the messaging server. */
  readonly url: string;
  readonly gateway: { readonly name: string; readonly signing: string };
  readonly hosts: readonly SimulatedHost[];
}

export interface SimulatedHost {
  readonly name: string;
  readonly number: number;
  readonly seed: string;
  /** It is connected and never answers. */
  readonly hangs: boolean;
  /** It answers over HTTP as well. */
  readonly speaksHttp: boolean;
}

/*
 * Hosts of a fleet, many in this process: the real code of an agent for each, with a connection of its own to
 * the real messaging server, and sessions that are made up. Beside that the peer: an HTTP server for each
 * host, which answers the same requests by the same code. Answers with its ports, by the host's name.
 */
answerParent<HostsOrder, [string, number][]>(async ({ url, gateway, hosts }) => {
  const ports: [string, number][] = [];
  await inBunches(hosts, async (host) => {
    const answer = answererOf(host, gateway);
    await joinFleet(host, url, host.hangs ? () => new Promise(() => {}) : answer);
    if (host.speaksHttp) ports.push([host.name, await serveHttp(answer)]);
  });
  return ports;
});

function answererOf(host: SimulatedHost, gateway: HostsOrder['gateway']): Answerer {
  const key = readPublicHalf(gateway.signing);
  if (key === null) throw new Error('the gateway’s key cannot be used');
  const snapshot = simulatedSnapshot(rowsOf(host.number));
  const fail = (error: unknown) => {
    throw new Error(`${host.name} refuses: ${error}`);
  };
  const facts: AgentFacts = {
    host: host.name,
    gateways: new Map([[gateway.name, key]]),
    sessions: { snapshot: async () => snapshot() },
    past: { read: () => fail('nobody reads its log') as never },
    systemUsers: {
      refresh: () => {},
      uidsOf: async () => new Map(),
      namesOf: async (uids) => new Map(uids.map((uid) => [uid, `user${uid}`])),
    },
    enderFor: () => ({ end: fail }),
    allow: ['list'],
    instance: newId(),
    version: '1.0.0',
    maxPartBytes: () => maxPartBytes,
    onRefusal: fail,
    onInternalError: fail,
  };
  return replayed(createAnswerer(facts));
}

/** Resolves once it is connected. */
async function joinFleet({ name, seed }: SimulatedHost, url: string, answer: Answerer) {
  const key = connectionKey(seed);
  if (key === null) throw new Error('the host’s key cannot be used');
  await new Promise<void>((resolve, reject) => {
    createNatsAgent(name, { servers: [url], tls: null, key, name }, answer, {
      onUp: () => resolve(),
      onProblem: (problem) => reject(new Error(`${name}: ${problem}`)),
    }).catch(reject);
  });
}

async function serveHttp(answer: Answerer): Promise<number> {
  const server = createServer({ keepAliveTimeout: 0 }, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const [part] = (await answer('list', Buffer.concat(chunks))) ?? [];
    response.setHeader('content-type', 'application/json').end(part);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A server has to shake hands with each. */
async function inBunches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += 50) {
    await Promise.all(items.slice(at, at + 50).map(work));
  }
}

/**
 * A host's answer is made once by the agent's real code, whole and as "unchanged", and then sent again. Each host of a fleet
 * makes it on processors of its own, all at once; a thousand that share one here would be most of what is
 * measured, and would answer one after the other. Both the gateway and its peer have it so.
 */
function replayed(answer: Answerer): Answerer {
  const made = new Map<boolean, ReturnType<Answerer>>();
  return (verb, body) => {
    const isKnown = Buffer.from(body.buffer, body.byteOffset, body.length).includes('"known":');
    const known = made.get(isKnown);
    if (known !== undefined) return known;
    const answered = answer(verb, body);
    made.set(isKnown, answered);
    return answered;
  };
}
