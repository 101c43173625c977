import { codeOf } from '../../support/codes.ts';

/** What a function comes to, before any envelope. */
export interface Outcome {
  readonly data: unknown;
  readonly metadata: object;
  readonly messages: readonly string[];
  readonly warnings: readonly string[];
  readonly error: string | null;
}

export type Params = readonly (readonly [name: string, value: string])[];

/** A URL form, as the published contract and clients know it; written without looking at ours. */
export interface Door {
  readonly name: string;
  /** True where an argument names the account that a call is made for. */
  readonly namesAccount: boolean;
  /** True where only administrators and resellers are let in, whatever the port. */
  readonly forAdministrators: boolean;
  /** True for cPanel's older API, which has the sessions alone. */
  readonly isApi2: boolean;
  /** The name under which a function is known here. */
  nameOf(func: string): string;
  target(func: string, params: Params, account: string | null): string;
  body(func: string, outcome: Outcome): string;
  /** Without valid credentials. */
  readonly refusal: (func: string) => { readonly status: number; readonly body: string };
  /** Where the account named is none that the caller may act for. */
  readonly invalidUser: string;
}

const query = (params: Params) => new URLSearchParams(params.map(([...pair]) => pair)).toString();

function flat({ data, metadata, messages, warnings, error }: Outcome) {
  return {
    data: error === null ? data : null,
    errors: error === null ? null : [error],
    messages: error !== null || messages.length === 0 ? null : messages,
    metadata: withCodes(metadata, warnings, error),
    status: error === null ? 1 : 0,
    warnings: error !== null || warnings.length === 0 ? null : warnings,
  };
}

function withCodes(metadata: object, warnings: readonly string[], error: string | null): object {
  if (error !== null) return { error_codes: [codeOf(error)] };
  return warnings.length === 0 ? metadata : { ...metadata, warning_codes: warnings.map(codeOf) };
}

const wrap = (func: string, outcome: Outcome) =>
  JSON.stringify({ apiversion: 3, func, module: 'Ftp', result: flat(outcome) });

/** API 2: every value a text, a failure in `error`. */
function api2(func: string, { data, warnings, error }: Outcome): string {
  const rows = (data as object[] | null)?.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, value === null ? null : String(value)]),
    ),
  );
  const failed = error !== null;
  return JSON.stringify({
    cpanelresult: {
      apiversion: 2,
      ...(failed ? { error } : {}),
      func,
      module: 'Ftp',
      event: { result: failed ? 0 : 1 },
      data: failed ? [] : rows,
      ...(failed || warnings.length === 0 ? {} : { warnings }),
    },
  });
}

const noCredentials: Outcome = {
  data: null,
  metadata: {},
  messages: [],
  warnings: [],
  error: 'Access denied. Valid credentials are required.',
};
const accessDenied = () => ({
  status: 403,
  body: '{"cpanelresult":{"apiversion":"2","error":"Access denied","data":{"reason":"Access denied","result":"0"},"type":"text"}}',
});
const reason = 'User parameter is invalid or was not supplied';
const invalidUser = `{"data":{"reason":"${reason}","result":"0"},"type":"text","error":"${reason}"}`;
const sameName = (func: string) => func;
const path = {
  namesAccount: false,
  forAdministrators: false,
  isApi2: false,
  nameOf: sameName,
  invalidUser: '',
};

function cpanel(version: '3' | '2' | null): Pick<Door, 'target'> {
  return {
    target: (func, params, account) =>
      `/json-api/cpanel?${query([
        ['cpanel_jsonapi_module', 'Ftp'],
        ['cpanel_jsonapi_func', func],
        ...(version === null ? [] : [['cpanel_jsonapi_apiversion', version] as const]),
        ...(account === null ? [] : [['cpanel_jsonapi_user', account] as const]),
        ...params,
      ])}`,
  };
}

const namesOfApi2: Readonly<Record<string, string>> = {
  list_sessions: 'listftpsessions',
  list_ftp: 'listftp',
  list_ftp_with_disk: 'listftpwithdisk',
};

const olderNames = {
  namesAccount: true,
  forAdministrators: false,
  isApi2: true,
  nameOf: (func: string) => namesOfApi2[func] ?? func,
  body: api2,
  refusal: accessDenied,
  invalidUser: `{"cpanelresult":${invalidUser}}`,
};

export const doors: readonly Door[] = [
  {
    name: 'contract',
    ...path,
    target: (func, params) => `/Ftp/${func}?${query(params)}`,
    body: wrap,
    refusal: (func) => ({ status: 401, body: wrap(func, noCredentials) }),
  },
  {
    name: 'execute',
    ...path,
    target: (func, params) => `/execute/Ftp/${func}?${query(params)}`,
    body: (_func, outcome) => JSON.stringify(flat(outcome)),
    refusal: () => ({ status: 401, body: JSON.stringify(flat(noCredentials)) }),
  },
  {
    name: 'json-api/cpanel, API 3',
    namesAccount: true,
    forAdministrators: false,
    isApi2: false,
    nameOf: sameName,
    ...cpanel('3'),
    body: wrap,
    refusal: accessDenied,
    invalidUser,
  },
  { name: 'json-api/cpanel, API 2', ...olderNames, ...cpanel('2') },
  { name: 'json-api/cpanel without a version', ...olderNames, ...cpanel(null) },
  {
    name: 'json-api/uapi_cpanel',
    namesAccount: true,
    forAdministrators: true,
    isApi2: false,
    nameOf: sameName,
    target: (func, params, account) =>
      `/json-api/uapi_cpanel?${query([
        ['api.version', '1'],
        ['cpanel.module', 'Ftp'],
        ['cpanel.function', func],
        ...(account === null ? [] : [['cpanel.user', account] as const]),
        ...params,
      ])}`,
    body: (_func, outcome) =>
      JSON.stringify({
        data: { uapi: flat(outcome) },
        metadata: { command: 'uapi_cpanel', reason: 'OK', result: 1, version: 1 },
      }),
    refusal: accessDenied,
    invalidUser: `{"data":{},"metadata":{"command":"uapi_cpanel","reason":"${reason}","result":0,"version":1}}`,
  },
];
