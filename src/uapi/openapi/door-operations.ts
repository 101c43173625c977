import * as z from 'zod';
import { api2Names } from '../envelope/api2.ts';
import { resultSchema } from '../envelope/envelope.ts';
import { administratorListParameters, listParameters } from './list-parameters.ts';
import { operationId } from './operation-id.ts';
import { argumentsIn, bodyTypes } from './parameter-schemas.ts';
import { refusalAnswers } from './refusal-answers.ts';

/* What the OpenAPI document says of the doors whose path does not name a function. */

const text = z.string().optional();
const everyListParameter = { ...listParameters, ...administratorListParameters };

const cpanelArguments = z
  .object({
    cpanel_jsonapi_user: text.describe('The account that an administrator acts for.'),
    cpanel_jsonapi_apiversion: z.enum(['2', '3']).optional().describe('2 if left out.'),
    cpanel_jsonapi_module: z.string(),
    cpanel_jsonapi_func: z
      .string()
      .describe(`A UAPI function in version 3; in version 2: ${api2Names.join(', ')}.`),
    ...everyListParameter,
  })
  .meta({ id: 'CpanelArguments' });

const uapiCpanelArguments = z
  .object({
    'api.version': z.literal('1').optional(),
    'cpanel.user': z.string().describe('The account that the administrator acts for.'),
    'cpanel.module': z.string(),
    'cpanel.function': z.string(),
    ...everyListParameter,
  })
  .meta({ id: 'UapiCpanelArguments' });

const anyResult = resultSchema(z.unknown()).meta({ id: 'Result' });

const wrapped = z
  .object({
    apiversion: z.literal(3),
    func: z.string(),
    module: z.string(),
    result: anyResult,
  })
  .meta({ id: 'WrappedResult' });

const api2 = z
  .object({
    cpanelresult: z.looseObject({
      apiversion: z.literal(2).optional(),
      error: text.describe('Only where the call failed.'),
      func: text,
      module: text,
      event: z.object({ result: z.literal([0, 1]) }).optional(),
      data: z.unknown().describe('Rows whose values are all texts.'),
      warnings: z.array(z.string()).optional().describe('Only where there are any.'),
    }),
  })
  .meta({ id: 'Api2Result' });

const accessDenied = z
  .object({
    cpanelresult: z.object({
      apiversion: z.literal('2'),
      error: z.literal('Access denied'),
      data: z.object({ reason: z.literal('Access denied'), result: z.literal('0') }),
      type: z.literal('text'),
    }),
  })
  .meta({ id: 'AccessDenied' });

const outer = z.object({
  data: z.object({ uapi: anyResult.optional() }),
  metadata: z.object({
    command: z.literal('uapi_cpanel'),
    reason: z.string(),
    result: z.literal([0, 1]).describe('0 - there is no such account.'),
    version: z.literal(1),
  }),
});

const beside = 'The function’s own arguments stand beside these.';

export function cpanelApiCall(method: 'GET' | 'POST'): object {
  return {
    operationId: operationId({ name: 'call_cpanel', method }),
    summary: 'Call a function of UAPI (version 3) or API 2',
    description: `${beside} Version 3 answers in the wrapped envelope, version 2 in “cpanelresult”.`,
    tags: ['URL forms'],
    ...argumentsIn(method, cpanelArguments),
    response: {
      200: z.union([wrapped, api2]).describe('The call’s result.'),
      403: accessDenied.describe('No valid credentials.'),
      ...refusalAnswers(z.union([wrapped, api2])),
    },
  };
}

export function uapiCpanelCall(method: 'GET' | 'POST'): object {
  return {
    operationId: operationId({ name: 'call_uapi_cpanel', method }),
    summary: 'Call a UAPI function as an administrator for an account',
    description: `${beside} The outer result stays 1 when the status of the call is 0.`,
    tags: ['URL forms'],
    ...argumentsIn(method, uapiCpanelArguments),
    response: {
      200: outer.describe('The call’s result.'),
      403: accessDenied.describe('No valid credentials of an administrator.'),
      ...refusalAnswers(outer),
    },
  };
}

const notLoggedIn = z.object({
  status: z.literal(0),
  message: z.string().meta({ examples: ['invalid_login'] }),
});

const whmArguments = z.object({
  'api.version': text.describe('Above 0: the newer form.'),
});
const accountArguments = z.object({ ...whmArguments.shape, user: z.string() });
const argumentsOf: Readonly<Record<string, z.ZodObject>> = {
  accountsummary: accountArguments,
  create_user_session: z.object({
    ...accountArguments.shape,
    service: z.literal('cpaneld').optional(),
  }),
};

const whmAnswer = z
  .looseObject({
    data: z.unknown().optional().describe('In the newer form.'),
    metadata: z
      .object({
        command: z.string(),
        reason: z.string(),
        result: z.literal([0, 1]),
        version: z.literal(1),
      })
      .optional()
      .describe('In the newer form, and where the call failed.'),
    status: z.literal([0, 1]).optional().describe('In the older form, of some calls.'),
    statusmsg: text,
    error: text.describe('In the older form where the call failed.'),
  })
  .meta({ id: 'WhmAnswer' });

export function whmCall(method: 'GET' | 'POST', name: string, summary: string): object {
  return {
    operationId: operationId({ name: `whm_${name}`, method }),
    summary,
    description:
      'For administrators and resellers. Without api.version the answer has the older form, without “data” and “metadata” around it.',
    tags: ['URL forms'],
    ...argumentsIn(method, argumentsOf[name] ?? whmArguments),
    response: {
      200: whmAnswer.describe('The call’s result.'),
      403: accessDenied.describe('No valid credentials of an administrator or a reseller.'),
    },
  };
}

export const loginCall = {
  operationId: 'logIn',
  summary: 'Log in',
  description:
    'Gives a cookie, cpsession or on an administrator’s port whostmgrsession, and a security token that goes before the path of every call: /cpsess##########/execute/… Either alone is worth nothing.',
  tags: ['Login'],
  security: [],
  consumes: bodyTypes,
  body: z
    .object({
      user: z.string(),
      pass: z.string(),
      login_only: z.enum(['0', '1']).optional().describe('1 - answer JSON and no redirect.'),
    })
    .meta({ id: 'LoginArguments' }),
  response: {
    200: z
      .object({
        status: z.literal(1),
        redirect: z.string().meta({ examples: ['/cpsess0123456789/'] }),
        security_token: z.string().meta({ examples: ['/cpsess0123456789'] }),
      })
      .describe('Logged in; the redirect is in the header Location too.'),
    302: z.null().describe('Logged in, without login_only; Location begins with the token.'),
    401: notLoggedIn.describe('Not logged in.'),
    ...refusalAnswers(notLoggedIn),
  },
};

export function logoutCall(method: 'GET' | 'POST'): object {
  return {
    operationId: operationId({ name: 'log_out', method, usual: 'POST' }),
    summary: 'Log out',
    description: 'Ends the login whose cookie and security token the request comes with.',
    tags: ['Login'],
    security: [{ LoginCookie: [] }, { AdministratorCookie: [] }],
    response: { 200: z.object({ status: z.literal(1) }).describe('There is no such login now.') },
  };
}
