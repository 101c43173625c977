import { resolve } from 'node:path';
import type { FleetVerb, GatewayKey } from './fleet-values.ts';
import { isLoopback } from './listen-address.ts';
import type { Chosen, ValueOf } from './read-settings.ts';
import { settings } from './settings.ts';

/** What of a fleet a machine is: a host that answers, a gateway that asks, or both. */
export interface FleetPlace {
  /** The messaging servers: nats://HOST:PORT. None: hosts are asked at their own https addresses. */
  readonly servers: readonly string[];
  /** Paths of PEM files; null where the servers are on loopback and speak plainly. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string } | null;
  /** Over https: the path of the authority's certificate for hosts that have no other; null for none. */
  readonly ca: string | null;
  readonly host: {
    readonly name: string;
    /** Whose questions are answered. */
    readonly gateways: readonly GatewayKey[];
    /** What they may have done here. */
    readonly allow: readonly FleetVerb[];
  } | null;
  /** Its name as a gateway. */
  readonly gateway: string | null;
}

const listAlone: readonly FleetVerb[] = ['list'];

/** Null where no fleet is configured. Faults go into the list, with where each value came from. */
export function fleetPlace(value: ValueOf, faults: string[]): FleetPlace | null {
  const before = faults.length;
  const servers = value(settings.fleet);
  const [host, gateways] = [value(settings.fleetHost), value(settings.fleetGateways)];
  const allow = value(settings.fleetAllow);
  const gateway = value(settings.fleetGateway);
  const tls = [settings.fleetTlsCa, settings.fleetTlsCert, settings.fleetTlsKey].map((each) =>
    value(each),
  );
  const [ca, cert, key] = tls;
  const need = (given: Chosen<unknown> | undefined, what: string) => {
    if (given !== undefined) faults.push(`${given.origin}: is of no use without ${what}`);
  };
  // Of what was given and makes no sense, nothing follows for the others.
  if (faults.length > before) return null;
  if (servers === undefined) {
    for (const each of [host, gateways, allow, gateway, ...tls]) need(each, settings.fleet.flag);
    return null;
  }
  const { fleetHost, fleetGateways, fleetGateway } = settings;
  if (host === undefined && gateway === undefined) {
    need(servers, `${fleetHost.flag} or ${fleetGateway.flag}`);
  }
  if (host === undefined) {
    for (const each of [gateways, allow]) need(each, fleetHost.flag);
  } else if (gateways === undefined) need(host, fleetGateways.flag);
  const isOverHttps = servers.value.length === 0;
  const isWhole = !isOverHttps && ca !== undefined && cert !== undefined && key !== undefined;
  if (isOverHttps) {
    for (const each of [cert, key]) need(each, `a messaging server (${settings.fleet.flag})`);
    if (gateway === undefined) need(ca, fleetGateway.flag);
  } else if (!isWhole) {
    const all = '--fleet-tls-ca, --fleet-tls-cert and --fleet-tls-key together';
    for (const each of tls) need(each, all);
    const beyond = servers.value.filter((each) => !isLoopback(each.host));
    for (const { url } of beyond) {
      faults.push(
        `${servers.origin}: ${url} is on another machine, and without TLS others could read what is said; name ${all}`,
      );
    }
  }
  if (faults.length > before) return null;
  const path = ({ base, value: file }: Chosen<string>) => resolve(base, file);
  return Object.freeze({
    servers: Object.freeze(servers.value.map(({ url }) => url)),
    tls: isWhole ? Object.freeze({ ca: path(ca), cert: path(cert), key: path(key) }) : null,
    ca: isOverHttps && ca !== undefined ? path(ca) : null,
    host:
      host !== undefined && gateways !== undefined
        ? Object.freeze({
            name: host.value,
            gateways: gateways.value,
            allow: allow?.value ?? listAlone,
          })
        : null,
    gateway: gateway?.value ?? null,
  });
}
