import type { Member } from '../fleet/nats-config.ts';
import {
  type ConnectionKey,
  connectionKey,
  createConnectionSeed,
} from '../fleet/signature/keys.ts';
import type { MemberTls } from '../fleet/tls-files.ts';
import {
  askNatsInfo,
  type NatsInfo,
  openNatsProbe,
  ProbeError,
  type ProbeProblem,
} from '../fleet/transport/nats-probe.ts';
import { natsVersionProblem } from '../fleet/transport/nats-version.ts';
import { about, type Finding } from './finding.ts';
import {
  attemptsOfBoth,
  attemptsOfGateway,
  attemptsOfHost,
  checkPermissions,
} from './fleet-permissions.ts';

export interface NatsCheck {
  readonly url: string;
  readonly tls: MemberTls | null;
  readonly key: ConnectionKey;
  readonly host: {
    readonly name: string;
    readonly gateways: readonly Pick<Member, 'name'>[];
  } | null;
  readonly gateway: string | null;
}

const { ok, note, mend } = about('messaging server');

/** How one messaging server does for this member: version, TLS, key, and what it lets strangers and this one do. */
export async function checkNats(check: NatsCheck): Promise<Finding[]> {
  const { url, tls, key } = check;
  try {
    const info = await askNatsInfo(url);
    const version = natsVersionProblem(info.version);
    if (version !== null) return [mend(`${url}: ${version}.`)];
    const probe = await openNatsProbe(url, { tls, key });
    try {
      return [
        ok(`${url} is nats-server ${info.version} and knows this machine’s key.`),
        ...secrecy(check, info),
        ...(await checkStrangers(check, info)),
        ...(await permissions(check, probe)),
      ];
    } finally {
      probe.close();
    }
  } catch (error) {
    if (error instanceof ProbeError) return [mend(`${error.message}${remedies[error.problem]}`)];
    return [mend(`${url}: ${(error as Error).message}.`)];
  }
}

const remedies: Readonly<Record<ProbeProblem, string>> = {
  unreachable: ': does nats-server run there, and does a firewall let this machine through?',
  'no-nats': ': is the port right?',
  'speaks-plainly':
    ', so others could read what is said: write its configuration again with --tls-cert, --tls-key and --tls-ca (uapid fleet nats-config).',
  'wants-tls': ': name --fleet-tls-ca, --fleet-tls-cert and --fleet-tls-key.',
  'other-authority':
    ' than the one in --fleet-tls-ca: that has to be the one that has made the server’s certificate.',
  'other-name': ': name it in --fleet as its certificate does, or give it one with this name.',
  tls: '.',
  'certificate-refused':
    ': it wants one of the authority in its own ca_file (--fleet-tls-cert here, --tls-ca of uapid fleet nats-config).',
  'key-refused':
    ': let this machine in with the key that uapid fleet key prints here (uapid fleet host add on the gateway; for a gateway --gateway of uapid fleet nats-config), write the server’s configuration again (uapid fleet nats-config) and reload it.',
};

function secrecy({ url, tls }: NatsCheck, { hasJetStream }: NatsInfo): Finding[] {
  return [
    ...(tls === null ? [note(`${url} speaks without TLS, which will do on loopback alone.`)] : []),
    ...(hasJetStream
      ? [note(`${url} has JetStream switched on, which a fleet does not need.`)]
      : []),
  ];
}

/** Whoever has no key that it knows, or no certificate, has to stay outside. */
async function checkStrangers(
  { url, tls, key }: NatsCheck,
  { nonce }: NatsInfo,
): Promise<Finding[]> {
  const stranger = connectionKey(createConnectionSeed());
  /** Null for being let in. Nothing but the refusal that is meant proves anything. */
  const problemOf = async (as: Parameters<typeof openNatsProbe>[1]) => {
    try {
      (await openNatsProbe(url, as)).close();
      return null;
    } catch (error) {
      return error instanceof ProbeError ? error.problem : 'unreachable';
    }
  };
  const findings: Finding[] = [];
  const ofStranger = nonce === null ? null : await problemOf({ tls, key: stranger });
  if (ofStranger === null) {
    findings.push(
      mend(
        `${url} lets in keys that nobody has let in: it has to run with the configuration of uapid fleet nats-config.`,
      ),
    );
  }
  // By a key that it knows: so nothing but the certificate is what it can refuse.
  const ofNoCertificate =
    tls === null ? 'certificate-refused' : await problemOf({ tls: { ca: tls.ca }, key });
  if (ofNoCertificate === null) {
    findings.push(mend(`${url} lets in whoever shows no certificate: verify: true is missing.`));
  }
  if (findings.length > 0) return findings;
  if (ofStranger !== 'key-refused' || ofNoCertificate !== 'certificate-refused') {
    return [note(`Whether ${url} keeps strangers out was not to be learned: try again.`)];
  }
  const who = tls === null ? 'a strange key' : 'a strange key or without a certificate';
  return [ok(`${url} lets nobody in with ${who}.`)];
}

async function permissions(
  { host, gateway }: NatsCheck,
  probe: Parameters<typeof checkPermissions>[1],
): Promise<Finding[]> {
  const names = host === null ? [] : host.gateways.map(({ name }) => name);
  if (host !== null && gateway !== null) {
    const both = attemptsOfBoth(host.name, names, gateway);
    return checkPermissions(`The host ${host.name}, also gateway ${gateway},`, probe, both);
  }
  if (gateway !== null) {
    return checkPermissions(`The gateway ${gateway}`, probe, attemptsOfGateway(gateway));
  }
  if (host === null) return [];
  return checkPermissions(`The host ${host.name}`, probe, attemptsOfHost(host.name, names));
}
