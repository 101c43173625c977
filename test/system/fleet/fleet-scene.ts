import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAccountStore } from '../../../src/accounts/account-store.ts';
import { keyedHosts } from '../../../src/fleet/inventory/hosts-file.ts';
import { openHostsStore } from '../../../src/fleet/inventory/hosts-store.ts';
import { ensureKeys, type PublicKeys } from '../../../src/fleet/key-files.ts';
import { natsConfig } from '../../../src/fleet/nats-config.ts';
import { addAccount } from '../../support/add-account.ts';
import {
  type ClientTls,
  createAuthority,
  type RunningNats,
  startNats,
  type TestAuthority,
} from '../../support/nats/nats-server.ts';
import { type RunningUapid, startUapid } from '../../support/uapid.ts';

/** A machine of the fleet: its state directory, its keys, and the flags by which uapid is of the fleet. */
export interface Member {
  readonly name: string;
  readonly stateDir: string;
  readonly keys: PublicKeys;
  readonly flags: readonly string[];
}

export interface FleetScene {
  readonly nats: RunningNats;
  readonly gateway: RunningUapid;
  readonly hosts: readonly Member[];
  /** The state directory of the gateway, with its keys and its audit log. */
  readonly gatewayDir: string;
  /** The flags by which a command on the gateway's machine is of the fleet. */
  readonly gatewayFlags: readonly string[];
  /** A certificate for a client of the messaging server. */
  clientTls(name: string): ClientTls;
  /** The JSON of a function's answer in the flat envelope, asked by an account of the gateway. */
  ask(name: string, account?: string): Promise<Result>;
  /** The configuration of the messaging server without the hosts that are named. */
  config(without?: readonly string[]): string;
  close(): Promise<void>;
}

export interface Result {
  readonly status: 0 | 1;
  // biome-ignore lint/suspicious/noExplicitAny: rows of whatever function was asked
  readonly data: any;
  readonly errors: readonly string[] | null;
  readonly warnings: readonly string[] | null;
  readonly metadata: {
    readonly servers?: {
      readonly asked: number;
      readonly answered: number;
      readonly missing: readonly {
        readonly server: string;
        readonly cause: string;
        readonly refusal?: string;
        readonly instances?: readonly string[];
      }[];
    };
    readonly error_codes?: readonly string[];
    readonly warning_codes?: readonly string[];
  };
}

/** Places of accounts, HOST:USER. */
export type Places = Readonly<Record<string, readonly (readonly [host: string, user: string])[]>>;

export interface SceneOptions {
  /** What the certificates' maker has in its environment. */
  readonly authorityEnv?: NodeJS.ProcessEnv;
  /** Where the gateway finds the messaging server that listens on that port; there itself unless given. */
  readonly gatewayReaches?: (port: number) => Promise<string>;
  /** Prepares the gateway's state directory, and gives further flags for it. */
  readonly prepareGateway?: (stateDir: string) => Promise<readonly string[]>;
}

/**
 * A messaging server with the configuration that uapid writes, and a gateway that knows these hosts; the
 * hosts themselves are the caller's to start, with their members' flags.
 */
export async function openFleetScene(
  names: readonly string[],
  places: Places = {},
  options: SceneOptions = {},
): Promise<FleetScene> {
  const folder = mkdtempSync(join(tmpdir(), 'uapid-fleet-'));
  const authority = createAuthority(options.authorityEnv);
  const closers: Closer[] = [
    () => rmSync(folder, { recursive: true, force: true }),
    () => authority.remove(),
  ];
  const parts = { folder, authority, closers, names, places };
  try {
    return await openParts(parts, options);
  } catch (error) {
    // A gateway that does not start leaves no messaging server behind.
    await closeAll(closers);
    throw error;
  }
}

type Closer = () => unknown;

/** What was opened last first. */
async function closeAll(closers: readonly Closer[]): Promise<void> {
  for (const close of [...closers].reverse()) await close();
}

interface SceneParts {
  readonly folder: string;
  readonly authority: TestAuthority;
  /** What ends each part that has been opened. */
  readonly closers: Closer[];
  readonly names: readonly string[];
  readonly places: Places;
}

async function openParts(
  { folder, authority, closers, names, places }: SceneParts,
  { gatewayReaches, prepareGateway }: SceneOptions,
): Promise<FleetScene> {
  const keysOf = async (name: string) => ensureKeys(join(folder, name), { replace: false });
  const gatewayKeys = await keysOf('gw1');
  const keys = new Map<string, PublicKeys>();
  for (const name of names) keys.set(name, await keysOf(name));
  const store = openHostsStore(join(folder, 'gw1'));
  for (const [name, { connection }] of keys) await store.add({ name, key: connection });
  const config = (listen: string, without: readonly string[] = []) =>
    natsConfig({
      gateways: [{ name: 'gw1', key: gatewayKeys.connection }],
      hosts: keyedHosts(store.list()).filter(({ name }) => !without.includes(name)),
      tls: authority.serverFiles,
      listen,
      operator: null,
    });
  const nats = await startNats((listen) => config(listen));
  closers.push(() => nats.stop());
  const flags = (name: string, url = nats.url) => [
    '--fleet',
    url,
    ...tlsFlags(authority, folder, name),
  ];
  const passwords = await addAccounts(join(folder, 'gw1'), places);
  const more = (await prepareGateway?.(join(folder, 'gw1'))) ?? [];
  const gateway = await startUapid(
    ['--fleet-gateway', 'gw1', ...flags('gw1', await gatewayReaches?.(nats.port)), ...more],
    undefined,
    join(folder, 'gw1'),
  );
  closers.push(() => gateway.stop());
  return {
    nats,
    gateway,
    gatewayDir: join(folder, 'gw1'),
    gatewayFlags: ['--state-dir', join(folder, 'gw1'), '--fleet-gateway', 'gw1', ...flags('gw1')],
    clientTls: (name) => authority.client(name),
    hosts: Array.from(keys, ([name, own]) => ({
      name,
      stateDir: join(folder, name),
      keys: own,
      flags: [
        '--fleet-host',
        name,
        '--fleet-gateways',
        `gw1=${gatewayKeys.signing}`,
        ...flags(name),
      ],
    })),
    config: (without) => config(`127.0.0.1:${nats.port}`, without),
    ask: async (name, account = gateway.user) => {
      const password = passwords.get(account) ?? gateway.password;
      const authorization = `Basic ${Buffer.from(`${account}:${password}`).toString('base64')}`;
      const answer = await fetch(`${gateway.url}/execute/${name}`, { headers: { authorization } });
      return (await answer.json()) as Result;
    },
    close: () => closeAll(closers),
  };
}

async function addAccounts(stateDir: string, places: Places): Promise<Map<string, string>> {
  const passwords = new Map<string, string>();
  for (const name of Object.keys(places)) {
    const password = randomBytes(12).toString('hex');
    addAccount(stateDir, name, password);
    passwords.set(name, password);
  }
  const store = openAccountStore(stateDir);
  await store.place(
    new Map(
      Object.entries(places).map(([name, own]) => [
        name,
        own.map(([host, systemUser]) => ({ host, systemUser })),
      ]),
    ),
  );
  return passwords;
}

function tlsFlags(authority: TestAuthority, folder: string, name: string): string[] {
  const { ca, cert, key } = authority.client(name);
  const put = (kind: string, text: string) => {
    const path = join(folder, `${name}-${kind}.pem`);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  return [
    '--fleet-tls-ca',
    put('ca', ca),
    '--fleet-tls-cert',
    put('cert', cert),
    '--fleet-tls-key',
    put('key', key),
  ];
}
