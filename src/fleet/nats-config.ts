import { maxParts } from './messages/answer.ts';
import { verbs } from './messages/ask.ts';
import { answersTo, asksOf, asksOfAll } from './transport/subjects.ts';

/** A member of a fleet with the public half of its key. */
export interface Member {
  readonly name: string;
  readonly key: string;
}

export interface NatsConfigFacts {
  readonly gateways: readonly Member[];
  readonly hosts: readonly Member[];
  /** Paths on the messaging server's machine; null for a server on loopback alone. */
  readonly tls: { readonly cert: string; readonly key: string; readonly ca: string } | null;
  /** HOST:PORT. */
  readonly listen: string;
  /** The key of whoever may look at the server itself; null for nobody. */
  readonly operator: string | null;
}

/**
 * The whole configuration of a nats-server for a fleet. Allow rules alone: what is not named is
 * forbidden. A host may read what it is asked and publish nothing but the answer to that
 * (`allow_responses`); a gateway may ask and read its own answers. Neither JetStream nor websocket, MQTT or
 * leaf nodes are there, where the holes of past versions were. A host and a gateway of one key are one
 * machine, which may do what either may. Names and keys have been checked: no text here can close a quote.
 */
export function natsConfig({ gateways, hosts, tls, listen, operator }: NatsConfigFacts): string {
  const gatewayOf = (host: Member) => gateways.find(({ key }) => key === host.key);
  const isHost = ({ key }: Member) => hosts.some((host) => host.key === key);
  const users = [
    ...gateways.filter((gateway) => !isHost(gateway)).map(gatewayUser),
    ...hosts.map((host) => {
      const gateway = gatewayOf(host);
      return gateway === undefined ? hostUser(host) : userOfBoth(host, gateway);
    }),
  ];
  return [
    '# Written by uapid fleet nats-config. After a change: nats-server --signal reload',
    `listen: ${quoted(listen)}`,
    ...(tls === null ? [] : tlsLines(tls)),
    'max_payload: 1MB',
    'max_subscriptions: 16',
    'ping_interval: "15s"',
    'ping_max: 2',
    'write_deadline: "5s"',
    'accounts {',
    '  UAPID {',
    `    users: [${users.length === 0 ? '' : `\n${users.join('\n')}\n    `}]`,
    '  }',
    `  SYS { users: [${operator === null ? '' : ` { nkey: ${operator} } `}] }`,
    '}',
    'system_account: SYS',
    '',
  ].join('\n');
}

function tlsLines({ cert, key, ca }: NonNullable<NatsConfigFacts['tls']>): string[] {
  const files = `cert_file: ${quoted(cert)}, key_file: ${quoted(key)}, ca_file: ${quoted(ca)}`;
  return [`tls { ${files}, verify: true, timeout: 5 }`];
}

const asksOfGateways = verbs.map((verb) => quoted(asksOfAll(verb))).join(', ');
const responses = `allow_responses: { max: ${maxParts}, expires: "10s" }`;

function gatewayUser({ name, key }: Member): string {
  return [
    `      { nkey: ${key}, permissions: { # gateway ${name}`,
    `          publish: { allow: [${asksOfGateways}] }`,
    `          subscribe: { allow: [${quoted(answersTo(name))}] } } }`,
  ].join('\n');
}

/** A list of what may be published that is empty allows all; a subject that nobody uses allows nothing. */
const nothing = 'uapid.v1.nothing';

function hostUser({ name, key }: Member): string {
  return [
    `      { nkey: ${key}, permissions: { # host ${name}`,
    `          publish: { allow: [${quoted(nothing)}] }`,
    `          subscribe: { allow: [${quoted(asksOf(name))}] }`,
    `          ${responses} } }`,
  ].join('\n');
}

function userOfBoth(host: Member, gateway: Member): string {
  const read = [answersTo(gateway.name), asksOf(host.name)].map(quoted).join(', ');
  return [
    `      { nkey: ${host.key}, permissions: { # gateway ${gateway.name} and host ${host.name}`,
    `          publish: { allow: [${asksOfGateways}] }`,
    `          subscribe: { allow: [${read}] }`,
    `          ${responses} } }`,
  ].join('\n');
}

function quoted(text: string): string {
  return `"${text.replace(/["\\\n]/g, '')}"`;
}
