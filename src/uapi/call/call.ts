import * as z from 'zod';
import type { Host } from '../../access/host.ts';
import type { Account, RoleFlags } from '../../accounts/account.ts';
import type { CallRefusalReason } from '../../audit/audit-event.ts';
import type { Site } from '../../http/cross-site.ts';
import { ScopeTooLargeError } from '../../sessions/scope.ts';
import { FleetError } from '../../sessions/servers.ts';
import {
  type FunctionName,
  fail,
  type Result,
  type Success,
  succeed,
} from '../envelope/envelope.ts';
import type { ErrorCode } from '../envelope/error-codes.ts';
import { serversMetadata } from '../envelope/servers-metadata.ts';
import { createFairScheduler, type FairScheduler } from '../transforms/fair-scheduler.ts';
import { type Row, transform } from '../transforms/index.ts';
import { type Answer, createAnswer, type Shared } from './answer.ts';
import { ApiError } from './api-error.ts';
import type { Arguments } from './arguments.ts';
import { type CallCounter, createCallCounter } from './call-counter.ts';
import type { Caller, Outcome, UapiFunction } from './define-function.ts';
import { recordRefusedCall } from './refused-call.ts';

/** One call of one function, as every door makes it. */
export interface CallRequest extends FunctionName, Caller {
  readonly account: Account;
  readonly args: Arguments;
  /** Tells what the request comes from; asked only where it matters. */
  readonly site: () => Site;
  /** Tells whether its credentials may only read; asked only where it matters. */
  readonly isReadOnly: () => boolean;
  /** False while it rests on state that may have changed since it came in. */
  readonly isRevalidated: boolean;
  /** True when nothing but the headers of the answer was asked for. */
  readonly isHeadersOnly: boolean;
  /** False when the client is gone, so that nobody takes an answer any more. */
  readonly isWanted: () => boolean;
  /**
   * How much of what was answered on its connection the client has not taken yet, in bytes; infinite
   * as long as the answer to this call is not written.
   */
  readonly unsentBytes: () => number;
  /** Names the request in the log and, when the call fails inside, to the caller. */
  readonly requestId: string;
  /** Told the cause of an internal error. */
  readonly onInternalError: (error: unknown) => void;
}

export type Call = (request: CallRequest) => Promise<Answer>;

/**
 * The one way from a door to a function, counted in `counter`, also when its result is thrown away.
 * Never rejects: every failure is a result.
 */
export function createCall(
  functions: readonly UapiFunction[],
  host: Host,
  roles: RoleFlags,
  counter: CallCounter = createCallCounter(functions),
): Call {
  const find = createFinder(functions);
  const scheduler = createFairScheduler();
  return async (request) => {
    const counts = counter.of(request);
    try {
      const { definition, kept } = find(request);
      const refusal = refusalOf(definition, request, roles);
      if (definition.changes && !request.isRevalidated) {
        throw new Error('a call that changes something rests on state that is not revalidated');
      }
      if (refusal !== null) {
        if (definition.changes) recordRefusedCall(definition, { ...request, host }, refusal.reason);
        throw new ApiError(refusal.text, codeOfRefusal[refusal.reason]);
      }
      const { account, args, by, address, unsentBytes } = request;
      const outcome = await definition.run({
        account,
        args,
        by,
        address,
        host,
        kept,
        unsentBytes,
      });
      const key = outcome.shared === undefined ? null : keyOf(args);
      const known = key === null ? undefined : outcome.shared?.answers.get(key);
      // Not awaited where it is done: nothing else should come between.
      const made = known ?? complete(definition, outcome, request, scheduler);
      const answer = made instanceof Promise ? await made : made;
      if (key !== null && known === undefined) outcome.shared?.answers.set(key, answer);
      counts.succeeded += 1;
      return answer;
    } catch (error) {
      const told = toldOf(error);
      if (told !== null) {
        counts.failed += 1;
        return createAnswer(told);
      }
      counts.broken += 1;
      request.onInternalError(error);
      return createAnswer(internalError(request.requestId));
    }
  };
}

/** What the caller is told of a failure that is meant for it; null of any other. */
function toldOf(error: unknown): Result | null {
  if (error instanceof ApiError) return fail(error.message, error.code, error.metadata);
  if (error instanceof ScopeTooLargeError) return fail(error.message, 'scope-too-large');
  if (error instanceof FleetError) {
    const { servers } = error;
    return fail(error.message, error.code, servers === null ? {} : serversMetadata(servers));
  }
  return null;
}

/** Callers who share a scan send the same few arguments; longer ones are nobody else's. */
const maxKeyLength = 512;

