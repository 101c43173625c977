import { announce } from './announcer.ts';
import { readFtp } from './api.ts';
import { byId, make, setItems, setText } from './dom.ts';
import { readMoment } from './past-moment.ts';
import { makeFilesRow, makePastRow, pastColumns } from './past-row.ts';
import type { PastFile, PastSession } from './past-session.ts';
import { text } from './texts.ts';

/* The tab of the sessions that were. It asks for nothing before somebody opens it. */

/** So many are shown; who wants others asks for a time. */
const maxShown = 200;

const tabs = [byId('tab-now', HTMLButtonElement), byId('tab-history', HTMLButtonElement)] as const;
const panels = [byId('panel-now', HTMLElement), byId('panel-history', HTMLElement)] as const;
/** What belongs to the sessions of now alone. */
const ofNow = [byId('now-bar', HTMLElement)];
const field = byId('history-at', HTMLInputElement);
const rows = byId('history-rows', HTMLTableSectionElement);
const table = byId('history-table', HTMLTableElement);

interface HistoryHandlers {
  /** The login's security token; "" for none. */
  readonly login: () => string;
  readonly onLoginOver: () => void;
}

let handlers: HistoryHandlers;
/** Of several questions the last one is answered. */
let asked = 0;

/** Makes the tabs and the form work. */
export function startHistoryView(given: HistoryHandlers): void {
  handlers = given;
  const headings = byId('history-headings', HTMLTableRowElement);
  headings.replaceChildren(
    ...pastColumns.map(([name, label]) => {
      const heading = make('th', name, label);
      heading.scope = 'col';
      heading.setAttribute('role', 'columnheader');
      return heading;
    }),
  );
  table.setAttribute('role', 'table');
  for (const section of [table.tHead, rows]) section?.setAttribute('role', 'rowgroup');
  headings.setAttribute('role', 'row');
  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener('click', () => open(index));
    tab.addEventListener('keydown', ({ key }) => {
      if (key !== 'ArrowRight' && key !== 'ArrowLeft') return;
      open(1 - index);
      tabs[1 - index]?.focus();
    });
  }
  byId('history-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    void load();
  });
}

/** Nothing of what was seen stays behind the form. */
export function closeHistory(): void {
  asked += 1;
  field.value = '';
  rows.replaceChildren();
  show([], []);
  select(0);
}

function open(index: number): void {
  const wasOpen = tabs[index]?.getAttribute('aria-selected') === 'true';
  select(index);
  if (index === 1 && !wasOpen) void load();
}

function select(index: number): void {
  for (const each of ofNow) each.hidden = index !== 0;
  for (const [at, tab] of tabs.entries()) {
    tab.setAttribute('aria-selected', String(at === index));
    tab.tabIndex = at === index ? 0 : -1;
    const panel = panels[at];
    if (panel !== undefined) panel.hidden = at !== index;
  }
}

async function load(): Promise<void> {
  const written = field.value.trim();
  const at = written === '' ? null : readMoment(written);
  if (written !== '' && at === null) {
    show([text('pastNoTime')], []);
    return;
  }
  asked += 1;
  const question = asked;
  const page = {
    'api.paginate': '1',
    'api.paginate_page': '1',
    'api.paginate_size': String(maxShown),
  };
  const answer = await readFtp<PastSession[]>(handlers.login(), 'list_history', {
    ...page,
    ...(at === null ? {} : { at }),
  });
  if (question !== asked) return;
  if (answer === 'login-over') handlers.onLoginOver();
  else if (answer === 'unreachable') show([text('unreachable')], []);
  else {
    const sessions = answer.data ?? [];
    rows.replaceChildren(
      ...sessions.map((each) => makePastRow(each, (...clicked) => void toggleFiles(...clicked))),
    );
    const errors = answer.status === 0 ? (answer.errors ?? [text('unknown')]) : [];
    show(errors, answer.warnings ?? [], sessions.length);
  }
}

/** Shows what is to be said about the list; `count` is null for none. */
function show(
  errors: readonly string[],
  warnings: readonly string[],
  count: number | null = null,
): void {
  byId('history-failure', HTMLElement).hidden = errors.length === 0;
  setItems(byId('history-failure-texts', HTMLElement), errors);
  byId('history-warnings', HTMLElement).hidden = warnings.length === 0;
  setItems(byId('history-warning-texts', HTMLElement), warnings);
  const isFine = errors.length === 0 && count !== null;
  byId('history-empty', HTMLElement).hidden = !isFine || count > 0;
  const size = text(count === maxShown ? 'pastNewest' : 'sessionCount', { count: count ?? 0 });
  setText(byId('history-shown', HTMLElement), isFine ? size : '');
  const said = [...errors, ...(isFine ? [size] : []), ...warnings].join(' ');
  if (said !== '') announce(said, { isUrgent: true });
}

/** A second click puts them away. */
async function toggleFiles(
  { session, server }: PastSession,
  row: HTMLElement,
  button: HTMLElement,
): Promise<void> {
  if (button.getAttribute('aria-expanded') === 'true') {
    button.setAttribute('aria-expanded', 'false');
    row.nextElementSibling?.remove();
    return;
  }
  button.setAttribute('aria-expanded', 'true');
  const files = make('tr');
  row.after(files);
  const answer = await readFtp<PastFile[]>(handlers.login(), 'list_history_files', {
    session,
    ...(server === undefined ? {} : { server }),
  });
  if (answer === 'login-over') handlers.onLoginOver();
  else if (answer === 'unreachable') showInstead(files, [text('unreachable')]);
  else if (answer.status === 0) showInstead(files, answer.errors ?? [text('unknown')]);
  else files.replaceWith(makeFilesRow(answer.data ?? [], answer.warnings ?? []));
}

/** Shows why no files can be told; that is no list without files. */
function showInstead(row: HTMLElement, errors: readonly string[]): void {
  if (!row.isConnected) return;
  row.replaceWith(makeFilesRow(null, errors));
  announce(errors.join(' '), { isUrgent: true });
}
