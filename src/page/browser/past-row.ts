import { make } from './dom.ts';
import { formatDuration } from './formats.ts';
import { bytesText, times } from './formats-here.ts';
import type { PastFile, PastSession } from './past-session.ts';
import { locale, text } from './texts.ts';

/** The columns of sessions that were, by the class of their cells. */
export const pastColumns = [
  ['user', text('user')],
  ['owner', text('owner')],
  ['from', text('from')],
  ['since', text('connected')],
  ['lasted', text('pastFor')],
  ['ending', text('pastEnd')],
  ['bytes', text('pastBytes')],
  ['files', text('pastFiles')],
] as const;

/** A row; its button, where the session has transferred something, calls with the row itself. */
export function makePastRow(
  session: PastSession,
  onFiles: (session: PastSession, row: HTMLElement, button: HTMLElement) => void,
): HTMLElement {
  const { user, owner, host, started_at: at, bytes, transfers } = session;
  const row = make('tr');
  const since = make('time', '', times.short(at) || text('unknown'));
  if (at !== null) [since.dateTime, since.title] = [at, times.long(at)];
  const values: Readonly<Record<(typeof pastColumns)[number][0], Node | string>> = {
    user: make('bdi', '', user ?? text('unknownUser')),
    owner: make('bdi', '', owner ?? text('unknown')),
    from: host ?? text('unknown'),
    since,
    lasted: span(session.duration_seconds),
    ending: endingOf(session),
    bytes: bytes === null ? text('unknown') : bytesText(bytes),
    files: transfers === null ? text('unknown') : String(transfers),
  };
  for (const [name, label] of pastColumns) {
    const button = name === 'files' && transfers ? filesButton(session) : null;
    button?.addEventListener('click', () => onFiles(session, row, button));
    const cell = make('td', name, make('span', 'value', button ?? values[name]));
    cell.setAttribute('role', 'cell');
    cell.dataset['label'] = label;
    // The owner's column is not there at every width.
    if (name === 'user' && session.server !== undefined) {
      cell.append(make('bdi', 'more', session.server));
    }
    row.append(cell);
  }
  row.setAttribute('role', 'row');
  return row;
}

/**
 * The row below a session's, with what is to be said about its files, and these; null where they are
 * not known.
 */
export function makeFilesRow(
  files: readonly PastFile[] | null,
  notes: readonly string[],
): HTMLElement {
  const items = (files ?? []).map(({ finished_at: at, direction, bytes, complete, file }) => {
    const facts = [
      times.short(at),
      text(direction === 'upload' ? 'statusUL' : 'statusDL'),
      bytesText(bytes),
    ];
    if (complete === 0) facts.push(text('pastBrokenOff'));
    return make('li', '', make('bdi', '', file), ` (${facts.filter(Boolean).join(', ')})`);
  });
  const cell = make('td', 'list', ...notes.map((note) => make('p', '', note)));
  if (items.length > 0) cell.append(make('ul', '', ...items));
  else if (files !== null) cell.append(text('pastNoFiles'));
  cell.colSpan = pastColumns.length;
  cell.setAttribute('role', 'cell');
  const row = make('tr', '', cell);
  row.setAttribute('role', 'row');
  return row;
}

function filesButton({ transfers, user, host, started_at: at }: PastSession) {
  const label = text('pastFileCount', { count: transfers ?? 0 });
  const button = make('button', '', label);
  button.type = 'button';
  button.setAttribute('aria-expanded', 'false');
  const [who, from] = [user ?? text('unknownUser'), host ?? text('unknown')];
  const since = times.short(at) || text('unknown');
  button.setAttribute('aria-label', text('pastFilesOf', { files: label, user: who, from, since }));
  return button;
}

const endings = {
  left: 'pastLeft',
  cut: 'pastCut',
  ended: 'pastEnded',
  'daemon-gone': 'pastDaemonGone',
  unknown: 'unknown',
} as const;

function endingOf({ end, ended_by: by }: PastSession): string {
  if (end === null) return text('pastConnected');
  return end === 'ended' && by !== null ? text('pastEndedBy', { by }) : text(endings[end]);
}

function span(seconds: number | null): string {
  return seconds === null ? text('unknown') : formatDuration(seconds, locale);
}
