import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { password as accountPassword, testServices, tokenOf } from '../../support/app.ts';
import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import {
  as,
  type RawAnswer,
  request,
  startAdministratorServer,
  startServer,
} from '../../support/http.ts';
import { isAlive, processStat } from '../../support/processes.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { users } from '../../support/users.ts';
import { endingThrough } from '../collector/ending-through.ts';
import { tables } from '../daemons/pure-ftpd/sources.ts';

/** The FTP logins of the scene, the last a virtual one of alice's. */
export type Login = 'alice' | 'bob' | 'carol' | 'dev@alice.example';

export interface Visitor {
  readonly client: FtpClient;
  readonly pid: number;
  /** The start of its process, from /proc itself. */
  readonly start: string;
  /** Whether its process is there and it is still answered. */
  isThere(): Promise<boolean>;
}

export interface Scene {
  visit(login: Login): Promise<Visitor>;
  /** Asks at an account's port with that account's password. */
  get(account: string, target: string, headers?: readonly string[]): Promise<RawAnswer>;
  /** Sends those bytes there. */
  send(bytes: Uint8Array): Promise<RawAnswer>;
  /** Asks where administrators knock, with a token. */
  getAsAdministrator(account: string, target: string): Promise<RawAnswer>;
  /** Lines of the audit log about sessions and refused calls since the last time, without the time. */
  audited(): string[];
}

const devPassword = `dev-${users.alice.password}`;

export interface SceneOptions {
  /** A FAKE: signals go nowhere, since nothing that a test may do keeps a session from SIGKILL. */
  readonly areSignalsLost?: boolean;
}

const lostTimeouts = { timeoutMs: 200, killTimeoutMs: 200 };

/** A pure-ftpd, and the services of an application that sees and ends its sessions. */
export async function openHost(t: TestContext, { areSignalsLost = false }: SceneOptions = {}) {
  await makeHome(users.alice, [['big.bin', 50_000_000]]);
  const ftpd = await startPureFtpd({
    throttle: 300,
    virtualUsers: [{ name: 'dev@alice.example', owner: users.alice, password: devPassword }],
  });
  t.after(() => ftpd.stop());
  const table = tables['procfs kept open']?.();
  assert.ok(table);
  const { sessions, ender } = areSignalsLost
    ? endingThrough({ ...table, terminate: async () => 'sent' }, lostTimeouts)
    : endingThrough(table);
  const uids = new Map([
    ['alice', users.alice.uid],
    ['bob', users.bob.uid],
    ['rita', users.carol.uid],
    ['plain', users.dave.uid],
  ]);
  const services = testServices({
    sessions,
    sessionEnder: ender,
    systemUsers: { uidOf: async (name) => uids.get(name) ?? null, namesOf: async () => new Map() },
  });
  const visit = async (login: Login): Promise<Visitor> => {
    const client = await connectFtp(ftpd);
    t.after(() => client.destroy());
    await client.login(login, login.includes('@') ? devPassword : users[login as 'alice'].password);
    const pid = await client.sessionPid();
    const start = processStat(pid)?.startTime ?? '';
    const isThere = async () => isAlive(pid) && (await client.command('NOOP')).code === 200;
    return { client, pid, start, isThere };
  };
  return { services, visit };
}

/** Accounts alice, bob, their reseller rita (carol's uid) and admin, a pure-ftpd, and the application. */
export async function openScene(t: TestContext, options: SceneOptions = {}): Promise<Scene> {
  const { services, visit } = await openHost(t, options);
  const server = await startServer(services);
  const administrator = await startAdministratorServer(services);
  t.after(() => Promise.all([server.close(), administrator.close()]));
  return {
    visit,
    get: (account, target, headers = []) =>
      server.send(request(`GET ${target}`, [...headers, as(account, accountPassword)])),
    send: (bytes) => server.send(bytes),
    getAsAdministrator: (account, target) =>
      administrator.send(
        request(`GET ${target}`, [`Authorization: whm ${account}:${tokenOf(account)}`]),
      ),
    audited: () =>
      services.auditLines
        .splice(0)
        .map((line) => line.replace(/^uapid-audit: \S+ /, '').trimEnd())
        .filter((line) => /^(?:session-ended|call-refused) /.test(line)),
  };
}

/** The result in an answer of /execute, or of the contract's path. */
export function resultOf({ body }: RawAnswer): {
  readonly data: unknown;
  readonly errors: readonly string[] | null;
  readonly messages: readonly string[] | null;
  readonly metadata: unknown;
  readonly status: 0 | 1;
  readonly warnings: readonly string[] | null;
} {
  const value = JSON.parse(body);
  return value.result ?? value;
}
