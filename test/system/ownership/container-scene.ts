import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { addAccount, type TestAccount } from '../../support/add-account.ts';
import { type Cgroup, makeCgroup } from '../../support/cgroups.ts';
import type { Cleanup } from '../../support/cleanup.ts';
import { sandboxFolder, users } from '../../support/users.ts';
import { ask, type Place } from '../channel/ask.ts';
import { makeState, serve } from '../channel/served.ts';

const { alice, bob, dave } = users;

/** A login in the container that an account of this host has as its FTP login. */
export const login = 'dev@shop.example';

export const newPassword = () => randomBytes(9).toString('hex');

export interface DockerContainer {
  readonly id: string;
  readonly cgroup: Cgroup;
}

/** Where dockerd keeps its containers. */
export function makeDockerDataRoot(): string {
  return mkdtempSync(join(sandboxFolder, 'docker-'));
}

/** What dockerd with systemd's cgroups leaves of a container of that name. */
export function dockerContainer(t: Cleanup, dataRoot: string, name: string): DockerContainer {
  const id = randomBytes(32).toString('hex');
  const folder = join(dataRoot, 'containers', id);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.v2.json'), JSON.stringify({ ID: id, Name: `/${name}` }));
  return { id, cgroup: makeCgroup(t, `docker-${id}.scope`) };
}

/** The accounts of a host: who has the container, that one's reseller, and all others. */
const accounts: Readonly<Record<string, TestAccount>> = {
  rita: { role: 'reseller', systemUser: dave.name },
  roy: { role: 'reseller', systemUser: dave.name },
  shop: { systemUser: alice.name, owner: 'rita' },
  bob: { systemUser: bob.name, owner: 'roy' },
  mail: { ftpLogins: [login], owner: 'roy' },
};
/** Besides the account itself, which is “shop”. */
export const mayKnow = ['admin', 'shop', 'rita'] as const;
export const mayNotKnow = ['bob', 'mail', 'roy'] as const;

type Name = (typeof mayKnow)[number] | (typeof mayNotKnow)[number];

/** A row of Ftp::list_transfers. */
export type Row = Readonly<Record<string, unknown>>;

/** A server with those accounts and these settings. */
export async function serveWith(t: TestContext, settings: object) {
  const { stateDir, password: ofAdmin } = makeState(t);
  const passwords = new Map([['admin', ofAdmin]]);
  for (const [name, account] of Object.entries(accounts)) {
    passwords.set(name, newPassword());
    addAccount(stateDir, name, passwords.get(name) ?? '', account);
  }
  const file = join(mkdtempSync(join(sandboxFolder, 'config-')), 'uapid.json');
  writeFileSync(file, JSON.stringify(settings));
  const { url, stdout } = await serve(t, { stateDir, args: ['--config', file] });
  const placeOf = (user: Name): Place => ({ url, user, password: passwords.get(user) ?? '' });
  const transfersOf = async (name: Name) => {
    const { data, warnings } = await ask(placeOf(name), '/execute/Ftp/list_transfers');
    return { rows: data as unknown as readonly Row[], warnings };
  };
  return {
    /** What the start has printed. */
    stdout,
    transfersOf,
    pidsOf: async (name: Name) => {
      const { data, warnings } = await ask(placeOf(name));
      return { pids: data.map(({ pid }) => pid).sort((a, b) => a - b), warnings };
    },
    /** Ends a session of that pid, or is told that there is none. */
    kill: async (name: Name, pid: number) => {
      const { body } = await ask(placeOf(name), `/execute/Ftp/kill_session?pid=${pid}`);
      if (body.includes('1 FTP session was ended.')) return true;
      assert.match(body, /There was no FTP session/, name);
      return false;
    },
  };
}