function keyOf(args: Arguments): string | null {
  if (args.size === 0) return '';
  const key = JSON.stringify([...args]);
  return key.length <= maxKeyLength ? key : null;
}

/** One that is still being made is nobody else's: it goes at the pace of the account that asked. */
function complete(
  { data: schema, isList }: UapiFunction,
  { data, shared, ...rest }: Outcome<unknown>,
  { args, by, isWanted }: CallRequest,
  scheduler: FairScheduler,
): Answer | Promise<Answer> {
  if (shared !== undefined && schema instanceof z.ZodArray) {
    shared.check(schema.element as z.ZodType);
  } else {
    schema.parse(data);
  }
  const { messages = [], warnings = [], metadata: own } = rest;
  const answer = (
    { data, metadata }: Pick<Success, 'data' | 'metadata'>,
    rowsJson?: Shared['rowsJson'],
  ) =>
    createAnswer(
      succeed({ data, metadata: { ...metadata, ...own }, messages, warnings }),
      shared,
      rowsJson,
    );
  if (!isList) return answer({ data });
  if (args.size === 0) return answer({ data, metadata: { transformed: 1 } }, shared?.rowsJson);
  const listed = scheduler.run(by, transform(data as readonly Row[], args), isWanted);
  const listedAnswer = ({ rows, metadata }: { rows: Row[]; metadata: Record<string, unknown> }) =>
    answer({ data: rows, metadata });
  return listed instanceof Promise ? listed.then(listedAnswer) : listedAnswer(listed);
}

/** What a caller is told of a failure that is none of its own making. */
export function internalError(requestId: string): Result {
  return fail(`Internal error (request ${requestId}).`, 'internal');
}

/** A function, and what this application keeps of it. */
interface Found {
  readonly definition: UapiFunction;
  readonly kept: unknown;
}

/** The texts are those that clients of the original match. Names compare with case. */
function createFinder(functions: readonly UapiFunction[]): (name: FunctionName) => Found {
  const modules = new Map<string, Map<string, Found>>();
  for (const definition of functions) {
    const ofModule = modules.get(definition.module) ?? new Map<string, Found>();
    const found = { definition, kept: definition.keep?.() };
    modules.set(definition.module, ofModule.set(definition.name, found));
  }
  return ({ module, func }) => {
    const ofModule = modules.get(module);
    if (ofModule === undefined) {
      throw new ApiError(
        `Failed to load module “${module}”: Can't locate Cpanel/API/${module}.pm in @INC`,
        'module-unknown',
      );
    }
    const found = ofModule.get(func);
    if (found !== undefined) return found;
    throw new ApiError(
      `The system could not find the function “${func}” in the module “${module}”.`,
      'function-unknown',
    );
  };
}

const codeOfRefusal: Record<CallRefusalReason, ErrorCode> = {
  role: 'role-disabled',
  feature: 'feature-missing',
  'read-only': 'token-read-only',
  'cross-site': 'other-site',
  'headers-only': 'method-unsuitable',
  arguments: 'argument-invalid',
};

/** Why a call may not be made, and what the caller is told. */
interface Refusal {
  readonly reason: CallRefusalReason;
  readonly text: string;
}

/** For programs that cannot be told from a browser that loads a picture. */
const wayOut =
  'A program that names itself Mozilla sends this call by POST, or with an API token in place of the password.';

function refusalOf(
  { role, feature, changes = false, module, name }: UapiFunction,
  { account, site, isReadOnly, isHeadersOnly }: CallRequest,
  roles: RoleFlags,
): Refusal | null {
  if (role !== null && !roles.isEnabled(role)) {
    const text = `The function “${module}::${name}” is not available because the ${role} role is disabled on this server.`;
    return { reason: 'role', text };
  }
  if (feature !== null && account.role !== 'admin' && !account.features.includes(feature)) {
    return { reason: 'feature', text: `You do not have the feature “${feature}”.` };
  }
  if (changes && isReadOnly()) {
    const text = `The function “${module}::${name}” changes something, and this API token may only read. Nothing was changed.`;
    return { reason: 'read-only', text };
  }
  const from = changes ? site() : 'own';
  if (from !== 'own') {
    const text = `The function “${module}::${name}” changes something, so a page of another site may not call it. Nothing was changed.`;
    return { reason: 'cross-site', text: from === 'unclear' ? `${text} ${wayOut}` : text };
  }
  if (changes && isHeadersOnly) {
    const text = `The function “${module}::${name}” changes something, so it wants GET or POST. Nothing was changed.`;
    return { reason: 'headers-only', text };
  }
  return null;
}
