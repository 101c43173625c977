import { type KeyObject, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { pauseBeforeAgain } from '../fleet/gateway/busy-pause.ts';
import { parseParts } from '../fleet/gateway/parse-parts.ts';
import { instanceOf, type ReadAnswer, readParts } from '../fleet/gateway/read-answer.ts';
import type { Ask } from '../fleet/messages/ask.ts';
import { createSigningKey, readSigningKey } from '../fleet/signature/keys.ts';
import { aheadMs } from '../fleet/signature/once-guard.ts';
import { encodeFrame, signRequest } from '../fleet/signature/signed-frame.ts';
import type { AskResult, GatewayTransport } from '../fleet/transport/transport.ts';
import { version } from '../lib/version.ts';
import { about, type Finding } from './finding.ts';

export interface HostsCheck {
  readonly gateway: string;
  readonly hosts: readonly string[];
  readonly transport: GatewayTransport;
  readonly signing: KeyObject;
  /** What the transport has said of a host; null for nothing. */
  readonly saidOf: (host: string) => string | null;
  /** What to do where a host is not there. */
  readonly absentRemedy: string;
}

const waitMs = 5_000;
/** So many at a time. */
const crowd = 16;

/** A host refuses to end sessions where it is as far behind; times are off earlier. */
const maxOffMs = aheadMs;

/** Asks each host, and tries what it has to refuse. */
export async function checkHosts(check: HostsCheck): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (let at = 0; at < check.hosts.length; at += crowd) {
    const some = check.hosts.slice(at, at + crowd);
    const found = await Promise.all(some.map((host) => checkHost(check, host)));
    findings.push(...found.flat());
  }
  return findings;
}

/** A user that no system has: nothing is told of anybody. */
const nobody = 'uapid-check-nobody';

async function checkHost(check: HostsCheck, host: string): Promise<Finding[]> {
  const { ok, note, mend } = about(`host ${host}`);
  const { gateway, transport, signing, saidOf, absentRemedy } = check;

  const listOf = (hosts: readonly string[]): Ask => ({
    ...envelopeOf(gateway, hosts),
    verb: 'list',
    question: { users: [nobody], details: false },
  });
  const sign = (ask: Ask, key = signing) => {
    const message = Buffer.from(JSON.stringify(ask));
    return encodeFrame({ gateway, signature: signRequest(message, key), message });
  };
  /** The runs that have answered. */
  const instances = new Set<string>();
  const onExtra = (part: Uint8Array) => {
    const instance = instanceOf(part);
    if (instance !== null) instances.add(instance);
  };
  const send = async (verb: string, frame: Uint8Array): Promise<AskResult> => {
    const result = await transport.ask(host, verb, frame, {
      signal: AbortSignal.timeout(waitMs),
      onExtra,
    });
    if (result.kind === 'answer') result.parts.forEach(onExtra);
    return result;
  };
  const saidIn = async (parts: readonly Uint8Array[]): Promise<ReadAnswer> =>
    readParts(host, await parseParts(parts), 0, undefined, false);
  const refusalOf = async (verb: string, frame: Uint8Array) => {
    const result = await send(verb, frame);
    if (result.kind !== 'answer') return result.kind;
    const read = await saidIn(result.parts);
    return read.kind === 'refused' ? read.refusal : read.kind;
  };

  const askForList = async () => {
    const first = sign(listOf([host]));
    const askedAt = Date.now();
    const result = await send('list', first);
    const answeredAt = Date.now();
    const read = await saidIn(result.kind === 'answer' ? result.parts : []);
    return { first, askedAt, result, answeredAt, read };
  };
  const { first, askedAt, result, answeredAt, read } = await untilNotBusy(askForList);
  if (result.kind !== 'answer') {
    const said = saidOf(host);
    if (said !== null) return [mend(`${said}.`)];
    if (result.kind === 'absent') return [mend(`It is not connected: ${absentRemedy}.`)];
    if (result.kind === 'shut-out') return [mend('It sends more than it was asked for.')];
    if (result.kind === 'lost') return [mend('This gateway lost its own connection.')];
    return [mend(`It is there and did not answer within ${waitMs / 1000} s: see its log.`)];
  }
  if (read.kind === 'refused') {
    return [mend(`${refusals[read.refusal] ?? `It refuses what it is asked (${read.refusal})`}.`)];
  }
  if (read.kind === 'mixed') return [mend(clonedText)];
  if (read.kind !== 'answer') {
    return [mend(`It answers what makes no sense: is it a much older or newer uapid?`)];
  }
  const findings: Finding[] = [];
  const { begunAt, answer } = read;
  const offMs =
    begunAt < askedAt ? begunAt - askedAt : begunAt > answeredAt ? begunAt - answeredAt : 0;
  if (Math.abs(offMs) >= maxOffMs) {
    const off = `${Math.round(Math.abs(offMs) / 1000)} s ${offMs > 0 ? 'ahead of' : 'behind'}`;
    findings.push(
      mend(
        `Its clock is ${off} this gateway’s: times of sessions are off by that, and it ends none where it is 3 s behind or 10 s ahead. See timedatectl on both.`,
      ),
    );
  }
  if (answer.version !== version) {
    findings.push(note(`It runs uapid ${answer.version}, and this gateway ${version}.`));
  }
  const strange = readSigningKey(createSigningKey());
  const expired: Ask = {
    ...envelopeOf(gateway, [host], 0),
    hosts: [host],
    verb: 'end',
    validMs: 1,
    account: 'uapid-check',
    by: 'uapid-check',
    address: null,
    users: [nobody],
    targets: [{ pid: 2 ** 31 - 1, startTime: 'none' }],
  };
  const [forged, again, elsewhere, ending] = [
    strange && (await refusalOf('list', sign(listOf([host]), strange))),
    await refusalOf('list', first),
    await refusalOf('list', sign(listOf(['uapid-check-nobody']))),
    await refusalOf('end', sign(expired)),
  ];
  const expectations = [
    [forged, 'signature', 'a request that this gateway has not signed'],
    [again, 'replayed', 'the same request twice'],
    [elsewhere, 'not-for-me', 'a request that is for another host'],
  ] as const;
  for (const [got, expected, what] of expectations) {
    if (got === expected || got === 'busy') continue;
    findings.push(mend(`It has to refuse ${what} and did not (${got}): it must not be trusted.`));
  }
  if (instances.size > 1) findings.push(mend(clonedText));
  const endings = endingTexts[ending ?? ''];
  if (endings === undefined && ending !== 'busy') {
    findings.push(mend(`It has to refuse an ending that is long over, and did not (${ending}).`));
  }
  if ([forged, again, elsewhere, ending].includes('busy')) {
    findings.push(mend(`${refusals['busy']}.`));
  }
  if (findings.some(({ state }) => state === 'mend')) return findings;
  const well = `It answers, its clock is right, and it refuses what is forged, replayed or another’s`;
  return [ok(`${well}; ${endings}.`), ...findings];
}

