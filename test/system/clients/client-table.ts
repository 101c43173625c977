import { createClient } from 'cpanel-lib';
import { UAPI } from 'cpanel-rest-api';
import type { Sender, SenderLanguage, SentAnswer } from './sender.ts';
import { type Credentials, ports } from './uapid-on-cpanel-ports.ts';

/*
 * Published clients of cPanel. Two come from the npm registry and run as they are. Of each other the requests are
 * formed here as its source or documentation does, and sent by the library that it uses; what comes back is read as
 * it reads it.
 */

/** What came of a call, as the client tells its user. */
export type Outcome = { readonly data: unknown } | { readonly error: string };

/** A call of a function, for an account. */
export interface Wanted {
  readonly module?: string;
  readonly func: string;
  readonly args?: Readonly<Record<string, string>>;
  /** Whom an administrator's client acts for. */
  readonly user: string;
}

export type CredentialKind = 'password' | 'token';

/** Where a client knocks, and as whom. */
export interface Knock extends Credentials {
  readonly host: string;
  readonly by: CredentialKind;
}

export interface PublishedClient {
  readonly name: string;
  /** Where its source or documentation is. */
  readonly project: string;
  readonly language: SenderLanguage | 'javascript';
  /** Whose credentials it takes. */
  readonly as: 'account' | 'administrator';
  readonly by: readonly CredentialKind[];
  /** What it sends too and is refused: a customer's token under the scheme of an administrator's. */
  readonly refused?: readonly CredentialKind[];
  call(knock: Knock, wanted: Wanted, sender: Sender): Promise<Outcome>;
}

