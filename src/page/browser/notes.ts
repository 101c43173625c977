import { announce } from './announcer.ts';
import { byId, setItems, setText } from './dom.ts';
import type { Result, Session } from './session.ts';
import { texts } from './texts.ts';

const failure = byId('failure', HTMLElement);
const failureTexts = byId('failure-texts', HTMLElement);
const warnings = byId('warnings', HTMLElement);
const warningTexts = byId('warning-texts', HTMLElement);
const empty = byId('empty', HTMLElement);
const count = byId('shown', HTMLElement);

/** What the screen reader was announced last. */
let announced = '';

/** Shows all that is to be said about a list: why there is none, its warnings, its size. */
export function showNotes(
  result: Result<readonly Session[]> | null,
  sessions: number,
  shown: number,
): void {
  const errors = result?.status === 0 ? (result.errors ?? [texts.unknown]) : [];
  const cautions = result?.warnings ?? [];
  failure.hidden = errors.length === 0;
  setItems(failureTexts, errors);
  warnings.hidden = cautions.length === 0;
  setItems(warningTexts, cautions);
  empty.hidden = shown > 0 || result === null || errors.length > 0;
  setText(empty, emptyText(sessions, cautions.length > 0));
  setText(count, result === null || errors.length > 0 ? '' : texts.shown(shown, sessions));
  announceOnce(
    result === null ? '' : [...errors, texts.nowConnected(sessions), ...cautions].join(' '),
  );
}

/** Nobody is there only where nothing was hidden from the look. */
function emptyText(sessions: number, isCautioned: boolean): string {
  if (sessions > 0) return texts.noMatch;
  return isCautioned ? texts.nothingSeen : texts.nobody;
}

function announceOnce(text: string): void {
  if (text === announced) return;
  announced = text;
  if (text !== '') announce(text);
}
