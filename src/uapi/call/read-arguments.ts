import type { FastifyRequest } from 'fastify';
import { readMultipart } from '../../http/bodies/read-multipart.ts';
import { ApiError } from './api-error.ts';
import type { Arguments } from './arguments.ts';

/**
 * Far more than any call has. A body's are counted before they are read: a megabyte of them takes
 * the parsers half a second, in which nobody else is answered.
 */
const maxArguments = 1000;

/**
 * The arguments of a request, from its query and its body; the body's win. Clients say little that
 * is true of their bodies (a JSON type on nothing, multipart without a boundary, a form sent as
 * octet-stream), so a type decides only where it fits what is there.
 * Throws ApiError for a body that is of no known form, or compressed: what little it would save is
 * not worth what a small one can grow to.
 */
export function readArguments(request: FastifyRequest): Arguments {
  const query = request.query as URLSearchParams;
  const { body } = request;
  const hasBody = Buffer.isBuffer(body) && body.length > 0;
  if (query.size === 0 && !hasBody) return noArguments;
  const args = new Map<string, string>(query);
  if (!hasBody) return args;
  const coding = request.headers['content-encoding'] ?? 'identity';
  if (coding.trim().toLowerCase() !== 'identity') {
    throw new ApiError('The body of the request is compressed, which is not supported.');
  }
  for (const [name, value] of readBody(body, request.bodyType)) args.set(name, value);
  return args;
}

const noArguments: Arguments = new Map();

type Pairs = Iterable<readonly [string, string]>;

function readBody(body: Buffer, contentType: string): Pairs {
  if (isOfType(contentType, 'multipart/form-data')) {
    const fields = readMultipart(body, contentType, maxArguments);
    if (fields === 'too many') throw tooMany();
    if (fields !== null) return fields;
    throw new ApiError(
      'The body of the request is not the multipart/form-data that it claims to be.',
    );
  }
  // Trimming takes a byte order mark, too.
  const text = body.toString('utf8').trim();
  return isJson(text, contentType) ? readJson(text) : readForm(text);
}

const tooMany = () =>
  new ApiError(`A call may have ${maxArguments} arguments, and this one has more.`);

function readForm(text: string): Pairs {
  let count = 1;
  for (let at = text.indexOf('&'); at !== -1; at = text.indexOf('&', at + 1)) count += 1;
  if (count > maxArguments) throw tooMany();
  return new URLSearchParams(text.includes('+') ? withBlanks(text) : text);
}

const [plus, blank] = [0x2b, 0x20];

/** A form with each plus as the blank it stands for: the parser takes 0.3 s for a megabyte of them. */
function withBlanks(form: string): string {
  const bytes = Buffer.from(form);
  for (let at = bytes.indexOf(plus); at < bytes.length; at += 1) {
    if (bytes[at] === plus) bytes[at] = blank;
  }
  return bytes.toString();
}

/** A form that claims to be JSON is taken for what it is; anything else is held to its claim. */
function isJson(text: string, contentType: string): boolean {
  if (text === '' || isOfType(contentType, 'application/x-www-form-urlencoded')) return false;
  return /^[{[]/.test(text) || (isOfType(contentType, 'application/json') && !text.includes('='));
}

function isOfType(contentType: string, type: string): boolean {
  return contentType.split(';')[0]?.trim().toLowerCase() === type;
}

function readJson(text: string): Pairs {
  if (countOfValues(text) > maxArguments) throw tooMany();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ApiError('The body of the request is not valid JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ApiError('The JSON body of the request is not an object.');
  }
  return Object.entries(value).map(([name, entry]) => [name, asText(name, entry)] as const);
}

/** How many values there are in a JSON text, or what claims to be one, at most. */
function countOfValues(text: string): number {
  let count = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') isInString = !isInString;
    else if (isInString && character === '\\') at += 1;
    else if (!isInString && (character === ',' || character === '{' || character === '['))
      count += 1;
  }
  return count;
}

function asText(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (value === null) return '';
  throw new ApiError(`The argument “${name}” is neither a text nor a number.`);
}
