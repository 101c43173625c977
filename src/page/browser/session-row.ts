import { make, setAttribute, setText } from './dom.ts';
import { formatBytes, type Times } from './formats.ts';
import type { Session } from './session.ts';
import { texts } from './texts.ts';

/** A session's row of the table. */
export interface SessionRow {
  readonly element: HTMLTableRowElement;
  readonly button: HTMLButtonElement;
  /** What it shows. */
  session: Session;
}

interface Cells {
  readonly user: HTMLElement;
  readonly encrypted: HTMLElement;
  readonly owner: HTMLElement;
  readonly from: HTMLElement;
  readonly since: HTMLTimeElement;
  readonly status: HTMLElement;
  readonly file: HTMLElement;
  readonly bar: HTMLProgressElement;
  readonly percent: HTMLElement;
  readonly moved: HTMLElement;
  readonly rate: HTMLElement;
}

const cellsOf = new WeakMap<SessionRow, Cells>();

/** Makes a row for a session, still empty; `onEnd` is called when its button is pressed. */
export function makeRow(session: Session, onEnd: (session: Session) => void): SessionRow {
  // What comes from FTP clients may be written from right to left: it must not turn its neighbours.
  const cells: Cells = {
    user: make('bdi', 'name'),
    encrypted: make('span', 'tag', texts.encrypted),
    owner: make('bdi'),
    from: make('span', 'address'),
    since: make('time'),
    status: make('span', 'status'),
    file: make('bdi'),
    bar: make('progress'),
    percent: make('span', 'percent'),
    moved: make('span', 'moved'),
    rate: make('span'),
  };
  cells.bar.max = 100;
  cells.encrypted.title = texts.encryptedNote;
  const button = make('button', 'danger quiet', texts.end);
  button.type = 'button';
  const element = make(
    'tr',
    '',
    cell('user', texts.user, cells.user, cells.encrypted),
    cell('owner', texts.owner, cells.owner),
    cell('from', texts.from, cells.from),
    cell('since', texts.since, cells.since),
    cell('state', texts.status, cells.status),
    cell('file', texts.file, cells.file),
    cell('progress', texts.progress, cells.bar, cells.percent, ' ', cells.moved),
    cell('rate', texts.rate, cells.rate),
    cell('action', '', button),
  );
  element.setAttribute('role', 'row');
  const row: SessionRow = { element, button, session };
  cellsOf.set(row, cells);
  button.addEventListener('click', () => onEnd(row.session));
  return row;
}

/** `label` stands before the value where the table is shown as cards. */
function cell(className: string, label: string, ...children: (Node | string)[]) {
  const element = make('td', className, make('span', 'value', ...children));
  element.setAttribute('role', 'cell');
  if (label !== '') element.dataset['label'] = label;
  return element;
}

/** How a row is to be shown. */
export interface RowOptions {
  readonly times: Times;
  /** It was asked for its end. */
  readonly isEnding: boolean;
}

/** Writes what has changed into the row, and nothing else. */
export function updateRow(
  row: SessionRow,
  session: Session,
  { times, isEnding }: RowOptions,
): void {
  const cells = cellsOf.get(row);
  if (cells === undefined) return;
  row.session = session;
  const user = session.user || texts.unknownUser;
  const from = session.host || texts.unknown;
  const since = times.short(session.started_at) || texts.unknown;
  const file = session.file ?? texts.unknown;
  setText(cells.user, user);
  setAttribute(cells.user, 'title', user);
  cells.encrypted.hidden = session.protocol !== 'ftps';
  setText(cells.owner, session.owner);
  setText(cells.from, from);
  setText(cells.since, since);
  setAttribute(cells.since, 'datetime', session.started_at);
  setAttribute(cells.since, 'title', times.long(session.started_at) || null);
  setText(cells.status, isSending(session) ? texts.sending : texts.statuses[session.status]);
  setAttribute(row.element, 'data-status', session.status);
  setText(cells.file, file);
  setAttribute(cells.file, 'title', session.path || file || null);
  // Disabled it would lose the focus.
  setAttribute(row.button, 'aria-disabled', isEnding ? 'true' : null);
  setAttribute(row.button, 'aria-label', isEnding ? null : texts.endOf(user, from, since));
  setText(row.button, isEnding ? texts.ending : texts.end);
  updateProgress(cells, session);
}

/** The size of an upload is not known: its bar has no value and moves by itself. */
function updateProgress(cells: Cells, session: Session): void {
  const { file, status, percent, bytes_moved, bytes_total, rate_bytes_per_second } = session;
  cells.bar.hidden = status === 'IDLE';
  setAttribute(cells.bar, 'value', percent === null ? null : String(percent));
  setAttribute(cells.bar, 'aria-label', texts.progressOf(file || texts.unknown));
  setText(cells.percent, percent === null ? '' : texts.percent(Math.floor(percent)));
  setText(
    cells.moved,
    isSending(session) ? leftText(session) : movedText(bytes_moved, bytes_total),
  );
  setText(
    cells.rate,
    rate_bytes_per_second === null ? '' : texts.perSecond(formatBytes(rate_bytes_per_second)),
  );
}

/** The server has done with a download, and the client does not have all of it yet. */
function isSending({ status, unsent_bytes }: Session): boolean {
  return status === 'IDLE' && unsent_bytes !== null;
}

function leftText({ unsent_bytes }: Session): string {
  return texts.bytesLeft(formatBytes(unsent_bytes ?? 0));
}

function movedText(moved: number | null, total: number | null): string {
  if (moved === null) return '';
  if (total === null) return formatBytes(moved);
  return texts.movedOf(formatBytes(moved), formatBytes(total));
}
