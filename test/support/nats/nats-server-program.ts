import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot, unpackPackages } from '../debian-packages.ts';
import { archive, debianRoot } from '../debian-root.ts';

/** 2.10.27 is the oldest that a fleet may use; Debian's newest suite has one of the newest. */
export type NatsVersion = 'oldest' | 'newest';

const nameOf = { oldest: 'nats-server-trixie', newest: 'nats-server-sid' } as const;

/**
 * The path of a nats-server: Debian 13's, or that of Debian's newest suite. They need nothing but the C
 * library. Fetched once into `.cache`, never installed, since the package would start a service.
 */
export async function natsServerProgram(version: NatsVersion = 'oldest'): Promise<string> {
  if (isFetched(version)) return programIn(folderOf(version));
  const debian = await debianRoot();
  const root =
    version === 'oldest'
      ? await unpackPackages(nameOf.oldest, ['nats-server'], { debian })
      : await unpackPackages(nameOf.newest, ['nats-server'], {
          debian,
          source: `deb ${await archive()} sid main`,
        });
  return programIn(root);
}

/** Whether it is there already. */
export function isFetched(version: NatsVersion = 'oldest'): boolean {
  return existsSync(folderOf(version));
}

function folderOf(version: NatsVersion): string {
  return join(projectRoot(), '.cache', nameOf[version]);
}

const programIn = (root: string) => join(root, 'usr/sbin/nats-server');
