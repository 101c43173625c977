import type { AccountsFile } from '../accounts/accounts-file.ts';
import type { KeptLogin, LoginLimits } from '../accounts/kept-login.ts';
import type { RolesFile } from '../accounts/role-store.ts';
import type { AccountsFrom } from '../accounts/system-account-directory.ts';
import type { SystemAccount } from '../accounts/system-accounts.ts';
import type { TokensFile } from '../accounts/token-store.ts';
import type { FleetPlace } from '../config/fleet-place.ts';
import type { ListenAddress } from '../config/listen-address.ts';
import type { HostsFile } from '../fleet/inventory/hosts-file.ts';
import type { Update } from '../lib/versioned-value.ts';
import type { RunAs } from './run-as.ts';

/** What the worker needs to know of the state directory. */
export interface State {
  readonly accounts: AccountsFile;
  readonly roles: RolesFile;
  readonly tokens: TokensFile;
  /** The system users that are accounts without having been added. */
  readonly systemAccounts: readonly SystemAccount[];
  /** At the gateway of a fleet: the hosts that are let in. */
  readonly hosts?: HostsFile;
}

/** What a worker needs to be of a fleet. */
export interface HandedFleet {
  /** None: hosts are asked over https. */
  readonly servers: readonly string[];
  /** PEM texts. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string } | null;
  /** Over https: PEM of the authority for hosts that have no other. */
  readonly ca: string | null;
  /** The seed of the key by which the messaging server knows this machine; over https there is none. */
  readonly connectionSeed: string | null;
  readonly host: FleetPlace['host'];
  readonly gateway: string | null;
}

/** An address, and the descriptor of its listening socket in the worker's process. */
export interface HandedPlace extends ListenAddress {
  readonly fd: number;
}

/** The first thing that the monitor tells each worker. */
export interface Start {
  /** The accounts that the configuration gives containers to. */
  readonly containerAccounts: readonly string[];
  readonly accountsFrom: AccountsFrom;
  /** Null when it runs as whoever started uapid. */
  readonly runAs: RunAs | null;
  readonly logLevel: string;
  readonly trustedProxies: readonly string[];
  readonly corsOrigins: readonly string[];
  readonly frameAncestors: readonly string[];
  readonly listen: readonly HandedPlace[];
  readonly metrics: HandedPlace | null;
  /** The hash of the token that the metrics ask for; null when they ask for none. */
  readonly metricsTokenHash: string | null;
  /** Its value is a `State`. */
  readonly state: Update;
  /** Its value is a `KeyPair`; null when no listener speaks TLS. */
  readonly keyPair: Update | null;
  /** The logins of before, which are still open. */
  readonly logins: readonly KeptLogin[];
  readonly loginLimits: LoginLimits;
  /** Null for a host that is in no fleet. */
  readonly fleet: HandedFleet | null;
}
