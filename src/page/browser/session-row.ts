import { make, setAttribute, setText } from './dom.ts';
import { bytesText, rateText, sinceText, times } from './formats-here.ts';
import type { Session } from './session.ts';
import { text } from './texts.ts';

/** A session's row of the table. */
export interface SessionRow {
  readonly element: HTMLTableRowElement;
  /** Opens the details. */
  readonly name: HTMLButtonElement;
  /** Ends the session. */
  readonly button: HTMLButtonElement;
  /** What it shows. */
  session: Session;
}

interface Cells {
  readonly user: HTMLElement;
  readonly encrypted: HTMLElement;
  readonly place: HTMLElement;
  readonly owner: HTMLElement;
  readonly from: HTMLElement;
  readonly since: HTMLTimeElement;
  readonly duration: HTMLElement;
  readonly status: HTMLElement;
  readonly statusDuration: HTMLElement;
  readonly file: HTMLElement;
  readonly bar: HTMLProgressElement;
  readonly percent: HTMLElement;
  readonly moved: HTMLElement;
  readonly rate: HTMLElement;
}

const cellsOf = new WeakMap<SessionRow, Cells>();

/** What the reader may ask of a row. */
export interface RowActions {
  onDetails(session: Session): void;
  onEnd(session: Session): void;
}

/** Makes a row for a session, still empty. */
export function makeRow(session: Session, { onDetails, onEnd }: RowActions): SessionRow {
  // What comes from FTP clients may be written from right to left: it must not turn its neighbours.
  const cells: Cells = {
    user: make('bdi'),
    encrypted: make('span', 'tag', text('encrypted')),
    place: make('bdi', 'more place'),
    owner: make('bdi'),
    from: make('bdi', 'address'),
    since: make('time'),
    duration: make('span', 'more'),
    status: make('span', 'status'),
    statusDuration: make('span', 'more'),
    file: make('bdi'),
    bar: make('progress'),
    percent: make('span', 'percent'),
    moved: make('span', 'moved'),
    rate: make('span'),
  };
  cells.bar.max = 100;
  cells.encrypted.title = text('encryptedNote');
  const name = makeButton('name', cells.user);
  name.setAttribute('aria-haspopup', 'dialog');
  const button = makeButton('end', text('end'));
  const element = make(
    'tr',
    '',
    cell('user', text('user'), make('span', 'who', name, cells.encrypted), cells.place),
    ...(session.server === undefined
      ? []
      : [cell('server', text('server'), make('bdi', '', session.server))]),
    cell('owner', text('owner'), cells.owner),
    cell('from', text('from'), cells.from),
    cell('since', text('since'), cells.since, cells.duration),
    cell('state', text('status'), cells.status, cells.statusDuration),
    cell('file', text('file'), cells.file),
    cell('progress', text('progress'), cells.bar, cells.percent, ' ', cells.moved),
    cell('rate', text('rate'), cells.rate),
    cell('action', '', button),
  );
  element.setAttribute('role', 'row');
  const row: SessionRow = { element, name, button, session };
  cellsOf.set(row, cells);
  name.addEventListener('click', () => onDetails(row.session));
  button.addEventListener('click', () => onEnd(row.session));
  return row;
}

function makeButton(className: string, ...children: (Node | string)[]): HTMLButtonElement {
  const button = make('button', className, ...children);
  button.type = 'button';
  return button;
}

/** `label` is what a screen reader says before the value where the table is shown as cards. */
function cell(className: string, label: string, ...children: (Node | string)[]) {
  const element = make('td', className, make('span', 'value', ...children));
  element.setAttribute('role', 'cell');
  if (label !== '') element.dataset['label'] = label;
  return element;
}

/** How a row is to be shown. */
export interface RowOptions {
  /** It was asked for its end. */
  readonly isEnding: boolean;
  /** Nothing can be ended now. */
  readonly isLost: boolean;
}

