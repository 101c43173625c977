import { maxPartBytes, maxParts } from '../messages/answer.ts';
import type { AskResult } from './transport.ts';

/** Which part of how many. */
export interface Place {
  readonly part: number;
  readonly parts: number;
}

/** Collects the parts of one answer, in whatever order they come. */
export interface PartCollector {
  /** Settles once; whatever comes later is extra. */
  readonly result: Promise<AskResult>;
  add(place: Place, body: Uint8Array): void;
  /** Ends it, unless it has ended. */
  end(kind: 'absent' | 'silent' | 'lost'): void;
}

export function collectParts(onExtra: (part: Uint8Array) => void): PartCollector {
  let settle: (result: AskResult) => void = () => {};
  const result = new Promise<AskResult>((resolve) => {
    settle = resolve;
  });
  let found: Map<number, Uint8Array> | null = null;
  let expected: number | null = null;
  let isDone = false;

  function finish(outcome: AskResult): void {
    if (isDone) return;
    isDone = true;
    settle(outcome);
  }

  return {
    result,
    add: ({ part, parts }, body) => {
      if (body.length > maxPartBytes) return;
      // The same part twice, or of an answer of another length: somebody else answers, too.
      if (isDone || found?.has(part) || parts !== (expected ?? parts)) return onExtra(body);
      if (parts === 1) return finish({ kind: 'answer', parts: [body] });
      expected = parts;
      found ??= new Map();
      const all = found.set(part, body);
      if (all.size < parts) return;
      const inOrder = Array.from({ length: parts }, (_, index) => all.get(index + 1));
      finish({ kind: 'answer', parts: inOrder.filter((each) => each !== undefined) });
    },
    end: (kind) => finish({ kind }),
  };
}

/** "2/3", as it stands beside a part; null for any other text. */
export function readPlace(text: string): Place | null {
  const [, first = '', second = ''] = /^(\d{1,2})\/(\d{1,2})$/.exec(text) ?? [];
  const place = { part: Number(first), parts: Number(second) };
  const isPlace = place.part >= 1 && place.part <= place.parts && place.parts <= maxParts;
  return isPlace ? place : null;
}
