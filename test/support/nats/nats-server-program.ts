import { join } from 'node:path';
import { unpackPackages } from '../debian-packages.ts';
import { archive, debianRoot } from '../debian-root.ts';

/** 2.10.27 is the oldest that a fleet may use; Debian's newest suite has one of the newest. */
export type NatsVersion = 'oldest' | 'newest';

/**
 * The path of a nats-server: Debian 13's, or that of Debian's newest suite. They need nothing but the C
 * library. Fetched once into `.cache`, never installed, since the package would start a service.
 */
export async function natsServerProgram(version: NatsVersion = 'oldest'): Promise<string> {
  const debian = await debianRoot();
  const root =
    version === 'oldest'
      ? await unpackPackages('nats-server-trixie', ['nats-server'], { debian })
      : await unpackPackages('nats-server-sid', ['nats-server'], {
          debian,
          source: `deb ${await archive()} sid main`,
        });
  return join(root, 'usr/sbin/nats-server');
}
