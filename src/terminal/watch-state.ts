import { keyOf } from '../page/browser/session.ts';
import type { Key } from './keys.ts';
import { byNextColumn, orderRows, type SessionOrder } from './session-order.ts';
import type { SessionRow } from './session-table.ts';

/** What somebody who watches sessions by the keyboard has chosen. */
export interface WatchState {
  readonly order: SessionOrder;
  /** The selected session, by its identity: another one never takes its place. */
  readonly selected: string | null;
  /** Where in the list it was, for the next step when it is gone. */
  readonly index: number;
  readonly mode: 'list' | 'filter' | 'help' | 'question';
  /** The session that is asked about. */
  readonly target: SessionRow | null;
  /** What came of the last key. */
  readonly message: string;
}

/** What a key asks the program for. */
export type WatchAction = 'quit' | 'suspend' | { readonly end: SessionRow };

export function startWatch(order: SessionOrder): WatchState {
  return { order, selected: null, index: -1, mode: 'list', target: null, message: '' };
}

interface Step {
  readonly state: WatchState;
  readonly action?: WatchAction;
}

/** What a key does; `rows` are all that the last scan saw. */
export function pressKey(state: WatchState, key: Key, rows: readonly SessionRow[]): Step {
  if (key === 'interrupt') return { state, action: 'quit' };
  if (key === 'suspend') return { state, action: 'suspend' };
  if (state.mode === 'help') return { state: { ...state, mode: 'list' } };
  if (state.mode === 'filter') return { state: typeFilter(state, key) };
  if (state.mode === 'question') return answer(state, key);
  return pressInList({ ...state, message: '' }, key, rows);
}

/** Nothing but "y" is a yes. */
function answer(state: WatchState, key: Key): Step {
  const { target } = state;
  const list: WatchState = { ...state, mode: 'list', target: null };
  if (target !== null && key === 'y') return { state: list, action: { end: target } };
  return { state: { ...list, message: 'Nothing was ended.' } };
}

function typeFilter(state: WatchState, key: Key): WatchState {
  const { text } = state.order;
  const withText = (to: string): WatchState => ({ ...state, order: { ...state.order, text: to } });
  if (key === 'enter') return { ...state, mode: 'list' };
  if (key === 'escape') return { ...withText(''), mode: 'list' };
  if (key === 'backspace') return withText([...text].slice(0, -1).join(''));
  return [...key].length === 1 ? withText(`${text}${key}`) : state;
}

const page = 10;

function pressInList(state: WatchState, key: Key, rows: readonly SessionRow[]): Step {
  const { order } = state;
  const ordered = (to: SessionOrder): Step => ({ state: { ...state, order: to } });
  switch (key) {
    case 'q':
      return { state, action: 'quit' };
    case '?':
    case 'h':
      return { state: { ...state, mode: 'help' } };
    case 's':
      return ordered(byNextColumn(order));
    case 'r':
      return ordered({ ...order, isReversed: !order.isReversed });
    case 'a':
      return ordered({ ...order, isActive: !order.isActive });
    case '/':
      return { state: { ...state, mode: 'filter' } };
    case 'escape':
      return { state: { ...state, selected: null, order: { ...order, text: '' } } };
    case 'up':
      return move(state, rows, (index) => index - 1);
    case 'down':
      return move(state, rows, (index) => index + 1);
    case 'page-up':
      return move(state, rows, (index) => index - page);
    case 'page-down':
      return move(state, rows, (index) => index + page);
    case 'home':
      return move(state, rows, () => 0);
    case 'end':
      return move(state, rows, () => rows.length);
    case 'e':
      return ask(state, rows);
    default:
      return { state };
  }
}

function move(
  state: WatchState,
  rows: readonly SessionRow[],
  step: (index: number) => number,
): Step {
  const shown = orderRows(rows, state.order);
  if (shown.length === 0) return { state: { ...state, selected: null, index: -1 } };
  const here = shown.findIndex((row) => keyOf(row) === state.selected);
  const index = Math.min(Math.max(0, step(here < 0 ? state.index : here)), shown.length - 1);
  const row = shown[index];
  return { state: { ...state, index, selected: row === undefined ? null : keyOf(row) } };
}

function ask(state: WatchState, rows: readonly SessionRow[]): Step {
  const target = orderRows(rows, state.order).find((row) => keyOf(row) === state.selected);
  if (target !== undefined) return { state: { ...state, mode: 'question', target } };
  const message = 'Select the session to end first, by the arrow keys.';
  return { state: { ...state, message } };
}
