import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeHome } from '../support/homes.ts';
import { users } from '../support/users.ts';
import { type FleetScene, openFleetScene, type Result } from '../system/fleet/fleet-scene.ts';
import { type RunningHost, startHost } from '../system/fleet/start-host.ts';
import { visitorsOf } from './traffic.ts';

/** A host is stopped after so long, for so long. */
const wellMs = 8_000;
const stoppedMs = 7_000;

/**
 * Runs a messaging server, so many hosts with daemons and users in process tables of their own, and a gateway,
 * until `ended`; `show` takes what is to be seen once a second. One host after the other is stopped for a
 * while. Leaves nothing.
 */
export async function demonstrateFleet(
  count: number,
  ended: AbortSignal,
  { print, show }: { print(text: string): void; show(lines: readonly string[]): void },
): Promise<void> {
  setMaxListeners(0, ended);
  const names = Array.from({ length: count }, (_, index) => `web${index + 1}`);
  const { alice, bob } = users;
  await makeHome(alice, [['backup.tar.gz', 3_000_000]]);
  await makeHome(bob, []);
  const scene = await openFleetScene(names, { alice: [['web1', 'alice']] });
  let hosts: readonly RunningHost[] = [];
  try {
    hosts = await Promise.all(scene.hosts.map(startHost));
    const { gateway } = scene;
    print(
      `A nats-server runs at ${scene.nats.url}, and ${count} hosts dial it: ${names.join(', ')}.`,
    );
    print(`The gateway’s page: ${gateway.url}/ (${gateway.user}, ${gateway.password})`);
    print('Ask it yourself:');
    print(`  curl -u ${gateway.user}:${gateway.password} ${gateway.url}/Ftp/list_sessions`);
    print('Now and then a host is stopped. Ctrl-C ends it all.\n');
    await Promise.all([
      ...hosts.map((host) => visitorsOf(host, ended)),
      stopNowAndThen(hosts, ended, print),
      showFleet(scene, ended, show),
    ]);
  } finally {
    await Promise.all(hosts.map((host) => host.kill()));
    await scene.close();
  }
}

async function stopNowAndThen(
  hosts: readonly RunningHost[],
  ended: AbortSignal,
  print: (text: string) => void,
): Promise<void> {
  const pause = (ms: number) => sleep(ms, undefined, { signal: ended }).catch(() => undefined);
  for (let turn = hosts.length - 1; !ended.aborted; turn += 1) {
    await pause(wellMs);
    const host = hosts[turn % hosts.length];
    if (ended.aborted || host === undefined) return;
    print(`${host.name} is stopped now.`);
    await host.tell('freeze');
    await pause(stoppedMs);
    if (ended.aborted) return;
    await host.tell('thaw');
    print(`${host.name} goes on.`);
  }
}

async function showFleet(
  scene: FleetScene,
  ended: AbortSignal,
  show: (lines: readonly string[]) => void,
): Promise<void> {
  while (!ended.aborted) {
    try {
      const rows = fleetTable(await scene.ask('Ftp/list_transfers'));
      // The list tells last answers in UTC.
      show([`${new Date().toISOString().slice(11, 19)} UTC`, ...rows]);
    } catch (error) {
      // Ctrl-C ends the gateway as well.
      if (!ended.aborted) throw error;
    }
    await sleep(1_000, undefined, { signal: ended }).catch(() => undefined);
  }
}

interface Row {
  readonly server: string;
  readonly user: string;
  readonly status: string;
  readonly file: string;
}

/** The rows by server, and what the answer says is missing. */
function fleetTable({ data, errors, warnings }: Result): string[] {
  const rows = ((data ?? []) as Row[]).toSorted((a, b) => (a.server < b.server ? -1 : 1));
  const lines = rows.map(({ server, user, status, file }) =>
    [server.padEnd(8), user.padEnd(10), status.padEnd(6), file].join(' ').trimEnd(),
  );
  return ['SERVER   USER       STATUS FILE', ...lines, ...(errors ?? []), ...(warnings ?? [])];
}
