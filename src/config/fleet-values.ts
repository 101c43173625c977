import * as z from 'zod';
import { hostName } from '../sessions/identity.ts';

/* What the settings of a fleet take. */

const separate = (value: unknown) => (typeof value === 'string' ? value.split(',') : value);

export const fleetName = z
  .string('must be a name')
  .regex(hostName, 'must be a name of 1 to 63 of a to z, 0 to 9 and -, which begins with no -');

/** What a host may do for its gateways. */
const verbs = ['list', 'end'] as const;
export type FleetVerb = (typeof verbs)[number];

/** Whoever may end sessions has to see them. */
export const fleetVerbs: z.ZodType<readonly FleetVerb[]> = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(',').map((each) => each.trim()) : value),
  z
    .array(z.enum(verbs, 'knows list and end alone'), 'must be list, or list,end')
    .refine((all) => all.includes('list'), 'must be list, or list,end')
    .transform((all) => [...new Set(all)]),
);

/** The address of a messaging server. */
export interface NatsUrl {
  /** Without a slash at its end. */
  readonly url: string;
  /** Without brackets. */
  readonly host: string;
}

/** The messaging servers; an empty list stands for "https", hosts that are asked at their own addresses. */
export const fleetServers: z.ZodType<readonly NatsUrl[]> = z.preprocess(
  separate,
  z
    .array(z.string(), 'must be a URL or a list of URLs')
    .min(1)
    .transform((texts, context) =>
      texts.join().trim() === 'https' ? [] : texts.map((text) => readUrl(text, context)),
    ),
);

const form = /^nats:\/\/(?:\[([\da-f:.]+)\]|([a-z0-9.-]+)):(\d{1,5})\/?$/;

/** Keys and passwords have no place in a URL, where logs would show them. */
function readUrl(text: string, context: { addIssue(message: string): void }): NatsUrl {
  const given = text.trim().toLowerCase();
  const [, bracketed, plain, port] = form.exec(given) ?? [];
  const host = bracketed ?? plain;
  if (host !== undefined && Number(port) >= 1 && Number(port) <= 65_535) {
    return { url: given.replace(/\/$/, ''), host };
  }
  // What stands before an @ may be a password.
  context.addIssue(
    `${JSON.stringify(text.replace(/^.*@/s, '…@'))} is not of the form nats://HOST:PORT, nor https`,
  );
  return z.NEVER;
}

/** A gateway, and the public half of the key that it signs by. */
export interface GatewayKey {
  readonly name: string;
  readonly key: string;
}

export const gatewayKeys: z.ZodType<readonly GatewayKey[]> = z.preprocess(
  separate,
  z
    .array(z.string().transform(readGateway), 'must be NAME=KEY or a list of those')
    .min(1)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'names one twice'),
);

function readGateway(text: string, context: z.core.$RefinementCtx<string>): GatewayKey {
  const [, name = '', key = ''] = /^\s*([^=]*)=([\w-]{43})\s*$/.exec(text) ?? [];
  if (hostName.test(name)) return { name, key };
  context.addIssue(
    `${JSON.stringify(text.slice(0, 80))} is not of the form NAME=KEY, with the signing key that uapid fleet key prints on the gateway`,
  );
  return z.NEVER;
}