/** Writes what has changed into the row, and nothing else. */
export function updateRow(row: SessionRow, session: Session, options: RowOptions): void {
  const cells = cellsOf.get(row);
  if (cells === undefined) return;
  const { isEnding, isLost } = options;
  row.session = session;
  const user = session.user || text('unknownUser');
  const from = session.host || text('unknown');
  const since = times.short(session.started_at) || text('unknown');
  const file = session.file ?? text('unknown');
  setText(cells.user, user);
  setAttribute(row.name, 'title', user);
  setAttribute(row.name, 'aria-label', onServer(text('detailsOf', { user }), session));
  cells.encrypted.hidden = session.protocol !== 'ftps';
  setText(cells.place, placeText(session, from));
  setText(cells.owner, session.owner);
  setAttribute(cells.owner, 'title', session.owner);
  setText(cells.from, from);
  setAttribute(cells.from, 'title', from);
  setText(cells.since, since);
  setAttribute(cells.since, 'datetime', session.started_at);
  setAttribute(cells.since, 'title', times.long(session.started_at) || null);
  setText(cells.status, statusText(session));
  setAttribute(row.element, 'data-status', session.status);
  setText(cells.file, file);
  setAttribute(cells.file, 'title', session.path || file || null);
  // Disabled it would lose the focus.
  setAttribute(row.button, 'aria-disabled', isEnding || isLost ? 'true' : null);
  const end = onServer(text('endOf', { user, from, since }), session);
  setAttribute(row.button, 'aria-label', isEnding ? null : end);
  setText(row.button, isEnding ? text('ending') : text('end'));
  updateProgress(cells, session);
  updateDurations(row);
}

/** Writes how long ago what the row shows began. */
export function updateDurations(row: SessionRow): void {
  const cells = cellsOf.get(row);
  if (cells === undefined) return;
  setText(cells.duration, sinceText(row.session.started_at));
  setText(cells.statusDuration, sinceText(row.session.status_since));
}

/** The name of a button, which at a gateway says also on which server the session is. */
function onServer(name: string, { server }: Session): string {
  return server === undefined ? name : `${name}, ${text('server')} ${server}`;
}

/** What a session does, in a word. */
export function statusText(session: Session): string {
  return isSending(session) ? text('sending') : text(`status${session.status}`);
}

/** Where the table has no room for the columns. */
function placeText({ server, user, owner }: Session, from: string): string {
  const others = owner === '' || owner === user ? [] : [owner];
  return [...(server === undefined ? [] : [server]), from, ...others].join(' · ');
}

/** The size of an upload is not known: its bar has no value and moves by itself. */
function updateProgress(cells: Cells, session: Session): void {
  const { file, status, percent, rate_bytes_per_second } = session;
  cells.bar.hidden = status === 'IDLE';
  setAttribute(cells.bar, 'value', percent === null ? null : String(percent));
  setAttribute(cells.bar, 'aria-label', text('progressOf', { file: file || text('unknown') }));
  setText(cells.percent, percent === null ? '' : text('percent', { percent: Math.floor(percent) }));
  setText(cells.moved, progressText(session));
  setText(cells.rate, rate_bytes_per_second === null ? '' : rateText(rate_bytes_per_second));
}

/** The server has done with a download, and the client does not have all of it yet. */
function isSending({ status, unsent_bytes }: Session): boolean {
  return status === 'IDLE' && unsent_bytes !== null;
}

/** How much of a transfer is done, or what is left of one that the server has done with. */
export function progressText(session: Session): string {
  const { bytes_moved: moved, bytes_total: total, unsent_bytes: unsent } = session;
  if (isSending(session)) return text('bytesLeft', { bytes: bytesText(unsent ?? 0) });
  if (moved === null) return '';
  if (total === null) return bytesText(moved);
  return text('movedOf', { moved: bytesText(moved), total: bytesText(total) });
}
