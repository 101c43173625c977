import { type Choice, countByStatus, defaultChoice, type SortKey, sortKeys } from './choice.ts';
import { byId, make, setAttribute, setText } from './dom.ts';
import type { Account, Session, Status } from './session.ts';
import { text } from './texts.ts';

const filter = byId('filter', HTMLInputElement);
const statusChoice = byId('status-choice', HTMLFieldSetElement);
const headings = byId('headings', HTMLTableRowElement);
const sortKey = byId('sort-key', HTMLSelectElement);
const sortOrder = byId('sort-order', HTMLButtonElement);
const table = byId('table', HTMLTableElement);

/** Of these one wants to see the largest first. */
const largestFirst: readonly SortKey[] = ['progress', 'rate'];

let choice: Choice = defaultChoice;
let emitChoice: (choice: Choice) => void = () => {};

/** Makes filter, status and order work; `onChoice` gets what the reader chose. */
export function startControls(onChoice: (choice: Choice) => void): void {
  emitChoice = onChoice;
  headings.replaceChildren(...sortKeys.map(makeHeading), makeActionHeading());
  sortKey.replaceChildren(...sortKeys.map(makeOption));
  filter.addEventListener('input', () => change({ text: filter.value }));
  statusChoice.addEventListener('change', ({ target }) => {
    if (target instanceof HTMLInputElement) change({ status: target.value as Status | 'ALL' });
  });
  sortKey.addEventListener('change', () => sortBy(sortKey.value as SortKey));
  sortOrder.addEventListener('click', () => change({ isDescending: !choice.isDescending }));
  change({});
}

/** Accounts that see other accounts' sessions are told whose each is. */
export function fitControls({ role, fleet }: Account): void {
  if (fleet && headings.querySelector('.server') === null) {
    headings.firstElementChild?.after(makeHeading('server'));
    sortKey.options[0]?.after(makeOption('server'));
  }
  const seesOwners = role !== 'user';
  table.classList.toggle('without-owner', !seesOwners);
  filter.placeholder = seesOwners ? text('filterHintWithAccounts') : text('filterHint');
  const option = sortKey.querySelector<HTMLOptionElement>('option[value="owner"]');
  if (option !== null) option.hidden = !seesOwners;
}

/** Shows how many there are of each status; null where that is not known. */
export function showCounts(sessions: readonly Session[] | null): void {
  const counts = sessions && countByStatus(sessions, choice.text);
  for (const element of statusChoice.querySelectorAll<HTMLElement>('[data-count]')) {
    setText(element, counts ? String(counts[element.dataset['count'] as Status | 'ALL']) : '');
  }
}

function change(part: Partial<Choice>): void {
  choice = { ...choice, ...part };
  for (const heading of headings.querySelectorAll<HTMLElement>('[data-key]')) {
    const isSorted = heading.dataset['key'] === choice.key;
    const order = choice.isDescending ? 'descending' : 'ascending';
    setAttribute(heading, 'aria-sort', isSorted ? order : null);
  }
  sortKey.value = choice.key;
  const order = text(choice.isDescending ? 'descending' : 'ascending');
  setText(sortOrder, choice.isDescending ? '↓' : '↑');
  setAttribute(sortOrder, 'aria-label', text('orderIs', { order }));
  setAttribute(sortOrder, 'title', text('orderIs', { order }));
  emitChoice(choice);
}

function sortBy(key: SortKey): void {
  const isDescending = key === choice.key ? !choice.isDescending : largestFirst.includes(key);
  change({ key, isDescending });
}

function makeHeading(key: SortKey): HTMLElement {
  const button = make('button', 'sort', text(key));
  button.type = 'button';
  button.addEventListener('click', () => sortBy(key));
  const heading = make('th', key === 'status' ? 'state' : key, button);
  heading.scope = 'col';
  heading.setAttribute('role', 'columnheader');
  heading.dataset['key'] = key;
  return heading;
}

function makeActionHeading(): HTMLElement {
  const heading = make('th', 'action', make('span', 'unseen', text('action')));
  heading.scope = 'col';
  heading.setAttribute('role', 'columnheader');
  return heading;
}

function makeOption(key: SortKey): HTMLElement {
  const option = make('option', '', text(key));
  option.value = key;
  return option;
}
