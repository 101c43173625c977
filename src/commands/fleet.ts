import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { openAccountStore } from '../accounts/account-store.ts';
import { daemonSettings, settings } from '../config/settings.ts';
import { type EnrolledHost, keyedHosts } from '../fleet/inventory/hosts-file.ts';
import { openHostsStore, requireMember } from '../fleet/inventory/hosts-store.ts';
import { normalFingerprint, normalHttpsAddress } from '../fleet/inventory/https-address.ts';
import { ensureKeys } from '../fleet/key-files.ts';
import { type Member, natsConfig } from '../fleet/nats-config.ts';
import { listed } from '../lib/listed.ts';
import { RefusedError } from '../lib/refused-error.ts';
import { localHost } from '../sessions/identity.ts';
import { replaceFile } from '../state/replace-file.ts';
import type { Register, Settings } from './command.ts';
import { openCommandAudit } from './command-audit.ts';
import { printJson, printNote, printRows } from './output.ts';
import { printFindings } from './print-findings.ts';
import { settingOptions } from './setting-options.ts';
import { type StateOptions, stateOptions } from './state-options.ts';
import { UsageError } from './usage-error.ts';

/** Adds `fleet key`, `fleet host add|remove|list`, `fleet nats-config` and `fleet check` to the program. */
export const register: Register = (program, given) => {
  const group = program
    .command('fleet')
    .description('many hosts behind one address (docs/fleet.md)');

  const key = group
    .command('key')
    .description(
      'make the keys of this machine in its fleet, unless it has some; print their public halves',
    )
    .option('--new', 'replace them: the machine is a stranger until its new ones are made known')
    .option('--json', 'print JSON');
  for (const option of stateOptions()) key.addOption(option);
  key.action((options: KeyOptions) => printKeys(given, options));

  registerHosts(group, given);
  registerNatsConfig(group, given);
  registerCheck(group, given);
};

/** On both ends. */
function registerCheck(group: Command, { config }: Settings): void {
  const command = group
    .command('check')
    .description(
      'try what must work in this machine’s fleet and what must be refused, and say what to do',
    )
    .option('--json', 'print JSON');
  const keys = Object.keys(settings) as (keyof typeof settings)[];
  for (const option of settingOptions(keys, daemonSettings)) command.addOption(option);
  command.action(async ({ json, ...flags }: { readonly json?: boolean }) => {
    const { fleet, ...rest } = config(flags);
    if (fleet === null) {
      throw new UsageError(
        'no fleet is configured here: give the same settings as to uapid serve, --fleet and --fleet-host or --fleet-gateway',
      );
    }
    const { checkFleet } = await import('../check/fleet.ts');
    printFindings(await checkFleet({ ...rest, fleet }), json === true);
  });
}

interface KeyOptions extends StateOptions {
  readonly new?: boolean;
  readonly json?: boolean;
}

async function printKeys({ stateDir, auditLog }: Settings, options: KeyOptions): Promise<void> {
  const { isNew, ...keys } = await ensureKeys(stateDir(options), { replace: options.new === true });
  if (isNew) {
    openCommandAudit(auditLog(options))({
      event: 'fleet-changed',
      account: null,
      state: 'keys-made',
      host: localHost,
    });
    printNote(
      options.new === true
        ? 'new keys are made; a server that runs takes them at its next start, and nobody lets it in until they are made known: on the gateway uapid fleet host remove and add, for a gateway --fleet-gateways of its hosts, for both uapid fleet nats-config'
        : 'new keys are made; a server that runs takes them at its next start',
    );
  }
  if (options.json === true) return printJson(keys);
  process.stdout.write(`connection key: ${keys.connection}\nsigning key: ${keys.signing}\n`);
}

interface HostOptions extends StateOptions {
  readonly key?: string;
  readonly address?: string;
  readonly tlsCa?: string;
  readonly fingerprint?: string;
  readonly json?: boolean;
}

