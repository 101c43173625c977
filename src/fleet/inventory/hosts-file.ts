import * as z from 'zod';
import { memberName } from '../messages/ask.ts';
import { isConnectionKey } from '../signature/keys.ts';
import type { HttpsAddress } from '../transport/https-agent.ts';
import { fingerprintForm, isHttpsAddress } from './https-address.ts';

const key = z.string().refine(isConnectionKey, 'is no public key of a host: U and 55 characters');

const host = z
  .strictObject({
    name: memberName,
    /** The public half of its key, by which the messaging server knows it; over https there is none. */
    key: key.optional(),
    /** Where it is asked over https: https://HOST:PORT. */
    address: z.string().refine(isHttpsAddress, 'is not of the form https://HOST:PORT').optional(),
    /** PEM of the authority behind its certificate. */
    ca: z
      .string()
      .max(64 * 1024)
      .optional(),
    /** SHA-256 of its certificate, where that is pinned. */
    fingerprint: z.string().regex(fingerprintForm, 'is no SHA-256 fingerprint').optional(),
  })
  .refine(
    (each) => each.key !== undefined || each.address !== undefined,
    'has neither a key nor an address',
  );

/** What hosts.json of a gateway holds: the hosts that are let in. It is what every list is held against. */
export const hostsFile = z.strictObject({
  version: z.literal(1, 'is not a version that this uapid knows'),
  hosts: z
    .array(host)
    .refine((all) => areDifferent(all.map(({ name }) => name)), 'has a name twice')
    .refine((all) => areDifferent(all.flatMap(({ key }) => key ?? [])), 'has a key twice')
    .refine(
      (all) => areDifferent(all.flatMap(({ address }) => address ?? [])),
      'has an address twice',
    ),
});
export type HostsFile = z.infer<typeof hostsFile>;
export type EnrolledHost = HostsFile['hosts'][number];

/** The hosts that the messaging server knows, by their keys. */
export function keyedHosts(hosts: readonly EnrolledHost[]): { name: string; key: string }[] {
  return hosts.flatMap(({ name, key }) => (key === undefined ? [] : [{ name, key }]));
}

/** Where a host is asked over https; undefined where it has no address. `ca` is for those without another. */
export function httpsAddressOf(host: EnrolledHost, ca: string | null): HttpsAddress | undefined {
  const { address: url, fingerprint = null } = host;
  if (url === undefined) return undefined;
  return { url, ca: fingerprint === null ? (host.ca ?? ca) : null, fingerprint };
}

function areDifferent(texts: readonly string[]): boolean {
  return new Set(texts).size === texts.length;
}
