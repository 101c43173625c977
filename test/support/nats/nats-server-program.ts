import { join } from 'node:path';
import { unpackPackages } from '../debian-packages.ts';
import { debianRoot } from '../debian-root.ts';

/**
 * The path of nats-server 2.10.27, which Debian 13 has: the oldest that a fleet may use. It needs
 * nothing but the C library. Fetched once into `.cache/nats-server-trixie`, never installed, since
 * the package would start a service.
 */
export async function natsServerProgram(): Promise<string> {
  const debian = await debianRoot();
  const root = await unpackPackages('nats-server-trixie', ['nats-server'], { debian });
  return join(root, 'usr/sbin/nats-server');
}