export const publishedClients: readonly PublishedClient[] = [
  {
    name: 'cpanel-lib 0.0.5',
    project: 'npm: cpanel-lib',
    language: 'javascript',
    as: 'account',
    by: ['password'],
    refused: ['token'],
    call: ({ host, name, password, token, by }, { module = 'Ftp', func, args = {} }) =>
      new Promise((resolve, reject) => {
        const client = createClient({
          host,
          port: ports.account,
          username: name,
          ...(by === 'token' ? { accessKey: token } : { password }),
          ignoreCertError: true,
        });
        client.callUapi(module, func, { ...args }, (error, answer) =>
          error === null ? resolve(readFlat(answer)) : reject(error),
        );
      }),
  },
  {
    name: 'cpanel-rest-api 0.1.1',
    project: 'npm: cpanel-rest-api',
    language: 'javascript',
    as: 'account',
    by: ['password'],
    call: async ({ host, name, password }, { module = 'Ftp', func, args = {} }) => {
      const client = new UAPI({ host, username: name, password });
      // It refuses plain objects (its condition is the wrong way round), so this is none.
      const call = Object.create({ module, func, params: args });
      return client.api(call).then(
        (data) => ({ data }),
        (error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }),
      );
    },
  },
  {
    name: 'xmlapi-php',
    project:
      'https://github.com/CpanelInc/xmlapi-php, set_http_client("fopen"), set_output("json")',
    language: 'php',
    as: 'administrator',
    by: ['password', 'token'],
    call: async (knock, wanted, sender) => {
      const answer = await sender.send({
        how: 'stream',
        method: 'POST',
        url: administrator(knock, 'uapi_cpanel'),
        headers: {
          Authorization: knock.by === 'token' ? hash(knock) : basic(knock),
          'Content-Type': 'application/x-www-form-urlencoded',
        },
        body: uapiCpanel(wanted),
        isBodyInHeader: true,
      });
      return readUapiCpanel(answer);
    },
  },
  {
    name: 'gufy/cpanel-php',
    project: 'https://github.com/mgufrone/cpanel-php, execute_action(3, …)',
    language: 'php',
    as: 'administrator',
    by: ['password', 'token'],
    call: async (knock, wanted, sender) => {
      const answer = await sender.send({
        how: 'curl',
        method: 'POST',
        url: `${administrator(knock, 'cpanel')}?${jsonApi(3, wanted)}`,
        headers: { Authorization: knock.by === 'token' ? hash(knock) : basic(knock) },
        body: '',
      });
      if (answer.status >= 400) return { error: `HTTP ${answer.status}` };
      const { result, error } = JSON.parse(answer.body);
      if (result === undefined) return { error };
      return result.errors === null ? { data: result.data } : { error: result.errors.join(' ') };
    },
  },
  {
    name: 'FOSSBilling',
    project: 'https://github.com/FOSSBilling/FOSSBilling, src/library/Server/Manager/Whm.php',
    language: 'php',
    as: 'administrator',
    by: ['token'],
    call: async (knock, wanted, sender) => {
      const answer = await fossBilling(knock, 'uapi_cpanel', uapiCpanel(wanted), sender);
      return answer.status >= 300 ? { error: `HTTP ${answer.status}` } : readUapiCpanel(answer);
    },
  },
  {
    name: 'Paymenter',
    project: 'https://github.com/Paymenter/Paymenter, extensions/Servers/CPanel/CPanel.php',
    language: 'php',
    as: 'administrator',
    by: ['token'],
    call: async (knock, wanted, sender) => {
      const answer = await paymenter(knock, 'uapi_cpanel', uapiCpanel(wanted), sender);
      return answer.status >= 400 ? { error: `HTTP ${answer.status}` } : readUapiCpanel(answer);
    },
  },
  {
    name: 'the header of cPanel’s PHP example, with "\\n\\r" behind it',
    project:
      'https://documentation.cpanel.net/display/DD/, copied into more than ten public scripts',
    language: 'php',
    as: 'account',
    by: ['password'],
    call: async (knock, { module = 'Ftp', func, args = {} }, sender) => {
      const answer = await sender.send({
        how: 'curl',
        method: 'GET',
        url: `${account(knock)}/execute/${module}/${func}?${query(args)}`,
        headers: {},
        rawHeaders: [`Authorization: ${basic(knock)}\n\r`],
      });
      return readFlatText(answer);
    },
  },
  {
    name: 'pycpanel',
    project: 'https://github.com/oznu/pycpanel, conn.api()',
    language: 'python',
    as: 'administrator',
    by: ['password', 'token'],
    call: async (knock, wanted, sender) => {
      const answer = await pycpanel(knock, `uapi_cpanel?${uapiCpanel(wanted)}`, sender);
      if (answer.status !== 403) return readUapiCpanel(answer);
      return { error: 'Access denied:  please check the username and hash/password.' };
    },
  },
  {
    name: 'cpanel-api for Python',
    project: 'https://github.com/s3rgeym/cpanel-api, client.uapi.Ftp.…',
    language: 'python',
    as: 'account',
    by: ['password'],
    refused: ['token'],
    call: async (knock, { module = 'Ftp', func, args = {} }, sender) => {
      const answer = await sender.send({
        how: 'requests',
        method: 'POST',
        url: `${account(knock)}/execute/${module}/${func}`,
        headers: {
          'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:68.0) Gecko/20100101 Firefox/68.0',
          Authorization: knock.by === 'token' ? `whm ${knock.name}:${knock.token}` : basic(knock),
        },
        form: args,
      });
      return answer.status === 401 ? { error: 'Unauthorized' } : readFlatText(answer);
    },
  },
  {
    name: 'lumberg',
    project: 'https://github.com/envato-archive/lumberg, lib/lumberg/whm/server.rb',
    language: 'ruby',
    as: 'administrator',
    by: ['token'],
    call: async (knock, wanted, sender) => {
      // Its arguments go out in the order of their names.
      const sorted = new URLSearchParams(uapiCpanel(wanted));
      sorted.sort();
      const answer = await sender.send({
        method: 'GET',
        url: `${administrator(knock, 'uapi_cpanel')}?${sorted}`,
        headers: { Authorization: hash(knock) },
      });
      return readUapiCpanel(answer);
    },
  },
  {
    name: 'cPanel::PublicAPI',
    project: 'https://metacpan.org/pod/cPanel::PublicAPI, api_request("cpanel", …)',
    language: 'perl',
    as: 'account',
    by: ['password', 'token'],
    call: async (knock, { module = 'Ftp', func, args = {} }, sender) => {
      const agent = 'cPanel::PublicAPI/2.8 ';
      const path = `/execute/${module}/${func}`;
      const isForm = true;
      const body = query(args);
      if (knock.by === 'token') {
        const headers = { Authorization: `cpanel ${knock.name}:${knock.token}` };
        const url = `${account(knock)}${path}`;
        return readFlatText(
          await sender.send({ method: 'POST', url, headers, body, isForm, agent }),
        );
      }
      const login = await sender.send({
        method: 'POST',
        url: `${account(knock)}/login`,
        headers: {},
        body: query({ user: knock.name, pass: knock.password }),
        isForm,
        agent,
      });
      // It takes the token from the Location alone, whatever the status.
      const token = (login.headers['location'] ?? '').split('/')[1];
      if (token === undefined) {
        return { error: `Failed to establish session and parse security token: ${login.status}` };
      }
      const cookie = `${login.headers['set-cookie'] ?? ''}`.split(';', 1)[0] ?? '';
      const url = `${account(knock)}/${token}${path}`;
      const headers = { Cookie: cookie };
      return readFlatText(await sender.send({ method: 'POST', url, headers, body, isForm, agent }));
    },
  },
  {
    name: 'curl, as cPanel’s documentation calls it',
    project: 'https://api.docs.cpanel.net/cpanel/introduction/, "Authorization: cpanel USER:TOKEN"',
    language: 'shell',
    as: 'account',
    by: ['token'],
    call: async (knock, { module = 'Ftp', func, args = {} }, sender) => {
      const answer = await sender.send({
        method: 'GET',
        url: `${account(knock)}/execute/${module}/${func}?${query(args)}`,
        headers: { Authorization: `cpanel ${knock.name}:${knock.token}` },
      });
      return readFlatText(answer);
    },
  },
];

