import { createHash } from 'node:crypto';
import type * as z from 'zod';
import type { Result } from '../envelope/envelope.ts';
import { type Envelope, resultBody } from '../envelope/result-json.ts';

/** What is made of an outcome that several calls share. */
export interface Shared {
  /** The answers that were made of it, by the arguments that shaped them. */
  readonly answers: Answers;
  /** Throws where a row is not what the documentation says; each is looked at once. */
  check(element: z.ZodType): void;
  /** The JSON of each row, as `encodeRow` makes it. */
  rowsJson(): readonly Uint8Array[];
}

export interface Answers {
  get(args: string): Answer | undefined;
  set(args: string, answer: Answer): void;
}

/** Arguments and forms come from clients, and what is kept may live as long as nothing changes. */
const maxKept = 16;

/** A map of at most 16 entries, which begins anew when it is full. */
export function createAnswers(): Answers {
  return createBoundedMap<Answer>();
}

/** What a call comes to, and its bodies in the envelopes of doors. */
export interface Answer {
  readonly result: Result;
  /**
   * The body in an envelope, made once: `form` names the envelope together with all that it puts
   * around the result.
   */
  body(form: string, envelope: Envelope): string | Buffer;
  /**
   * Names that body, for an ETag (RFC 9110, section 8.8.3), where a later call may be given it again;
   * else null. It is made of the body alone: a number in order would tell a caller how much others
   * ask and do.
   */
  tag(form: string, envelope: Envelope): string | null;
  /** The answer with other data, made once. */
  as(form: string, change: (result: Result) => Result): Answer;
}

/** `shared` is what the answer is made of where several calls share that; its rows are `rowsJson`'s if they are whole. */
export function createAnswer(
  result: Result,
  shared?: Shared,
  rowsJson?: Shared['rowsJson'],
): Answer {
  let bodies: ReturnType<typeof createBoundedMap<string | Buffer>> | null = null;
  let tags: ReturnType<typeof createBoundedMap<string>> | null = null;
  let others: ReturnType<typeof createBoundedMap<Answer>> | null = null;
  const body: Answer['body'] = (form, envelope) => {
    bodies ??= createBoundedMap();
    const known = bodies.get(form);
    if (known !== undefined) return known;
    const made = resultBody(result, envelope, rowsJson);
    bodies.set(form, made);
    return made;
  };
  return {
    result,
    body,
    tag: (form, envelope) => {
      if (shared === undefined) return null;
      tags ??= createBoundedMap();
      const known = tags.get(form);
      if (known !== undefined) return known;
      const hash = createHash('sha256').update(body(form, envelope)).digest('base64url');
      const tag = `"${hash.slice(0, 22)}"`;
      tags.set(form, tag);
      return tag;
    },
    as: (form, change) => {
      others ??= createBoundedMap();
      const known = others.get(form);
      if (known !== undefined) return known;
      const other = createAnswer(change(result), shared);
      others.set(form, other);
      return other;
    },
  };
}

function createBoundedMap<Value>() {
  const all = new Map<string, Value>();
  return {
    get: (key: string) => all.get(key),
    set: (key: string, value: Value) => {
      if (all.size >= maxKept) all.clear();
      all.set(key, value);
    },
  };
}
