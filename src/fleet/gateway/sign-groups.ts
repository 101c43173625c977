import { randomBytes } from 'node:crypto';
import { ScopeTooLargeError } from '../../sessions/scope.ts';
import { type ListAsk, maxHostsOfAsk, type Question } from '../messages/ask.ts';

/** Signs a request, where the key is; gives the signature in base64url. */
export type Signer = (message: string) => Promise<string>;

/** A question to a host. */
export interface HostQuestion {
  readonly host: string;
  readonly question: Question;
  /** `questionKey` of the question. */
  readonly key: string;
}

export interface SignedMessage {
  readonly message: Uint8Array;
  readonly signature: string;
}

/**
 * What gives the signed message for each question to a host: one for up to `maxHosts` hosts that are asked the
 * same, as a signature costs more than all else that is done for a host.
 */
export function signGroups(
  gateway: string,
  questions: readonly HostQuestion[],
  sign: Signer,
  maxHosts = maxHostsOfAsk,
): Map<HostQuestion, () => Promise<SignedMessage>> {
  const signed = new Map<HostQuestion, () => Promise<SignedMessage>>();
  const byKey = new Map<string, HostQuestion[]>();
  for (const each of questions) {
    const alike = byKey.get(each.key);
    if (alike === undefined) byKey.set(each.key, [each]);
    else alike.push(each);
  }
  for (const alike of byKey.values()) {
    for (let at = 0; at < alike.length; at += maxHosts) {
      const group = alike.slice(at, at + maxHosts);
      const made = signOne(gateway, group, sign);
      // It is awaited later, and by then may have failed.
      made.catch(() => {});
      for (const each of group) {
        // One of them may have been removed meanwhile: no reason to ask none of the others.
        const alone = (error: unknown) => {
          if (group.length === 1 || error instanceof ScopeTooLargeError) throw error;
          return signOne(gateway, [each], sign);
        };
        signed.set(each, () => made.catch(alone));
      }
    }
  }
  return signed;
}

async function signOne(
  gateway: string,
  group: readonly HostQuestion[],
  sign: Signer,
): Promise<SignedMessage> {
  const ask: ListAsk = {
    v: 1,
    verb: 'list',
    via: gateway,
    nonce: randomBytes(16).toString('base64url'),
    issuedAt: Date.now(),
    hosts: group.map(({ host }) => host),
    question: group[0]?.question ?? { users: null, details: false },
  };
  const message = JSON.stringify(ask);
  return { message: Buffer.from(message), signature: await sign(message) };
}