/** Asks a host that is busy as often as the gateway's lists do. */
async function untilNotBusy<T extends { readonly read: ReadAnswer }>(
  ask: () => Promise<T>,
): Promise<T> {
  for (let times = 0; ; times += 1) {
    const asked = await ask();
    const { read } = asked;
    const isBusy = read.kind === 'refused' && read.refusal === 'busy';
    const pauseMs = isBusy ? pauseBeforeAgain(times, waitMs) : null;
    if (pauseMs === null) return asked;
    await delay(pauseMs);
  }
}

function envelopeOf(gateway: string, hosts: readonly string[], issuedAt = Date.now()) {
  const nonce = randomBytes(16).toString('base64url');
  return { v: 1, via: gateway, nonce, issuedAt, hosts } as const;
}

const clonedText =
  'Two machines answer under its name (a copied key?), so its sessions are left out: uapid fleet key --new on one of them. Where it was started again just now, check again.';

const refusals: Readonly<Record<string, string>> = {
  signature:
    'It knows this gateway by another signing key: give it the one that uapid fleet key prints here (--fleet-gateways there)',
  'gateway-unknown': 'It does not know this gateway: name it there (--fleet-gateways)',
  'unknown-verb': 'It is older than this gateway and does not know what it was asked: update it',
  'not-for-me': 'It goes by another name there: make --fleet-host there and its name here the same',
  expired:
    'Its clock is more than an hour off this gateway’s, so it answers nothing: see timedatectl on both',
  failed: 'It could not look at its sessions: see its log',
  busy: 'It has as many requests at a time as it works on, so not all was tried: check again',
};

/** By what it says to an ending that is long over. */
const endingTexts: Readonly<Record<string, string>> = {
  'not-allowed': 'it ends no sessions for gateways (--fleet-allow there)',
  expired: 'it ends sessions for gateways (--fleet-allow)',
  starting: 'it ends sessions for gateways (--fleet-allow)',
  'unknown-verb': 'it is older and ends no sessions for gateways',
};
