import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chownSync, closeSync, ftruncateSync, mkdtempSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerRules } from '../../../src/collector/contained-daemons.ts';
import { createContainerRules } from '../../../src/os/containers/container-rules.ts';
import { everybody } from '../../../src/sessions/scope.ts';
import type { SessionSource } from '../../../src/sessions/session.ts';
import type { Cleanup } from '../../support/cleanup.ts';
import {
  descendantsOf,
  firstMappedUid,
  startContained,
} from '../../support/contained/container.ts';
import { containedDaemons } from '../../support/contained/daemons.ts';
import type { DaemonName } from '../../support/host-daemons.ts';
import { processStat, uidOf } from '../../support/processes.ts';
import { until } from '../../support/until.ts';
import { sandboxFolder, type TestUser, users } from '../../support/users.ts';
import { dockerContainer, makeDockerDataRoot } from './container-scene.ts';
import { ctime, type Visit } from './visits.ts';

const { alice, bob, carol } = users;
const fileBytes = 200_000_000;

/** A session in a container, whose uid and login are somebody else's on this host. */
interface ContainedPlan {
  readonly daemon: DaemonName;
  readonly name: string;
  readonly account: string;
  readonly as: TestUser;
  readonly login: string;
  readonly mapsUsers: boolean;
  readonly isDownload: boolean;
}

const plans: readonly ContainedPlan[] = [
  {
    daemon: 'pure-ftpd',
    name: 'web-1',
    account: 'alice-shop',
    as: bob,
    login: 'bob',
    mapsUsers: false,
    isDownload: true,
  },
  {
    daemon: 'proftpd',
    name: 'mail-1',
    account: 'shop',
    as: carol,
    login: 'bob@x',
    mapsUsers: true,
    isDownload: false,
  },
  {
    daemon: 'vsftpd',
    name: 'files-1',
    account: 'two',
    as: alice,
    login: 'carol',
    mapsUsers: false,
    isDownload: false,
  },
];

/** The accounts that have containers. */
export const containerAccounts = plans.map(({ account }) => account);

/** Sessions in containers, which end with `t`. */
export interface ContainedVisits {
  readonly rules: ContainerRules;
  /**
   * What is to be seen of them. What the client cannot know of itself (when and by which port the
   * daemon there took it in) is what a scan for an administrator tells.
   */
  learn(sessions: SessionSource): Promise<readonly Visit[]>;
}

export async function visitContainers(t: Cleanup): Promise<ContainedVisits> {
  const dockerDataRoot = makeDockerDataRoot();
  const begun: { readonly plan: ContainedPlan; readonly pid: number }[] = [];
  for (const plan of plans) begun.push({ plan, pid: await visitOne(t, plan, dockerDataRoot) });
  const rules = plans.map(({ name, account }) => ({ match: `docker:${name}`, account }));
  return {
    rules: createContainerRules(rules, dockerDataRoot),
    learn: async (sessions) => {
      const seen = await until(
        async () => {
          const found = await sessions.snapshot(everybody, { details: true });
          const states = begun.map(
            ({ pid }) => found.sessions.find((each) => each.pid === pid)?.state,
          );
          const wanted = plans.map(({ isDownload }) => (isDownload ? 'download' : 'idle'));
          return states.join() === wanted.join() && found;
        },
        { what: 'the sessions in containers are found', timeoutMs: 60_000 },
      );
      return begun.map(({ plan, pid }) => {
        const index = seen.sessions.findIndex((each) => each.pid === pid);
        const session = seen.sessions[index] ?? assert.fail();
        return visitOf(plan, session, seen.details?.[index]?.directory ?? null);
      });
    },
  };
}

async function visitOne(t: Cleanup, plan: ContainedPlan, dataRoot: string): Promise<number> {
  const { daemon: daemonName, name, as, login, mapsUsers, isDownload } = plan;
  const { cgroup } = dockerContainer(t, dataRoot, name);
  const root = mapsUsers ? firstMappedUid : 0;
  const uid = root + as.uid;
  const password = randomBytes(9).toString('hex');
  const virtualUsers = [{ name: login, password, owner: { ...as, home: makeHome(uid) } }];
  const daemonOf = containedDaemons[daemonName] ?? assert.fail();
  const command = await daemonOf({ virtualUsers, root });
  const daemon = await startContained(t, { cgroup, mapsUsers }, command);
  const client = await daemon.connect();
  await client.login(login, password);
  if (isDownload) await daemon.startTransfer(client, 'RETR big.bin');
  return until(() => descendantsOf(daemon.pid).find((pid) => uidOf(pid) === uid), {
    what: 'a process of the container runs as the user',
  });
}

/** A home in the container, with a file that takes long to download. */
function makeHome(uid: number): string {
  const home = mkdtempSync(join(sandboxFolder, 'home-'));
  const fd = openSync(join(home, 'big.bin'), 'w');
  ftruncateSync(fd, fileBytes);
  closeSync(fd);
  for (const path of [home, join(home, 'big.bin')]) chownSync(path, uid, uid);
  return home;
}

type Incidental = Awaited<ReturnType<SessionSource['snapshot']>>['sessions'][number];

function visitOf(
  { daemon, name, account, as, login, isDownload }: ContainedPlan,
  { pid, connectedAt, remotePort, localPort }: Incidental,
  directory: string | null,
): Visit {
  assert.ok(connectedAt !== null && localPort !== null);
  const user = daemon === 'vsftpd' ? '' : login;
  const [status, file] = isDownload ? (['DL', 'big.bin'] as const) : (['IDLE', ''] as const);
  const host = '127.0.0.1';
  const container = `docker:${name}`;
  return {
    uid: as.uid,
    isUserProven: false,
    container: { name: container, account },
    connectedAt,
    row: { cmdline: `[${daemon}]`, file, host, login: ctime(connectedAt), pid, status, user },
    steadyRow: {
      pid,
      start: processStat(pid)?.startTime ?? '',
      user: daemon === 'vsftpd' ? null : login,
      owner: '',
      container,
      host,
      remote_port: remotePort,
      local_port: localPort,
      protocol: daemon === 'proftpd' ? 'ftp' : null,
      status,
      file,
      path: isDownload ? null : '',
      directory,
      command: null,
      bytes_total: isDownload ? fileBytes : null,
      started_at: `${new Date(connectedAt * 1000).toISOString().slice(0, 19)}Z`,
    },
    leave: async () => {},
  };
}
