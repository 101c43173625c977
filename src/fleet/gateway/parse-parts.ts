import { type AnswerPart, parseAnswerPart } from '../messages/answer.ts';

/**
 * What the parts of one answer say; null where they make none. One is read in a turn of the event loop: of the 64 that a
 * host may send, each may take as long to read as anything is let to. `maxItems` of all of them.
 */
export async function parseParts(
  parts: readonly Uint8Array[],
  maxItems = Number.POSITIVE_INFINITY,
): Promise<readonly AnswerPart[] | null> {
  const read: AnswerPart[] = [];
  let items = 0;
  for (const bytes of parts) {
    const [first] = read;
    if (first !== undefined) await turn();
    const part = parseAnswerPart(bytes);
    if (part === null) return null;
    read.push(part);
    if ('items' in part) items += part.items.length;
    if (items > maxItems) return null;
    if (first === undefined) continue;
    // Of two machines, which is another thing to tell.
    if (part.instance !== first.instance) return read;
    if (!isMoreOf(first, part)) return null;
  }
  return read.length === 0 ? null : read;
}

/** The first part says for all of them what is said once. */
function isMoreOf(first: AnswerPart, part: AnswerPart): boolean {
  if ('items' in first) return 'items' in part;
  return 'sessions' in first && 'sessions' in part && part.head === undefined;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
