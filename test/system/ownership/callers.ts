import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AccountRole } from '../../../src/accounts/account.ts';
import { openAccountStore } from '../../../src/accounts/account-store.ts';
import { openTokenStore } from '../../../src/accounts/token-store.ts';
import { createSystemUsers, type SystemUsers } from '../../../src/os/users/system-users.ts';
import { readAnswer } from '../../../src/session-log/history-answer.ts';
import type { HistoryQuery } from '../../../src/sessions/history.ts';
import type { Services } from '../../../src/worker/app.ts';
import { testServices } from '../../support/app.ts';
import { users } from '../../support/users.ts';
import { pastLog } from './past.ts';
import type { Visit } from './visits.ts';

/** An account, and by hand what it is to see: nothing here asks the program. */
export interface Caller {
  readonly name: string;
  readonly role: AccountRole;
  readonly systemUser?: string;
  readonly ftpLogins?: readonly string[];
  readonly owner?: string;
  readonly hasFeature: boolean;
  /** The uids whose sessions it sees. */
  readonly uids: readonly number[] | 'all';
  /** The FTP logins whose sessions it sees, whatever their uid. */
  readonly logins?: readonly string[];
  /** The accounts whose containers it sees: itself, and those that it owns. */
  readonly containersOf?: readonly string[];
  /** Its accounts whose system user nobody's sessions belong to: one that is missing, or root. */
  readonly ownerless: readonly (readonly [account: string, systemUser: string])[];
}

const { alice, bob, carol, dave } = users;

const user = (name: string, systemUser: string, facts: Partial<Caller> = {}): Caller => ({
  name,
  role: 'user',
  systemUser,
  hasFeature: true,
  uids: [],
  ownerless: [],
  ...facts,
});

const ofLogins = (
  name: string,
  ftpLogins: readonly string[],
  logins: readonly string[],
  facts: Partial<Caller> = {},
): Caller => ({
  name,
  role: 'user',
  ftpLogins,
  hasFeature: true,
  uids: [],
  logins,
  ownerless: [],
  ...facts,
});

/** Resellers come before what they own. */
export const callers: readonly Caller[] = [
  user('rita', 'dave', {
    role: 'reseller',
    uids: [dave.uid, alice.uid, carol.uid],
    containersOf: ['alice-shop'],
  }),
  user('roy', 'bob', { role: 'reseller', uids: [bob.uid] }),
  user('rob', 'no-such-1', {
    role: 'reseller',
    ownerless: [
      ['rob', 'no-such-1'],
      ['ghost', 'no-such-2'],
    ],
  }),
  user('rory', 'dave', {
    role: 'reseller',
    uids: [dave.uid],
    logins: ['bob', 'bob@x.evil', 'carol'],
    containersOf: ['two'],
  }),
  user('alice', 'alice', { uids: [alice.uid] }),
  user('alice-shop', 'alice', { uids: [alice.uid], owner: 'rita', containersOf: ['alice-shop'] }),
  user('plain', 'alice', { uids: [alice.uid], hasFeature: false }),
  user('bob', 'bob', { uids: [bob.uid] }),
  user('bobby', 'carol', { uids: [carol.uid], owner: 'rita' }),
  user('bob@x', 'dave', { uids: [dave.uid] }),
  user('bob@x.evil', 'carol', { uids: [carol.uid] }),
  user('accounts.json', 'dave', { uids: [dave.uid] }),
  user('ghost', 'no-such-2', { ownerless: [['ghost', 'no-such-2']], owner: 'rob' }),
  // Sessions that have not logged in, and every session's helper, run as root.
  user('zero', 'root', { ownerless: [['zero', 'root']] }),
  // Accounts of FTP logins, which have no uid.
  ofLogins('shop', ['*@x'], ['bob@x'], { containersOf: ['shop'] }),
  ofLogins('one', ['bob'], ['bob'], { owner: 'rory' }),
  ofLogins('two', ['*ob@x.evil', 'carol', 'no-such'], ['bob@x.evil', 'carol'], {
    owner: 'rory',
    containersOf: ['two'],
  }),
  ofLogins('ends', ['*bob', '*bob@x.evil'], []),
  { name: 'admin', role: 'admin', hasFeature: true, uids: 'all', ownerless: [] },
];

export function callerNamed(name: string): Caller | undefined {
  return callers.find((each) => each.name === name);
}

/** What tells whose a session is. */
type Owned = Pick<Visit, 'uid' | 'isUserProven' | 'container'> & {
  readonly row: Pick<Visit['row'], 'user'>;
};

/** True when a session is one that the caller sees. */
export function sees(
  { uids, logins = [], containersOf = [] }: Caller,
  { uid, isUserProven, container, row }: Owned,
): boolean {
  if (container !== undefined) return uids === 'all' || containersOf.includes(container.account);
  return uids === 'all' || uids.includes(uid) || (isUserProven && logins.includes(row.user));
}

/** What an account shows to be let in. */
export interface Secrets {
  readonly password: string;
  readonly token: string;
  /** One that may only read. */
  readonly readOnlyToken: string;
}

/** Real stores with all callers in them. */
export interface Stores {
  /** Services of an application that takes its accounts from here. */
  services(sessions: Services['sessions']): Services;
  secretsOf(name: string): Secrets;
  remove(): void;
}

/** `containerAccounts` are those that have containers. */
export async function openStores(containerAccounts: readonly string[] = []): Promise<Stores> {
  const dir = mkdtempSync(join(tmpdir(), 'uapid-ownership-'));
  const accounts = openAccountStore(dir);
  const tokens = openTokenStore(dir);
  const secrets = new Map<string, Secrets>();
  for (const { name, role, systemUser, ftpLogins, owner, hasFeature } of callers) {
    const password = randomBytes(9).toString('hex');
    await accounts.add({ name, role, systemUser, ftpLogins, owner, password });
    if (!hasFeature) await accounts.setFeature(name, 'ftpaccts', false);
    const { text } = await tokens.add({ account: name }, accounts);
    const limited = await tokens.add({ account: name, readOnly: true }, accounts);
    secrets.set(name, { password, token: text, readOnlyToken: limited.text });
  }
  const log = join(dir, 'sessions.log');
  writeFileSync(log, pastLog());
  const history = { read: (query: HistoryQuery) => readAnswer(log, query) };
  return {
    services: (sessions) => {
      const systemUsers = askingOnce(createSystemUsers());
      const ofContainers = { containerAccounts: new Set(containerAccounts) };
      return testServices({ sessions, accounts, tokens, systemUsers, history, ...ofContainers });
    },
    secretsOf: (name) => {
      const found = secrets.get(name);
      if (found === undefined) throw new Error(`there is no account ${name}`);
      return found;
    },
    remove: () => rmSync(dir, { recursive: true }),
  };
}

/** To look for a user who does not exist starts a process, and thousands of requests ask for one. */
function askingOnce({ uidOf, namesOf }: SystemUsers): SystemUsers {
  const known = new Map<string, Promise<number | null>>();
  return {
    namesOf,
    uidOf: (name) => {
      const answer = known.get(name) ?? uidOf(name);
      known.set(name, answer);
      return answer;
    },
  };
}
