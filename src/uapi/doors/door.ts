import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import type { Account } from '../../accounts/account.ts';
import { accountOf } from '../../auth/authentication.ts';
import type { Authenticators } from '../../auth/authenticators.ts';
import { siteOf } from '../../http/cross-site.ts';
import { clientAddress } from '../../lib/client-address.ts';
import type { Answer } from '../call/answer.ts';
import type { Arguments } from '../call/arguments.ts';
import type { Call } from '../call/call.ts';
import type { UapiFunction } from '../call/define-function.ts';
import { readArguments } from '../call/read-arguments.ts';
import { recordCall } from '../call/request-log.ts';
import type { FunctionName, Result } from '../envelope/envelope.ts';
import type { Envelope } from '../envelope/result-json.ts';

/** What every door is given. */
export interface DoorOptions extends Authenticators {
  readonly call: Call;
  readonly functions: readonly UapiFunction[];
}

/** A URL form with its envelope. */
export interface Door {
  /** The paths of this door begin with it. */
  readonly prefix: string;
  /** What the table of doors in docs/api.md says: URL forms as Markdown, and the envelope of each. */
  readonly forms: readonly DoorForm[];
  /** The methods that are answered at that URL; none when nothing is there. */
  methods(url: string): readonly string[];
  addRoutes(app: FastifyInstance, options: DoorOptions): void;
  /** How this door says that a request to `url` was refused before it became a call. */
  refuse(url: string, httpStatus: number, result: Result): Refusal;
}

export type DoorForm = readonly [url: string, envelope: string];

export interface Refusal {
  readonly httpStatus: number;
  /** In the status line where clients look at it. */
  readonly reasonPhrase?: string;
  /** The type of a body that is a text already; others are sent as JSON. */
  readonly type?: string;
  readonly body: unknown;
}

/** The methods of every call. */
export const callMethods = ['GET', 'HEAD', 'POST'] as const;

/** What a request turned out to call. */
export interface Called {
  readonly name: FunctionName;
  readonly account: Account;
  readonly args: Arguments;
  /** Whether somebody waits for the answer; as long as the request's client does, unless given. */
  readonly isWanted?: () => boolean;
}

/**
 * Makes the call that a request asks for, and notes it for the request's log line. The answer is for
 * an event stream: it counts as taken.
 */
export async function makeCall(
  request: FastifyRequest,
  call: Call,
  called: Called,
): Promise<Answer> {
  const answer = await begin(request, null, call, called);
  recordCall(request, called, answer.result);
  return answer;
}

/** What is answered without a call being made. */
export interface Instead<Body> {
  readonly instead: Body;
}

/**
 * The same for a request that may rest on state that is not revalidated: what has changed is made
 * again, from `find` on. That, too, may look at the state, and tells what is called or what is
 * answered instead.
 */
export async function makeRevalidatedCall<Found extends Called | Instead<unknown>>(
  request: FastifyRequest,
  reply: FastifyReply,
  call: Call,
  find: () => Found,
): Promise<Answer | Exclude<Found, Called>> {
  let found = find();
  let answer = 'instead' in found ? null : await begin(request, reply, call, found);
  const isSame = request.server.revalidate(request, reply);
  // Not awaited where it is known: nothing else should come between.
  if (!(isSame instanceof Promise ? await isSame : isSame)) {
    found = find();
    answer = 'instead' in found ? null : await begin(request, reply, call, found);
  }
  if ('instead' in found || answer === null) return found as Exclude<Found, Called>;
  recordCall(request, found, answer.result);
  return answer;
}

function begin(
  request: FastifyRequest,
  reply: FastifyReply | null,
  call: Call,
  called: Called,
): Promise<Answer> {
  // Property by property: a spread costs a call into the engine's slow path for each request.
  return call({
    module: called.name.module,
    func: called.name.func,
    account: called.account,
    args: called.args,
    by: accountOf(request).name,
    address: clientAddress(request),
    site: () => siteOf(request),
    isReadOnly: () => request.server.isReadOnly(request),
    isRevalidated: request.restsOn === null,
    isHeadersOnly: request.method === 'HEAD',
    isWanted: called.isWanted ?? (() => !request.raw.socket.destroyed),
    unsentBytes: () => (reply === null ? 0 : unsentBytesOf(reply)),
    requestId: request.id,
    onInternalError: (error) =>
      request.log.error({ reqId: request.id, err: error }, 'a call failed inside'),
  });
}

/** Infinite before the answer is there: calls that wait in line are begun before it is written. */
function unsentBytesOf({ raw, request }: FastifyReply): number {
  const { socket } = request.raw;
  if (socket.destroyed) return 0;
  return raw.writableFinished ? socket.writableLength : Number.POSITIVE_INFINITY;
}

/**
 * The hook for a door whose arguments name the function. By the copy of the state only where they
 * name one that changes nothing; those of a body are not known yet, and with a body the state is
 * revalidated first in any case.
 */
export function authenticateByArguments(
  app: FastifyInstance,
  functions: readonly UapiFunction[],
  nameIn: (args: Arguments) => FunctionName | null,
): onRequestHookHandler {
  return (request, reply, done) => {
    const name = nameIn(readArguments(request));
    const isCalled = ({ module, name: func }: UapiFunction) =>
      module === name?.module && func === name.func;
    const definition = functions.find(isCalled);
    if (definition !== undefined && !definition.changes) {
      app.authenticateByCopy(request, reply, done);
    } else {
      app.authenticate(request, reply).then(() => done(), done);
    }
  };
}

/** The arguments that are left for the function, without those by which a door finds it. */
export function withoutDoorArguments(args: Arguments, ofDoor: RegExp): Arguments {
  return new Map([...args].filter(([name]) => !ofDoor.test(name)));
}

/**
 * Sends an answer in a door's envelope; `form` names that, as for `Answer.body`. A list has an ETag,
 * and a caller who names that in If-None-Match is told that nothing has changed (RFC 9110, sections
 * 13.1.2 and 15.4.5): the same rows, warnings and metadata, byte for byte.
 */
export function sendAnswer(
  reply: FastifyReply,
  answer: Answer,
  form: string,
  envelope: Envelope,
): FastifyReply {
  const { method, headers } = reply.request;
  const tag = method === 'POST' ? null : answer.tag(form, envelope);
  if (tag !== null) {
    reply.header('etag', tag);
    if (namesTag(headers['if-none-match'], tag)) return reply.code(304).send();
  }
  return reply.type('application/json; charset=utf-8').send(answer.body(form, envelope));
}

/** Proxies that compress an answer make its tag a weak one, W/"…". */
function namesTag(field: string | undefined, tag: string): boolean {
  return (field ?? '').split(',').some((each) => isTag(each.trim(), tag));
}

function isTag(text: string, tag: string): boolean {
  return text === tag || text === `W/${tag}` || text === '*';
}
