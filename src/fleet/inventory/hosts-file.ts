import * as z from 'zod';
import { memberName } from '../messages/ask.ts';
import { isConnectionKey } from '../signature/keys.ts';

const host = z.strictObject({
  name: memberName,
  /** The public half of its key, by which the messaging server knows it. */
  key: z.string().refine(isConnectionKey, 'is no public key of a host: U and 55 characters'),
});

/** What hosts.json of a gateway holds: the hosts that are let in. It is what every list is held against. */
export const hostsFile = z.strictObject({
  version: z.literal(1, 'is not a version that this uapid knows'),
  hosts: z
    .array(host)
    .refine((all) => areDifferent(all.map(({ name }) => name)), 'has a name twice')
    .refine((all) => areDifferent(all.map(({ key }) => key)), 'has a key twice'),
});
export type HostsFile = z.infer<typeof hostsFile>;
export type EnrolledHost = HostsFile['hosts'][number];

function areDifferent(texts: readonly string[]): boolean {
  return new Set(texts).size === texts.length;
}
