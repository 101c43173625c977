/** What an expression comes to, as upper bounds that are known before the engine sees it. */
export interface ExpressionCost {
  /** Instructions of the compiled program. */
  readonly instructions: number;
  /** Ranges of characters in all instructions of the program. */
  readonly ranges: number;
  /** The work of parsing and compiling, in units that take about 25 ns each. */
  readonly work: number;
}

/** No class that has a name has more ranges; a test holds it against the engine's own tables. */
export const maxNamedRanges = 800;
/** Ignoring case adds no more ranges than there are characters with another case. */
const maxFoldedRanges = 3000;
const maxRune = 0x10ffff;
/** The engine refuses more. */
const maxRepeat = 1000;

/* The work of each thing, measured. Ranges of the source are put together and sorted. */
const workOfCharacter = 60;
const workOfSourceRange = 24;
const workOfFoldedCharacter = 2;
const workOfInstruction = 40;
const workOfRange = 1;

/** A part of the program. */
interface Part {
  readonly instructions: number;
  readonly ranges: number;
}

const nothing: Part = { instructions: 0, ranges: 0 };

/**
 * Reads an expression in RE2's syntax as the engine's parser does, as far as it tells which part a
 * repetition repeats and what is in a class. What the engine will refuse costs no more than it says.
 */
