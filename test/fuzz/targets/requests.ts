import assert from 'node:assert/strict';
import type { FastifyInstance } from 'fastify';
import { buildApp, type Services } from '../../../src/worker/app.ts';
import { basic, ftpSession, snapshot, testServices, tokenOf } from '../../support/app.ts';
import { assertEnvelope } from '../envelopes.ts';
import { mutateBytes, mutateText, mutateValue } from '../mutate.ts';
import type { Random } from '../random.ts';
import type { OpenTarget, Target } from '../target.ts';

export interface Request {
  readonly method: 'GET' | 'POST' | 'HEAD';
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly payload?: Buffer;
}

export const paths = [
  '/execute/Ftp/list_sessions',
  '/Ftp/list_sessions',
  '/Ftp/get_ftp_daemon_info',
  '/execute/Ftp/server_name',
  '/json-api/cpanel',
  '/json-api/uapi_cpanel',
  '/json-api/listaccts',
  '/login',
  '/logout',
  '/cpsess0123456789/execute/Ftp/get_port',
  '/docs',
  '/',
];

const users = ['alice', 'admin', 'rita', 'ghost', 'plain', 'nobody'];

/** Names of arguments with values that mean something to them. */
const argumentSamples: readonly (readonly [string, readonly string[]])[] = [
  ['cpanel_jsonapi_apiversion', ['2', '3', '1']],
  ['cpanel_jsonapi_module', ['Ftp', 'Email']],
  ['cpanel_jsonapi_func', ['list_sessions', 'listftpsessions']],
  ['cpanel_jsonapi_user', users],
  ['cpanel.user', users],
  ['cpanel.module', ['Ftp']],
  ['cpanel.function', ['list_sessions', 'get_port']],
  ['user', users],
  ['pass', ['p:ä ss', 'wrong']],
  ['login_only', ['1', '0']],
  ['api.filter', ['0', '1']],
  ['api.filter_column', ['user', 'pid', 'file', '*']],
  ['api.filter_type', ['eq', 'contains', 'matches', 'lt', '==', 'defined']],
  ['api.filter_term', ['alice', '6735', '^(a+)+$', '(?i)[a-z]{9}', 'unlimited']],
  ['api.filter_column_0', ['host']],
  ['api.filter.a.field', ['*', 'user']],
  ['api.filter.a.arg0', ['x']],
  ['api.filter.enable', ['1', '0']],
  ['api.sort_column', ['pid', 'host']],
  ['api.sort_method', ['numeric', 'ipv4', 'lexicographic', 'numeric_zero_as_max']],
  ['api.sort_reverse', ['1']],
  ['api.sort.a.field', ['user']],
  ['api.paginate_size', ['1', '0', '2147483647']],
  ['api.paginate_start', ['-1', '2']],
  ['api.paginate_page', ['1', '2147483647']],
  ['api.chunk.size', ['1']],
  ['api.columns_0', ['pid']],
  ['api.columns.a', ['user']],
];

function makeArguments(random: Random): [string, string][] {
  return random.some(8, () => {
    const [name, values] = random.pick(argumentSamples);
    const value = random.oneIn(3) ? mutateText(random, random.pick(values)) : random.pick(values);
    return [random.oneIn(10) ? mutateText(random, name) : name, value];
  });
}

function encode(pairs: readonly (readonly [string, string])[]): string {
  // No half of a surrogate pair can be written in a URL.
  const escaped = (text: string) => encodeURIComponent(Buffer.from(text).toString());
  return pairs.map(([name, value]) => `${escaped(name)}=${escaped(value)}`).join('&');
}

export function makeQuery(random: Random): string {
  const query = encode(makeArguments(random));
  return random.oneIn(3) ? mutateText(random, query) : query;
}

const rightful = () => basic('admin').authorization;

function makeAuthorization(random: Random): string {
  const user = random.pick(users);
  const credentials = random.oneIn(3) ? mutateText(random, `${user}:p:ä ss`) : `${user}:p:ä ss`;
  const header = random.pick([
    `Basic ${Buffer.from(credentials).toString('base64')}`,
    `cpanel ${user}:${tokenOf(user)}`,
    `whm ${user}:${tokenOf(user)}`,
    `Bearer ${tokenOf(user)}`,
    `Digest username="${user}", realm="uapid", nonce="x"`,
  ]);
  return random.oneIn(3) ? header : mutateText(random, header);
}

