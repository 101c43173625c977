import { askFtp } from './api.ts';
import { byId, make, setText } from './dom.ts';
import { rateText, sinceText, times } from './formats-here.ts';
import { keyOf, type Session } from './session.ts';
import { progressText, statusText } from './session-row.ts';
import { type TextName, text } from './texts.ts';

/* All that is known of one session, for as long as the reader looks at it. */

const dialog = byId('details', HTMLDialogElement);
const heading = byId('details-heading', HTMLElement);
const list = byId('details-list', HTMLDListElement);
const goneNote = byId('details-gone', HTMLElement);

/** What the stream does not tell, since few look at it. */
interface Rest {
  readonly remote_port: number | null;
  readonly local_port: number | null;
  readonly directory: string | null;
  readonly command: string | null;
  readonly container: string | null;
}

let session: Session | null = null;
let rest: Rest | null = null;
const values = new Map<TextName, HTMLElement>();

/** Shows a session's details; what the list does not have is asked for. */
export async function openDetails(chosen: Session, securityToken: string): Promise<void> {
  [session, rest] = [chosen, null];
  values.clear();
  list.replaceChildren();
  render(false);
  dialog.showModal();
  heading.focus();
  const rows = await askFtp<readonly (Rest & Session)[]>(securityToken, 'list_transfers', {
    ...(chosen.server === undefined ? {} : { server: chosen.server }),
    'api.filter': '1',
    'api.filter_column': 'pid',
    'api.filter_type': 'eq',
    'api.filter_term': String(chosen.pid),
  });
  if (session === null || keyOf(session) !== keyOf(chosen)) return;
  rest = rows?.find((row) => keyOf(row) === keyOf(chosen)) ?? null;
  render(false);
}

/** The sessions are these now. */
export function updateDetails(sessions: readonly Session[]): void {
  if (session === null || !dialog.open) return;
  const key = keyOf(session);
  const now = sessions.find((each) => keyOf(each) === key);
  session = now ?? session;
  render(now === undefined);
}

export function closeDetails(): void {
  session = null;
  dialog.close();
}

function render(isGone: boolean): void {
  if (session === null) return;
  setText(heading, session.user || text('unknownUser'));
  goneNote.hidden = !isGone;
  for (const [name, value] of facts(session, rest)) write(name, value);
}

function facts(of: Session, more: Rest | null): [TextName, string][] {
  const address = of.host ?? '';
  const port = more?.remote_port ?? null;
  const began = times.long(of.started_at);
  return [
    ['server', of.server ?? ''],
    ['owner', of.owner],
    ['status', sincePhrase('statusFor', 'status', statusText(of), of.status_since)],
    ['connected', sincePhrase('connectedFor', 'time', began, of.started_at)],
    ['path', of.path || of.file || ''],
    ['progress', progressText(of)],
    ['rate', of.rate_bytes_per_second === null ? '' : rateText(of.rate_bytes_per_second)],
    ['client', port === null ? address : text('clientAt', { address, port: String(port) })],
    ['serverPort', more?.local_port ? String(more.local_port) : ''],
    ['protocol', of.protocol === null ? text('protocolUnknown') : of.protocol.toUpperCase()],
    ['directory', more?.directory ?? ''],
    ['command', more?.command ?? ''],
    ['container', more?.container ?? ''],
    ['process', String(of.pid)],
  ];
}

function sincePhrase(name: TextName, what: string, value: string, since: string | null): string {
  const duration = sinceText(since);
  return duration === '' ? value : text(name, { [what]: value, duration });
}

/** Writes a fact; one that is not known any more is hidden. */
function write(name: TextName, value: string): void {
  let element = values.get(name);
  if (element === undefined) {
    element = make('bdi');
    values.set(name, element);
    list.append(make('div', '', make('dt', '', text(name)), make('dd', '', element)));
  }
  setText(element, value);
  const row = element.closest('div');
  if (row !== null) row.hidden = value === '';
}
