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

/** The signed message that hosts share. */
export interface SignedGroup {
  /** Null until it is signed. */
  readonly message: SignedMessage | null;
  /** That message for one of them, or one of its own where they can have none together. */
  messageFor(asked: HostQuestion): Promise<SignedMessage>;
}

/**
 * The group of each question to a host: up to `maxHosts` hosts that are asked the same, as a signature costs more
 * than all else that is done for a host.
 */
export function signGroups(
  gateway: string,
  questions: readonly HostQuestion[],
  sign: Signer,
  maxHosts = maxHostsOfAsk,
): Map<HostQuestion, SignedGroup> {
  const groups = new Map<HostQuestion, SignedGroup>();
  const byKey = new Map<string, HostQuestion[]>();
  for (const each of questions) {
    const alike = byKey.get(each.key);
    if (alike === undefined) byKey.set(each.key, [each]);
    else alike.push(each);
  }
  for (const alike of byKey.values()) {
    for (let at = 0; at < alike.length; at += maxHosts) {
      const some = alike.slice(at, at + maxHosts);
      const group = signGroup(gateway, some, sign);
      for (const each of some) groups.set(each, group);
    }
  }
  return groups;
}

function signGroup(gateway: string, some: readonly HostQuestion[], sign: Signer): SignedGroup {
  let message: SignedMessage | null = null;
  const made = signOne(gateway, some, sign);
  made.then(
    (signed) => {
      message = signed;
    },
    // It is awaited later, and by then may have failed.
    () => {},
  );
  return {
    get message() {
      return message;
    },
    messageFor: (asked) =>
      made.catch((error: unknown) => {
        // One of them may have been removed meanwhile: no reason to ask none of the others.
        if (some.length === 1 || error instanceof ScopeTooLargeError) throw error;
        return signOne(gateway, [asked], sign);
      }),
  };
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
