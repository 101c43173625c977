import { hostname } from 'node:os';
import type { Account, AccountDirectory } from '../../accounts/account.ts';
import { version } from '../../lib/version.ts';
import type { Arguments } from '../call/arguments.ts';
import type { LoginUrl } from './login-url.ts';
import { type Generation, whmFailure, whmMetadata } from './whm-envelope.ts';

/** What a call of the administrator's is answered from. */
export interface WhmContext {
  /** An administrator or a reseller. */
  readonly caller: Account;
  readonly args: Arguments;
  readonly accounts: AccountDirectory;
  /** Makes a URL that logs a browser in as that account; null for a caller that may only read. */
  readonly createUrl: (account: Account) => LoginUrl | null;
}

/** The data of a call, or why there is none; `data` is then what v0 shows beside the reason. */
type Outcome = { readonly data: object; readonly failure?: string };

interface WhmCall {
  readonly summary: string;
  run(context: WhmContext): Outcome;
  /** What v1 tells beside the data of a success; "OK" unless given. */
  readonly reason?: string;
  /** What v0 puts before the data. */
  readonly v0?: object;
}

const readOnly =
  'The call “create_user_session” gives a login, and this API token may only read. Nothing was changed.';

const accountList = { status: 1, statusmsg: 'Ok' };

const calls: Readonly<Record<string, WhmCall>> = {
  accountsummary: {
    summary: 'One account, by user',
    v0: accountList,
    run: (context) => {
      const wanted = context.args.get('user') ?? '';
      const found = accountsOf(context).find(({ name }) => name === wanted);
      if (found !== undefined) return { data: { acct: [entryOf(found)] } };
      return { data: { acct: null }, failure: 'Account does not exist' };
    },
  },
  applist: {
    summary: 'The calls that are served',
    run: () => ({ data: { app: whmNames } }),
  },
  create_user_session: {
    summary: 'A URL that logs a browser in as an account, once and within a minute',
    reason: 'Created session',
    v0: accountList,
    run: (context) => {
      const { args, createUrl } = context;
      const service = args.get('service') || 'cpaneld';
      if (service !== 'cpaneld') {
        const failure = `The service “${service}” is not served here: use cpaneld.`;
        return { data: {}, failure };
      }
      const wanted = args.get('user') ?? '';
      const found = accountsOf(context).find(({ name }) => name === wanted);
      if (found === undefined) return { data: {}, failure: 'Account does not exist' };
      const data = createUrl(found);
      return data === null ? { data: {}, failure: readOnly } : { data };
    },
  },
  gethostname: {
    summary: 'The name of this host',
    run: () => ({ data: { hostname: hostname() } }),
  },
  listaccts: {
    summary: 'The accounts: an administrator’s all, a reseller’s own and itself',
    v0: accountList,
    run: (context) => {
      // A client that asks for one account must not take the first of all for it.
      if (context.args.get('search')) {
        return {
          data: { acct: null },
          failure: 'The argument “search” is not served here: use accountsummary.',
        };
      }
      return { data: { acct: accountsOf(context).map(entryOf) } };
    },
  },
  version: {
    summary: 'The version of uapid',
    run: () => ({ data: { version } }),
  },
};

/** The calls that are answered below /json-api, with what each is for. */
export const whmSummaries: ReadonlyMap<string, string> = new Map(
  Object.entries(calls).map(([name, { summary }]) => [name, summary]),
);

const whmNames = [...whmSummaries.keys(), 'cpanel', 'uapi_cpanel'].sort();

/** The body of the answer to a call of `whmSummaries`. */
export function answerWhmCall(name: string, generation: Generation, context: WhmContext): object {
  const call = calls[name];
  if (call === undefined) throw new Error(`there is no call ${name}`);
  const { data, failure } = call.run(context);
  if (failure !== undefined) {
    if (generation === 'v1') return whmFailure('v1', name, failure);
    return { ...whmFailure('v0', name, failure), ...data };
  }
  if (generation === 'v1') return { data, metadata: whmMetadata(name, 1, call.reason ?? 'OK') };
  return { ...call.v0, ...data };
}

/** Administrators see everybody's sessions and are no accounts of the host's. */
function accountsOf({ caller, accounts }: WhmContext): readonly Account[] {
  if (caller.role === 'admin') return accounts.list().filter(({ role }) => role !== 'admin');
  return [caller, ...accounts.ownedBy(caller.name)];
}

/** The fields that clients read without a look whether they are there; uapid knows the first two. */
function entryOf({ name, owner }: Account): object {
  return {
    user: name,
    owner,
    domain: null,
    ip: null,
    plan: null,
    suspended: null,
    suspendreason: null,
    suspendtime: null,
    startdate: null,
    diskused: null,
    disklimit: null,
    backup: null,
  };
}
