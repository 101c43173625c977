import { verbs } from '../fleet/messages/ask.ts';
import type { NatsProbe } from '../fleet/transport/nats-probe.ts';
import {
  answerSubject,
  answersTo,
  askSubject,
  asksOf,
  asksOfAll,
} from '../fleet/transport/subjects.ts';
import { about, type Finding } from './finding.ts';

/** What a member tries at its messaging server. */
export interface Attempt {
  readonly kind: 'publish' | 'subscribe';
  readonly subject: string;
  readonly queue?: string;
  /** Goes behind "may" or "may not". */
  readonly what: string;
  /** Without it no host can be asked. */
  readonly isNeededToAsk?: true;
}

export interface Attempts {
  readonly must: readonly Attempt[];
  readonly mustNot: readonly Attempt[];
}

/** No member has that name, so nothing comes of what is published to it. */
const nobody = 'uapid-check-nobody';

const publish = (subject: string, what: string): Attempt => ({ kind: 'publish', subject, what });
const subscribe = (subject: string, what: string): Attempt => ({
  kind: 'subscribe',
  subject,
  what,
});

const strange: readonly Attempt[] = [
  publish('_INBOX.uapid-check', 'publish to the inboxes of others'),
  publish('$SYS.REQ.SERVER.PING', 'speak to the server’s system'),
  publish('$JS.API.INFO', 'speak to JetStream'),
  publish('uapid.check', 'publish what is no message of a fleet'),
  subscribe('>', 'read everything'),
  subscribe('_INBOX.>', 'read the inboxes of others'),
  subscribe('$SYS.>', 'read the server’s events'),
  subscribe('$SRV.PING', 'offer services'),
  subscribe('uapid.v1.ask.>', 'read what every host is asked'),
  subscribe(asksOfAll('list'), 'read who asks for lists'),
  subscribe(asksOf(nobody), 'read what another host is asked'),
  { ...subscribe(asksOf(nobody), 'take another host’s questions by a queue'), queue: 'check' },
  subscribe('uapid.v1.answer.>', 'read all answers'),
  subscribe(answersTo(nobody), 'read the answers to another gateway'),
];

/** What a host of that name, which answers those gateways, may do and may not. */
export function attemptsOfHost(host: string, gateways: readonly string[]): Attempts {
  return {
    must: [subscribe(asksOf(host), 'receive its own questions')],
    mustNot: [
      ...strange,
      ...gateways.map((gateway) => subscribe(answersTo(gateway), `read the answers to ${gateway}`)),
      publish(askSubject(nobody, 'list'), 'ask other hosts'),
      publish(askSubject(nobody, 'end'), 'have sessions ended on other hosts'),
      publish(askSubject(host, 'list'), 'ask itself'),
      ...gateways.map((gateway) =>
        publish(
          answerSubject(gateway, 'uapid-check', 'uapid-check'),
          `send ${gateway} answers that it was not asked for`,
        ),
      ),
    ],
  };
}

/** What a gateway of that name may do and may not. */
export function attemptsOfGateway(gateway: string): Attempts {
  return {
    must: [
      ...verbs.map((verb) => publish(askSubject(nobody, verb), `ask hosts by “${verb}”`)),
      { ...subscribe(answersTo(gateway), 'receive its own answers'), isNeededToAsk: true },
    ],
    mustNot: [
      ...strange,
      publish(askSubject(nobody, 'uapid-check'), 'ask by a verb that there is none of'),
      publish(`uapid.v1.ask.r0.${nobody}.more.list`, 'ask beyond the subjects of hosts'),
      publish(answerSubject(gateway, 'uapid-check', 'uapid-check'), 'answer itself'),
      publish(answerSubject(nobody, 'uapid-check', 'uapid-check'), 'answer other gateways'),
    ],
  };
}

/** What a machine may do that is a host and a gateway by one key, and what neither of them may. */
export function attemptsOfBoth(
  host: string,
  gateways: readonly string[],
  gateway: string,
): Attempts {
  const asHost = attemptsOfHost(host, gateways);
  const asGateway = attemptsOfGateway(gateway);
  const ofGateway = new Set([
    answersTo(gateway),
    ...verbs.flatMap((verb) => [askSubject(nobody, verb), askSubject(host, verb)]),
  ]);
  const isStrange = new Set(strange);
  return {
    must: [...asHost.must, ...asGateway.must],
    mustNot: [
      ...asHost.mustNot.filter(({ subject }) => !ofGateway.has(subject)),
      ...asGateway.mustNot.filter((attempt) => !isStrange.has(attempt)),
    ],
  };
}

const { ok, mend } = about('permissions');

const remedy =
  'write the messaging server’s configuration again (uapid fleet nats-config on the gateway) and reload it';

/** Whoever goes by another name there than its key has may read nothing. */
const otherName = 'give it the name that its key has there (--fleet-host, --fleet-gateway), or ';

/** Tries all of it over one connection. */
export async function checkPermissions(
  who: string,
  probe: NatsProbe,
  { must, mustNot }: Attempts,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const attempt of must) {
    const complaint = await attemptIt(probe, attempt);
    if (complaint === null) continue;
    const first = attempt.kind === 'subscribe' ? otherName : '';
    findings.push({
      ...mend(`${who} may not ${attempt.what} (${attempt.subject}): ${first}${remedy}.`),
      ...(attempt.isNeededToAsk === true ? { hidesHosts: true } : {}),
    });
  }
  for (const attempt of mustNot) {
    const complaint = await attemptIt(probe, attempt);
    if (complaint !== null) continue;
    const by = attempt.kind === 'publish' ? 'publishing' : 'reading';
    findings.push(mend(`${who} may ${attempt.what} (${by} ${attempt.subject}): ${remedy}.`));
  }
  if (findings.length > 0) return findings;
  const tried = `${must.length} allowed and ${mustNot.length} refused`;
  return [ok(`${who} may do what it has to, and nothing else that was tried (${tried}).`)];
}

function attemptIt(probe: NatsProbe, { kind, subject, queue }: Attempt): Promise<string | null> {
  return kind === 'publish' ? probe.publish(subject) : probe.subscribe(subject, queue);
}