/** Clients of API 2 alone, which has lists and no ending. */
export const api2Clients: readonly PublishedClient[] = [
  {
    name: 'certbot-dns-cpanel',
    project: 'https://github.com/badjware/certbot-dns-cpanel',
    language: 'python',
    as: 'account',
    by: ['password', 'token'],
    call: async (knock, wanted, sender) => {
      const own = knock.by === 'token' ? `cpanel ${knock.name}:${knock.token}` : basic(knock);
      const answer = await sender.send({
        how: 'urllib',
        method: 'GET',
        url: `${account(knock)}/json-api/cpanel?${jsonApi(2, wanted)}`,
        headers: { Authorization: own },
      });
      // urlopen throws for these.
      return answer.status >= 400 ? { error: `HTTP Error ${answer.status}` } : readApi2(answer);
    },
  },
  {
    name: 'acme.sh',
    project: 'https://github.com/acmesh-official/acme.sh, dnsapi/dns_cpanel.sh',
    language: 'shell',
    as: 'account',
    by: ['token'],
    call: async (knock, { module = 'Ftp', func }, sender) => {
      const named = { apiversion: '2', module, func };
      const fields = Object.entries(named).map(([key, value]) => [`cpanel_jsonapi_${key}`, value]);
      const answer = await sender.send({
        method: 'GET',
        url: `${account(knock)}/json-api/cpanel?${query(Object.fromEntries(fields))}`,
        headers: { Authorization: `cpanel ${knock.name}:${knock.token}` },
      });
      return readApi2(answer);
    },
  },
];

/** What a panel makes of its "test connection". */
export interface Panel {
  readonly name: string;
  readonly language: SenderLanguage;
  /** Resolves to null where the panel calls the connection good, else to what it says. */
  test(knock: Knock, sender: Sender): Promise<string | null>;
}

export const panels: readonly Panel[] = [
  {
    name: 'FOSSBilling',
    language: 'php',
    test: async (knock, sender) => {
      const answer = await fossBilling(knock, 'version', '', sender);
      if (answer.status >= 300) return `HTTP ${answer.status}`;
      const json = JSON.parse(answer.body);
      if (json.cpanelresult?.error !== undefined) return json.cpanelresult.error;
      return json.status !== undefined && String(json.status) !== '1' ? json.statusmsg : null;
    },
  },
  {
    name: 'Paymenter',
    language: 'php',
    test: async (knock, sender) => {
      const answer = await paymenter(knock, 'listaccts', '', sender);
      return answer.status >= 400 ? 'Error while requesting API' : null;
    },
  },
  {
    name: 'pycpanel, and panels that ask for applist',
    language: 'python',
    test: async (knock, sender) => {
      const answer = await pycpanel(knock, 'applist', sender);
      if (answer.status === 403) return 'Access denied';
      return Array.isArray(JSON.parse(answer.body).app) ? null : 'no list';
    },
  },
  {
    name: 'panels on gufy/cpanel-php, which ask for nothing',
    language: 'php',
    test: async (knock, sender) => {
      const answer = await sender.send({
        how: 'curl',
        method: 'POST',
        url: administrator(knock, ''),
        headers: { Authorization: hash(knock) },
        body: '',
      });
      // Right credentials are told by a failure of the call; wrong ones throw.
      if (answer.status >= 400) return `HTTP ${answer.status}`;
      return JSON.parse(answer.body).metadata.result === 0 ? null : 'not what it expects';
    },
  },
];