/** On a gateway: which hosts are let in. */
function registerHosts(group: Command, { stateDir, auditLog }: Settings): void {
  const host = group.command('host').description('the hosts that a gateway asks');

  const add = host
    .command('add')
    .description('let a host in; a running gateway asks it at once')
    .argument('<name>')
    .option(
      '--key <key>',
      'the connection key that uapid fleet key prints there: U…; the messaging server knows it by that',
    )
    .option('--address <url>', 'over https: where it is asked, https://HOST:PORT')
    .option('--tls-ca <file>', 'over https: PEM of the authority that has made its certificate')
    .option('--fingerprint <sha256>', 'over https: of the certificate itself, which is pinned so');
  for (const option of stateOptions()) add.addOption(option);
  add.action(async (name: string, options: HostOptions) => {
    const host = readHost(name, options);
    await openHostsStore(stateDir(options)).add(host);
    openCommandAudit(auditLog(options))({
      event: 'fleet-changed',
      account: null,
      state: 'host-added',
      host: name,
    });
    printNote(
      host.key === undefined
        ? `host ${name} is let in; now try it: uapid fleet check`
        : `host ${name} is let in; now write the messaging server’s configuration: uapid fleet nats-config`,
    );
  });

  const remove = host
    .command('remove')
    .description(
      'let a host in no more; accounts stay placed on it, and its sessions are told missing',
    )
    .argument('<name>');
  for (const option of stateOptions()) remove.addOption(option);
  remove.action(async (name: string, options: StateOptions) => {
    const store = openHostsStore(stateDir(options));
    const isOverHttps = store.list().some((each) => each.name === name && each.key === undefined);
    await store.remove(name);
    openCommandAudit(auditLog(options))({
      event: 'fleet-changed',
      account: null,
      state: 'host-removed',
      host: name,
    });
    printNote(
      isOverHttps
        ? `host ${name} is removed`
        : `host ${name} is removed; now write the messaging server’s configuration: uapid fleet nats-config`,
    );
    const left = openAccountStore(stateDir(options))
      .list()
      .filter(({ placements = [] }) => placements.some((each) => each.host === name));
    if (left.length > 0) {
      printNote(`still placed on it: ${listed(left.map((each) => each.name))}`);
    }
  });

  const list = host.command('list').description('list the hosts').option('--json', 'print JSON');
  for (const option of stateOptions()) list.addOption(option);
  list.action((options: HostOptions) => {
    const hosts = openHostsStore(stateDir(options)).list();
    if (options.json === true) return printJson(hosts);
    printRows(
      ['HOST', 'KEY', 'ADDRESS'],
      hosts.map(({ name, key = '-', address = '-' }) => [name, key, address]),
    );
  });
}

/** Throws UsageError for options that make no sense together, RefusedError for a file that cannot be read. */
function readHost(name: string, { key, address, tlsCa, fingerprint }: HostOptions): EnrolledHost {
  if (key === undefined && address === undefined) {
    throw new UsageError(
      'name --key of a host on a messaging server, or --address of one over https',
    );
  }
  if (address === undefined && (tlsCa ?? fingerprint) !== undefined) {
    throw new UsageError('--tls-ca and --fingerprint are of no use without --address');
  }
  if (tlsCa !== undefined && fingerprint !== undefined) {
    throw new UsageError(
      'a certificate is known by its authority or by its fingerprint, not by both',
    );
  }
  return {
    name,
    ...(key === undefined ? {} : { key }),
    ...(address === undefined ? {} : { address: normalHttpsAddress(address) }),
    ...(tlsCa === undefined ? {} : { ca: readPem(tlsCa) }),
    ...(fingerprint === undefined ? {} : { fingerprint: normalFingerprint(fingerprint) }),
  };
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new RefusedError('invalid', `${path} cannot be read (${code})`);
  }
}

interface NatsOptions extends StateOptions {
  readonly write?: string;
  readonly listen: string;
  readonly gateway?: readonly string[];
  readonly operator?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsCa?: string;
}