const requestLine = (random: Random) => ({
  method: random.pick(['GET', 'POST', 'HEAD', 'GET'] as const),
  url: random.pick(paths),
});

function withAuthorization(random: Random): Request {
  const header = mutateText(random, random.pick(['cpsession=abc', 'a=b; cpsession="x"', '%=%']));
  return {
    ...requestLine(random),
    headers: {
      authorization: makeAuthorization(random),
      ...(random.oneIn(4) ? { cookie: header } : {}),
      ...(random.oneIn(4) ? { 'x-forwarded-for': mutateText(random, '192.0.2.7, 10.0.0.1') } : {}),
    },
  };
}

function withQuery(random: Random): Request {
  const { method, url } = requestLine(random);
  const path = random.oneIn(6) ? mutateText(random, url, random.pick(paths)) : url;
  return {
    method,
    url: `/${path.replace(/^[/\\\s]+/, '')}?${makeQuery(random)}`,
    headers: { authorization: rightful() },
  };
}

const bodyTypes = [
  'application/x-www-form-urlencoded',
  'application/json',
  'multipart/form-data; boundary=xYzZY',
  'multipart/form-data; boundary="a b"',
  'multipart/form-data',
  'application/octet-stream',
  'text/plain; charset=utf-16',
];

function makeBody(random: Random): Buffer {
  const pairs = makeArguments(random);
  switch (random.below(3)) {
    case 0:
      return Buffer.from(encode(pairs));
    case 1: {
      const value: unknown = Object.fromEntries(pairs);
      return Buffer.from(JSON.stringify(random.oneIn(2) ? mutateValue(random, value) : value));
    }
    default: {
      const boundary = random.pick(['xYzZY', 'a b', '-']);
      const file = random.oneIn(4) ? '; filename="x"' : '';
      const parts = pairs.map(
        ([name, value]) =>
          `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n${value}\r\n`,
      );
      return Buffer.from(`${parts.join('')}--${boundary}--\r\n`);
    }
  }
}

function withBody(random: Random): Request {
  const body = makeBody(random);
  const type = random.pick(bodyTypes);
  return {
    method: 'POST',
    url: random.pick(paths),
    headers: {
      authorization: rightful(),
      'content-type': random.oneIn(4) ? mutateText(random, type) : type,
    },
    payload: random.oneIn(2) ? body : mutateBytes(random, body),
  };
}

/** Services with a few sessions; fails when anything is logged that went wrong inside. */
export function watchedServices(): Services & { assertNoFault(): void } {
  const sessions = [
    ftpSession(),
    ftpSession({ pid: 7, user: null, remoteAddress: null, file: 'ü "x"\n' }),
    ftpSession({ pid: 8, state: 'download', file: 'a.iso', bytesMoved: 5, bytesTotal: 10 }),
  ];
  const gaps = [{ cause: 'titles-off', ownerUid: null }] as const;
  const services = testServices({
    sessions: { snapshot: async () => snapshot({ sessions, gaps }) },
    trustedProxies: ['127.0.0.1'],
  });
  return {
    ...services,
    assertNoFault: () => {
      const faults = services.log.filter((line) => JSON.parse(line).level >= 50);
      services.log.length = 0;
      services.auditLines.length = 0;
      assert.deepEqual(faults, []);
    },
  };
}

function injected(name: string, inputs: number, make: (random: Random) => Request): Target {
  return {
    name,
    inputs,
    open: async (): Promise<OpenTarget> => {
      const services = watchedServices();
      const app = await buildApp(services);
      return {
        close: () => app.close(),
        next: (random) => {
          const input = make(random);
          return { input, check: () => send(app, input, services.assertNoFault) };
        },
      };
    },
  };
}

async function send(app: FastifyInstance, request: Request, assertNoFault: () => void) {
  const { statusCode, headers, body } = await app.inject(request);
  assertNoFault();
  const url = new URL(request.url, 'http://localhost');
  assertEnvelope({
    // The injection normalises a URL as a browser does.
    url: `${url.pathname}${url.search}`,
    method: request.method,
    status: statusCode,
    type: String(headers['content-type'] ?? ''),
    body,
  });
}

/** What callers send, by way of the application without a socket. */
export const requests = [
  injected('authorization', 25_000, withAuthorization),
  injected('query', 25_000, withQuery),
  injected('body', 25_000, withBody),
];
