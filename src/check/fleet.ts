import { X509Certificate } from 'node:crypto';
import type { Config } from '../config/config.ts';
import type { FleetPlace } from '../config/fleet-place.ts';
import { isHttps } from '../config/listen-address.ts';
import { type EnrolledHost, httpsAddressOf } from '../fleet/inventory/hosts-file.ts';
import { openHostsStore } from '../fleet/inventory/hosts-store.ts';
import { type OwnKeys, readKeys } from '../fleet/key-files.ts';
import { publicHalf } from '../fleet/signature/keys.ts';
import { type MemberTls, readMemberTls, readText } from '../fleet/tls-files.ts';
import { createHttpsGateway } from '../fleet/transport/https-gateway.ts';
import { createNatsGateway } from '../fleet/transport/nats-gateway.ts';
import type { GatewayTransport } from '../fleet/transport/transport.ts';
import { openConfiguredKeyPair } from '../tls/state-files.ts';
import { checkCertificate } from './certificate.ts';
import { checkClock } from './clock.ts';
import { about, type Finding } from './finding.ts';
import { checkDoor } from './fleet-door.ts';
import { checkHosts } from './fleet-hosts.ts';
import { checkNats } from './fleet-nats.ts';

type Checked = Pick<Config, 'stateDir' | 'listen' | 'tls'> & { readonly fleet: FleetPlace };

const connectMs = 5_000;

/**
 * What a member of a fleet needs: tries what must work and what must be refused, at its end. On a gateway each
 * host is asked.
 */
export async function checkFleet(config: Checked): Promise<Finding[]> {
  const { fleet } = config;
  const isOverHttps = fleet.servers.length === 0;
  const { keys, findings } = checkKeys(config);
  if (isOverHttps) {
    findings.push(...(await checkOverHttps(config, keys)));
  } else if (keys !== null) {
    findings.push(...(await checkOverNats(config, keys)));
  }
  return [...findings, ...(await checkClock())];
}

function checkKeys({ fleet, stateDir }: Checked): {
  readonly keys: OwnKeys | null;
  readonly findings: Finding[];
} {
  const { ok, mend } = about('key');
  // A host that is asked over https has none.
  if (fleet.servers.length === 0 && fleet.gateway === null) return { keys: null, findings: [] };
  try {
    const keys = readKeys(stateDir);
    const signing =
      fleet.gateway === null ? '' : `; hosts know its requests by ${publicHalf(keys.signing)}`;
    const text = `This machine is ${keys.connection.publicKey}${signing}.`;
    return { keys, findings: [ok(text)] };
  } catch (error) {
    return { keys: null, findings: [mend(`${(error as Error).message}.`)] };
  }
}

async function checkOverNats(config: Checked, keys: OwnKeys): Promise<Finding[]> {
  const { servers, tls: paths, host, gateway } = config.fleet;
  const findings: Finding[] = [];
  let tls: MemberTls | null = null;
  if (paths !== null) {
    const { mend } = about('certificate');
    try {
      tls = readMemberTls(paths);
    } catch (error) {
      return [mend(`${(error as Error).message}.`)];
    }
    findings.push(...validity(tls.cert));
  }
  const key = keys.connection;
  for (const url of servers) findings.push(...(await checkNats({ url, tls, key, host, gateway })));
  const isReached = findings.every(
    ({ subject, state }) => subject !== 'messaging server' || state !== 'mend',
  );
  const areHidden = findings.some(({ hidesHosts }) => hidesHosts === true);
  if (gateway === null || !isReached || areHidden) return findings;
  const hosts = openHostsStore(config.stateDir).list();
  const without = hosts.filter((each) => each.key === undefined);
  findings.push(
    ...without.map(({ name }) =>
      about(`host ${name}`).mend('It has no key here: let it in with uapid fleet host add --key.'),
    ),
  );
  const asked = hosts.filter((each) => each.key !== undefined);
  const place = { servers, tls, key, name: `uapid fleet check of ${gateway}` };
  let said: string | null = null;
  const transport = await createNatsGateway(gateway, place, {
    onProblem: (problem) => {
      said = problem;
    },
    onUp: () => {},
  });
  await connected(transport);
  return [
    ...findings,
    ...(await checkMembers(config, asked, transport, keys, {
      saidOf: () => (transport.problem() === null ? null : said),
      absentRemedy: 'uapid fleet check there says why',
    })),
  ];
}

async function connected(transport: GatewayTransport): Promise<void> {
  const until = performance.now() + connectMs;
  while (transport.problem() !== null && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function checkOverHttps(config: Checked, keys: OwnKeys | null): Promise<Finding[]> {
  const { fleet, listen, stateDir } = config;
  const findings: Finding[] = [];
  if (fleet.host !== null) {
    for (const address of listen) {
      for (const { name } of fleet.host.gateways) findings.push(await checkDoor(address, name));
    }
    if (listen.some(isHttps)) findings.push(...ownCertificate(config));
  }
  if (fleet.gateway === null || keys === null) return findings;
  let ca: string | null = null;
  try {
    ca = fleet.ca === null ? null : readText(fleet.ca);
  } catch (error) {
    return [...findings, about('certificate').mend(`${(error as Error).message}.`)];
  }
  const hosts = openHostsStore(stateDir).list();
  const said = new Map<string, string>();
  const addressOf = (name: string) => {
    const found = hosts.find((each) => each.name === name);
    return found && httpsAddressOf(found, ca);
  };
  const transport = createHttpsGateway(
    { addressOf },
    {
      onProblem: (problem) => {
        const [host = '', ...rest] = problem.split(': ');
        said.set(host, rest.join(': '));
      },
      onUp: () => {},
    },
  );
  return [
    ...findings,
    ...(await checkMembers(config, hosts, transport, keys, {
      saidOf: (host) => said.get(host) ?? null,
      absentRemedy: 'uapid fleet check there says why',
    })),
  ];
}

/** By what the hosts know this one, where its certificate is signed by nobody else. */
function ownCertificate(config: Checked): Finding[] {
  const { note, mend } = about('certificate');
  try {
    const { cert } = openConfiguredKeyPair(config).current();
    const { fingerprint256 } = new X509Certificate(cert);
    return [...validity(cert), note(`A gateway may know it by --fingerprint ${fingerprint256}`)];
  } catch (error) {
    return [mend((error as Error).message)];
  }
}

function validity(cert: string): Finding[] {
  // How people call this machine matters to nobody here.
  return checkCertificate(new X509Certificate(cert), [], Date.now()).filter(
    ({ state, text }) => state !== 'note' && text !== '',
  );
}

async function checkMembers(
  { fleet }: Checked,
  hosts: readonly EnrolledHost[],
  transport: GatewayTransport,
  { signing }: OwnKeys,
  more: { readonly saidOf: (host: string) => string | null; readonly absentRemedy: string },
): Promise<Finding[]> {
  try {
    if (hosts.length === 0) return [about('hosts').mend('None is let in: uapid fleet host add.')];
    const names = hosts.map(({ name }) => name);
    const gateway = fleet.gateway ?? '';
    return await checkHosts({ gateway, hosts: names, transport, signing, ...more });
  } finally {
    await transport.close();
  }
}