export function costOfExpression(text: string): ExpressionCost {
  const ignoresCase = /\(\?[A-Za-z-]*i/.test(text);
  const open: Part[] = [];
  let before = nothing;
  let last = nothing;
  let sourceRanges = 0;
  let folded = 0;
  const next = (part: Part) => {
    before = sum(before, last);
    last = part;
  };
  for (let at = 0; at < text.length; ) {
    const token = tokenAt(text, at, ignoresCase);
    at += token.length;
    sourceRanges += token.sourceRanges;
    folded += token.folded;
    if (token.kind === 'open') {
      next(nothing);
      open.push(before);
      before = token;
    } else if (token.kind === 'close') {
      // The group is the part that a repetition behind it repeats.
      last = sum(before, last);
      before = open.pop() ?? nothing;
    } else if (token.kind === 'repeat') {
      last = repeated(last, token.times);
    } else if (token.kind === 'part') {
      next(token);
    }
  }
  const { instructions, ranges } = [...open, before, last].reduce(sum, {
    instructions: 3,
    ranges: 0,
  });
  const work =
    text.length * workOfCharacter +
    sourceRanges * workOfSourceRange +
    folded * workOfFoldedCharacter +
    instructions * workOfInstruction +
    ranges * workOfRange;
  return { instructions, ranges, work };
}

function sum(a: Part, b: Part): Part {
  return { instructions: a.instructions + b.instructions, ranges: a.ranges + b.ranges };
}

/** Each copy may be optional, and the last may be a loop. */
function repeated({ instructions, ranges }: Part, times: number): Part {
  return { instructions: times * (instructions + 1) + 2, ranges: times * ranges };
}

interface Token extends Part {
  /** `silent` stands for nothing: what a repetition behind it repeats is the part before it. */
  readonly kind: 'part' | 'open' | 'close' | 'repeat' | 'silent';
  readonly length: number;
  readonly times: number;
  /** Ranges that the parser puts together for it. */
  readonly sourceRanges: number;
  /** Characters whose other cases the parser looks up one by one. */
  readonly folded: number;
}

function token(kind: Token['kind'], length: number, facts: Partial<Token> = {}): Token {
  return {
    kind,
    length,
    times: 1,
    instructions: 0,
    ranges: 0,
    sourceRanges: 0,
    folded: 0,
    ...facts,
  };
}

/** One character, in all its cases. */
const character = (length: number) => token('part', length, { instructions: 1, ranges: 4 });

function classToken(length: number, ranges: number, folded = 0, sourceRanges = ranges): Token {
  return token('part', length, { instructions: 1, ranges, folded, sourceRanges });
}

function tokenAt(text: string, at: number, ignoresCase: boolean): Token {
  switch (text[at]) {
    case '\\':
      return escapeAt(text, at);
    case '[':
      return classAt(text, at, ignoresCase);
    case '(':
      return groupAt(text, at);
    case ')':
      return token('close', 1);
    case '|':
      // A branch, and perhaps one that is empty.
      return token('part', 1, { instructions: 2 });
    case '*':
    case '+':
    case '?':
      return token('repeat', 1);
    case '{':
      return repeatAt(text, at);
    case '.':
      return classToken(1, 2);
    default:
      return character(text.codePointAt(at) === text.charCodeAt(at) ? 1 : 2);
  }
}

/** A capture has two ends, and what is in it may be nothing, which is an instruction too. */
const capture = { instructions: 3 };
const group = { instructions: 1 };

function groupAt(text: string, at: number): Token {
  const flags = matchAt(/\(\?[A-Za-z-]*([:)])/y, text, at);
  if (flags !== null)
    return flags[1] === ')'
      ? token('silent', flags[0].length)
      : token('open', flags[0].length, group);
  const named = matchAt(/\(\?P?<\w*>/y, text, at);
  return token('open', named?.[0].length ?? 1, capture);
}

function repeatAt(text: string, at: number): Token {
  const repeat = matchAt(/\{(0|[1-9]\d{0,7})(?:(,)(0|[1-9]\d{0,7})?)?\}/y, text, at);
  if (repeat === null) return character(1);
  const times = Math.max(1, Number(repeat[1]), Number(repeat[3] ?? 0));
  return token('repeat', repeat[0].length, { times: Math.min(times, maxRepeat) });
}

function escapeAt(text: string, at: number): Token {
  if (text[at + 1] === 'Q') return quotedAt(text, at);
  const named = matchAt(/\\[pP](?:\{[^}]*\}|[^{])?/suy, text, at);
  if (named !== null) return classToken(named[0].length, maxNamedRanges);
  if (/[dDsSwW]/.test(text[at + 1] ?? '')) return classToken(2, 8, 128);
  return character(codeAt(text, at).length);
}

/** The last of the quoted characters is the one that is repeated; of none it is what was before. */
function quotedAt(text: string, at: number): Token {
  const end = text.indexOf('\\E', at + 2);
  const quoted = end === -1 ? text.length - at - 2 : end - at - 2;
  const length = end === -1 ? quoted + 2 : quoted + 4;
  if (quoted === 0) return token('silent', length);
  return token('part', length, { instructions: quoted, ranges: 4 * quoted });
}

/** A class between brackets: its ranges, and how many characters it folds. */
function classAt(text: string, start: number, ignoresCase: boolean): Token {
  let at = start + (text[start + 1] === '^' ? 2 : 1);
  let ranges = 2;
  let folded = 0;
  for (let isFirst = true; at < text.length && (isFirst || text[at] !== ']'); isFirst = false) {
    const named = matchAt(/\[:\^?\w*:\]|\\[dDsSwW]/y, text, at);
    const unicode = named ?? matchAt(/\\[pP](?:\{[^}]*\}|[^{])?/suy, text, at);
    if (unicode !== null) {
      at += unicode[0].length;
      ranges += named === null ? maxNamedRanges : 40;
      folded += named === null ? 0 : 128;
      continue;
    }
    const low = codeAt(text, at);
    at += low.length;
    let high = low;
    if (text[at] === '-' && text[at + 1] !== ']') {
      high = codeAt(text, at + 1);
      at += 1 + high.length;
    }
    const width = Math.max(0, high.max - low.min) + 1;
    ranges += ignoresCase ? 1 + Math.min(3 * width, maxFoldedRanges) : 1;
    folded += ignoresCase ? width : 0;
  }
  return classToken(at + 1 - start, ranges, folded);
}

/** A character of a class or an escape, and the bounds of its code. */
interface Code {
  readonly min: number;
  readonly max: number;
  readonly length: number;
}

function codeAt(text: string, at: number): Code {
  if (text[at] !== '\\') {
    const code = text.codePointAt(at) ?? maxRune;
    return { min: code, max: code, length: code > 0xffff ? 2 : 1 };
  }
  const escaped = matchAt(/\\(?:x\{([\da-fA-F]+)\}|x([\da-fA-F]{2})|([0-7]{1,3}))/y, text, at);
  if (escaped === null) return { min: 0, max: text.codePointAt(at + 1) ?? 0, length: 2 };
  const [all, long, short, octal = ''] = escaped;
  const hex = long ?? short;
  const code = hex === undefined ? Number.parseInt(octal, 8) : Number.parseInt(hex, 16);
  return { min: code, max: code, length: all.length };
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