/** What FOSSBilling says of a deed that it asks for, as suspendacct; null where it takes it for done. */
export async function fossBillingDoes(knock: Knock, deed: string, sender: Sender) {
  const answer = await fossBilling(knock, deed, query({ user: 'alice', reason: 'late' }), sender);
  const json = JSON.parse(answer.body);
  if (json.cpanelresult?.error !== undefined) return json.cpanelresult.error;
  if (json.data?.result !== undefined && String(json.data.result) === '0') return json.data.reason;
  if (Array.isArray(json.result) && json.result[0].status === 0) return json.result[0].statusmsg;
  return json.status !== undefined && String(json.status) !== '1' ? json.statusmsg : null;
}

/** Symfony's HttpClient over curl: the fields as a form, `WHM USER:HASH`. */
function fossBilling(knock: Knock, action: string, body: string, sender: Sender) {
  return sender.send({
    how: 'curl',
    method: 'POST',
    url: administrator(knock, action),
    headers: {
      Authorization: hash(knock),
      'Content-Type': 'application/x-www-form-urlencoded',
      'User-Agent': 'Symfony HttpClient (Curl)',
    },
    body,
  });
}

/** Laravel's Http: everything in the query of a GET, `whm USER:KEY`. */
function paymenter(knock: Knock, endpoint: string, args: string, sender: Sender) {
  return sender.send({
    how: 'curl',
    method: 'GET',
    url: `${administrator(knock, endpoint)}${args === '' ? '' : `?${args}`}`,
    headers: { Authorization: `whm ${knock.name}:${knock.token}` },
  });
}

function pycpanel(knock: Knock, command: string, sender: Sender) {
  return sender.send({
    how: 'requests',
    method: 'GET',
    url: administrator(knock, command),
    headers: knock.by === 'token' ? { Authorization: hash(knock) } : {},
    ...(knock.by === 'password' ? { auth: [knock.name, knock.password] as const } : {}),
  });
}

const account = ({ host }: Knock) => `https://${host}:${ports.account}`;
const administrator = ({ host }: Knock, command: string) =>
  `https://${host}:${ports.administrator}/json-api/${command}`;
const basic = ({ name, password }: Knock) =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
const hash = ({ name, token }: Knock) => `WHM ${name}:${token}`;
const query = (args: Readonly<Record<string, string>>) => `${new URLSearchParams(args)}`;

const uapiCpanel = ({ module = 'Ftp', func, args = {}, user }: Wanted) =>
  query({
    'api.version': '1',
    'cpanel.user': user,
    'cpanel.module': module,
    'cpanel.function': func,
    ...args,
  });

const jsonApi = (version: 2 | 3, { module = 'Ftp', func, args = {}, user }: Wanted) =>
  query({
    ...args,
    cpanel_jsonapi_apiversion: String(version),
    cpanel_jsonapi_module: module,
    cpanel_jsonapi_func: func,
    cpanel_jsonapi_user: user,
  });

function readFlatText({ body }: SentAnswer): Outcome {
  return readFlat(JSON.parse(body));
}

function readFlat(answer: unknown): Outcome {
  const { status, data, errors } = answer as { status: number; data: unknown; errors: string[] };
  return status === 1 ? { data } : { error: errors.join('\n') };
}

/** Both results count: the outer one of the call, the inner one of the function. */
function readUapiCpanel({ body }: SentAnswer): Outcome {
  const answer = JSON.parse(body);
  if (answer.cpanelresult?.error !== undefined) return { error: answer.cpanelresult.error };
  return answer.metadata.result === 1
    ? readFlat(answer.data.uapi)
    : { error: answer.metadata.reason };
}

function readApi2({ body }: SentAnswer): Outcome {
  const { error, data } = JSON.parse(body).cpanelresult;
  return error === undefined ? { data } : { error };
}