function registerNatsConfig(group: Command, given: Settings): void {
  const command = group
    .command('nats-config')
    .description('print the whole configuration of a nats-server for this fleet')
    .option('--write <file>', 'write it there instead')
    .option('--listen <host:port>', 'where the server is to listen', '0.0.0.0:4222')
    .addOption(
      new Option('--gateway <name=key>', 'another gateway with its connection key').argParser(
        (value: string, before: readonly string[] = []) => [...before, value],
      ),
    )
    .option('--operator <key>', 'a key, U…, that may look at the server itself')
    .option('--tls-cert <file>', 'the server’s certificate, a path on its machine')
    .option('--tls-key <file>', 'its private key, likewise')
    .option(
      '--tls-ca <file>',
      'the authority of the certificates by which members connect, likewise',
    );
  for (const option of settingOptions(['fleetGateway', 'stateDir'])) command.addOption(option);
  command.action((options: NatsOptions) => printNatsConfig(given, options));
}

async function printNatsConfig(
  { stateDir, fleetGateway }: Settings,
  options: NatsOptions,
): Promise<void> {
  const directory = stateDir(options);
  const own = fleetGateway(options);
  const others = (options.gateway ?? []).map(readGateway);
  const { connection } =
    own === null ? { connection: '' } : await ensureKeys(directory, { replace: false });
  const gateways = [...(own === null ? [] : [{ name: own, key: connection }]), ...others];
  if (gateways.length === 0)
    throw new UsageError('name a gateway: --fleet-gateway NAME for this machine');
  const hosts = keyedHosts(openHostsStore(directory).list());
  requireDifferent(gateways);
  requireDifferent(hosts);
  for (const { name, key } of hosts) {
    const gateway = gateways.find((each) => each.key === key);
    if (gateway === undefined) continue;
    printNote(
      `${name} and ${gateway.name} have one key: this machine may do what a host and a gateway may`,
    );
  }
  if (options.operator !== undefined) {
    requireGiven('--operator', { name: 'operator', key: options.operator });
  }
  const { operator = null, listen } = options;
  const config = natsConfig({
    gateways,
    hosts,
    tls: readTls(options),
    listen: readListen(listen),
    operator,
  });
  if (options.write === undefined) {
    process.stdout.write(config);
    return;
  }
  await replaceFile(options.write, config);
  printNote(`${options.write} is written; nats-server takes it with: nats-server --signal reload`);
}

function readGateway(text: string): Member {
  const [, name, key = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) {
    // It may be a private key that was given by mistake.
    throw new UsageError(
      '--gateway takes NAME=KEY: the connection key that uapid fleet key prints there',
    );
  }
  requireGiven('--gateway', { name, key });
  return { name, key };
}

/** Throws RefusedError, which names the option, for what is no name or no public key. */
function requireGiven(option: string, member: Member): void {
  try {
    requireMember(member);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    throw new RefusedError(error.reason, `${option}: ${error.message}`);
  }
}

/** Two users of one key would be one to the messaging server. */
function requireDifferent(members: readonly Member[]): void {
  for (const [index, { name, key }] of members.entries()) {
    const before = members.slice(0, index).find((each) => each.key === key);
    if (before !== undefined) throw new UsageError(`${before.name} and ${name} have the same key`);
  }
}

function readListen(text: string): string {
  const [, port = ''] = /^[\w.:[\]-]+:(\d{1,5})$/.exec(text) ?? [];
  if (Number(port) >= 1 && Number(port) <= 65_535) return text;
  throw new UsageError(`--listen takes HOST:PORT, not ${JSON.stringify(text)}`);
}

/** Paths go into the file in quotes, so none may hold one. */
function readTls({ tlsCert: cert, tlsKey: key, tlsCa: ca, listen }: NatsOptions) {
  if (cert !== undefined && key !== undefined && ca !== undefined) {
    const wrong = [cert, key, ca].find((path) => /["\\\p{C}]/u.test(path));
    if (wrong === undefined) return { cert, key, ca };
    throw new UsageError(
      `${JSON.stringify(wrong)} cannot stand in the configuration of nats-server`,
    );
  }
  const isNone = cert === undefined && key === undefined && ca === undefined;
  if (isNone && /^(?:127\.|localhost:|\[::1\]:)/.test(listen)) return null;
  throw new UsageError(
    'name --tls-cert, --tls-key and --tls-ca: beyond loopback a fleet speaks TLS with certificates on both sides',
  );
}
