import { byId } from './dom.ts';
import { keyOf, type Session } from './session.ts';
import {
  makeRow,
  type RowActions,
  type SessionRow,
  updateDurations,
  updateRow,
} from './session-row.ts';

/** How the table is shown. */
export interface TableState {
  /** The keys of the sessions that were asked to end. */
  readonly ending: ReadonlySet<string>;
  /** What is seen may be over, and nothing can be ended. */
  readonly isLost: boolean;
}

export interface SessionTable {
  /** Shows these sessions, in this order. */
  show(sessions: readonly Session[], state: TableState): void;
  /** Time has passed. */
  tick(): void;
}

/**
 * The rows of the table, one element a session for as long as it is shown: what the reader has in
 * focus or selected stays while the rows around it come, go and change places.
 */
export function createSessionTable(actions: RowActions): SessionTable {
  const body = byId('rows', HTMLTableSectionElement);
  sayRoles(byId('table', HTMLTableElement));
  const rows = new Map<string, SessionRow>();

  function rowFor(session: Session, { ending, isLost }: TableState): HTMLElement {
    const key = keyOf(session);
    const row = rows.get(key) ?? makeRow(session, actions);
    rows.set(key, row);
    updateRow(row, session, { isEnding: ending.has(key), isLost });
    return row.element;
  }

  function removeAllBut(sessions: readonly Session[]): void {
    const wanted = new Set(sessions.map(keyOf));
    for (const [key, row] of rows) {
      if (wanted.has(key)) continue;
      passFocusOn(row);
      row.element.remove();
      rows.delete(key);
    }
  }

  return {
    show: (sessions, state) => {
      removeAllBut(sessions);
      arrange(
        body,
        sessions.map((session) => rowFor(session, state)),
      );
    },
    tick: () => {
      for (const row of rows.values()) updateDurations(row);
    },
  };
}

/** Where rows are shown as cards the style takes the elements' own roles away. */
function sayRoles(table: HTMLTableElement): void {
  table.setAttribute('role', 'table');
  for (const section of [table.tHead, ...table.tBodies]) section?.setAttribute('role', 'rowgroup');
  for (const row of table.rows) row.setAttribute('role', 'row');
}

/** Who stood on a row that goes stands on its neighbour then, not at the beginning of the page. */
function passFocusOn({ element }: SessionRow): void {
  const focused = document.activeElement;
  if (focused === null || !element.contains(focused)) return;
  const neighbour = element.nextElementSibling ?? element.previousElementSibling;
  const button = neighbour?.querySelector<HTMLElement>(`button.${focused.classList[0]}`);
  (button ?? byId('heading', HTMLElement)).focus();
}

/**
 * Puts the rows into this order. An element that is moved loses focus and selection, so the row that
 * has them stays in its place and the others are put around it.
 */
export function arrange(body: HTMLElement, rows: readonly HTMLElement[]): void {
  const selected = document.getSelection()?.anchorNode ?? null;
  const kept =
    rows.find((row) => row.contains(document.activeElement)) ??
    rows.find((row) => row.contains(selected));
  let next: Element | null = null;
  for (const row of rows.toReversed()) {
    const isInPlace = row.parentNode === body && row.nextElementSibling === next;
    if (!isInPlace && row !== kept) body.insertBefore(row, next);
    next = row;
  }
}
