import { announce } from './announcer.ts';
import { byId, setItems, setText } from './dom.ts';
import type { FleetNotes } from './fleet-view.ts';
import type { Result, Session } from './session.ts';
import { type TextName, text } from './texts.ts';

const view = byId('sessions', HTMLElement);
const failure = byId('failure', HTMLElement);
const failureHeading = byId('failure-heading', HTMLElement);
const failureTexts = byId('failure-texts', HTMLElement);
const warnings = byId('warnings', HTMLElement);
const warningTexts = byId('warning-texts', HTMLElement);
const empty = byId('empty', HTMLElement);
const emptyHeading = byId('empty-text', HTMLElement);
const connectHelp = byId('connect', HTMLElement);
const count = byId('shown', HTMLElement);

/** Failures that the reader is told in words of the page, by their code. */
const explained: Readonly<Record<string, readonly [heading: TextName, note: TextName]>> = {
  'role-disabled': ['roleOff', 'roleOffNote'],
  'feature-missing': ['featureMissing', 'featureMissingNote'],
};

/** What the screen reader was announced last. */
let announced = '';

/** Shows all that is to be said about a list: why there is none, its warnings, its size. */
export function showNotes(
  result: Result<readonly Session[]> | null,
  sessions: number,
  shown: number,
  fleet: FleetNotes | null,
): void {
  const [heading, errors] = failureOf(result);
  const hasFailed = errors.length > 0;
  const cautions = fleet?.warnings ?? result?.warnings ?? [];
  const noSession = sessions > 0 ? '' : (fleet?.emptyText ?? text('nobody'));
  // Without a list there is nothing to count, to filter or to end.
  setState(stateOf(result, hasFailed, sessions));
  failure.hidden = !hasFailed;
  failure.classList.toggle('bad', heading === text('failed'));
  setText(failureHeading, heading);
  setItems(failureTexts, errors);
  warnings.hidden = cautions.length === 0;
  setItems(warningTexts, cautions);
  empty.hidden = shown > 0 || result === null || hasFailed;
  setText(emptyHeading, fleet && noSession ? noSession : emptyText(sessions, cautions.length > 0));
  connectHelp.hidden = sessions > 0 || fleet !== null;
  setText(count, hasFailed || sessions === 0 ? '' : countText(shown, sessions));
  announceOnce(
    result === null
      ? ''
      : spoken(hasFailed ? [heading, ...errors] : [], sessions, noSession, cautions),
  );
}

/** Without sessions there is nothing to sort either. */
function stateOf(result: Result<unknown> | null, hasFailed: boolean, sessions: number): string {
  if (result === null) return 'waiting';
  if (hasFailed) return 'failed';
  return sessions === 0 ? 'empty' : 'listed';
}

function setState(state: string): void {
  if (view.dataset['list'] !== state) view.dataset['list'] = state;
}

/** Heading and texts of a failure; no texts for none. */
function failureOf(result: Result<unknown> | null): [heading: string, texts: readonly string[]] {
  if (result?.status !== 0) return ['', []];
  const code = result.metadata?.error_codes?.[0] ?? '';
  const known = explained[code];
  if (known !== undefined) return [text(known[0]), [text(known[1])]];
  return [text('failed'), result.errors ?? [text('unknown')]];
}

function countText(shown: number, sessions: number): string {
  return shown === sessions
    ? text('sessionCount', { count: sessions })
    : text('shown', { shown, count: sessions });
}

/** Nobody is there only where nothing was hidden from the look. */
function emptyText(sessions: number, isCautioned: boolean): string {
  if (sessions > 0) return text('noMatch');
  return isCautioned ? text('nothingSeen') : text('nobody');
}

function spoken(
  errors: readonly string[],
  sessions: number,
  noSession: string,
  cautions: readonly string[],
): string {
  const list = noSession || text('nowConnected', { count: sessions });
  return [...errors, ...(errors.length > 0 ? [] : [list]), ...cautions].join(' ');
}

function announceOnce(words: string): void {
  if (words === announced) return;
  announced = words;
  if (words !== '') announce(words);
}
