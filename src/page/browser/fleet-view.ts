import { announce } from './announcer.ts';
import { byId, make, setAttribute, setText } from './dom.ts';
import { createMissingNote } from './fleet-missing.ts';
import {
  afterEvent,
  choosePage,
  type ServerChoice,
  type ServerCount,
  type Servers,
  type ServersEvent,
  sessionsOn,
} from './fleet-servers.ts';
import { fleetText } from './fleet-texts.ts';
import type { Session } from './session.ts';
import { arrange } from './session-table.ts';
import { text } from './texts.ts';

/* The servers of a fleet, above the sessions. It is loaded at a gateway alone, with its style and texts. */

/** What is to be said about the sessions on the page of a gateway, in place of what one host says. */
export interface FleetNotes {
  readonly warnings: readonly string[];
  /** Where no session is shown. */
  readonly emptyText: string;
  /** Whether no server is opened, so that the number of the sessions below says nothing. */
  readonly isNothingOpen: boolean;
}

export interface FleetView {
  /** Takes what the server has told, in its order. */
  take(events: readonly ServersEvent[]): void;
  notes(): FleetNotes;
  /** On which servers these sessions are, a sentence; a long list of names is cut off. */
  place(sessions: readonly Session[]): string;
  /** Forgets all: the next reader sees other servers. */
  close(): void;
}

/** Readers of so few servers see all their sessions at once. */
const maxOpenedAtFirst = 3;
/** A server is asked for its sessions by its name in an address. */
const maxOpened = 100;
/** More rows than that would make a browser slow. */
const maxSessionsOfAll = 2_000;

/** A question with more names than that is not read. */
const maxPlaces = 10;

const noServers: Servers = new Map();
const firstChoice: ServerChoice = { text: '', order: 'name', page: 0 };

/** Puts the servers above the sessions; `onOpen` gets what the stream is to be asked for. */
export function createFleetView(onOpen: (opened: string) => void): FleetView {
  const filter = make('input');
  const order = make('select');
  const all = button('all', fleetText('allServers'));
  const sum = make('span', 'quiet');
  const none = make('p', 'quiet');
  const list = make('ul', 'servers');
  const pages = createPages((step) => change({ page: choice.page + step }));
  const missing = createMissingNote();
  const heading = make('h2', '', fleetText('servers'));
  const section = make('section', 'fleet');
  const items = new Map<string, ServerItem>();

  let servers = noServers;
  let warnings: readonly string[] = [];
  let choice = firstChoice;
  let opened: 'all' | ReadonlySet<string> = new Set();
  let isFresh = true;

  build();

  function build(): void {
    const style = make('link');
    style.rel = 'stylesheet';
    style.href = '/page/fleet.css';
    document.head.append(style);
    filter.type = 'search';
    filter.autocomplete = 'off';
    filter.spellcheck = false;
    filter.placeholder = fleetText('serverName');
    filter.setAttribute('aria-label', fleetText('filterServers'));
    filter.addEventListener('input', () => change({ text: filter.value, page: 0 }));
    order.setAttribute('aria-label', fleetText('order'));
    for (const value of ['name', 'sessions'] as const) {
      const option = make('option', '', fleetText(value === 'name' ? 'byName' : 'bySessions'));
      option.value = value;
      order.append(option);
    }
    order.addEventListener('change', () =>
      change({ order: order.value as ServerChoice['order'], page: 0 }),
    );
    all.addEventListener('click', toggleAll);
    heading.id = 'fleet-heading';
    section.setAttribute('aria-labelledby', heading.id);
    list.setAttribute('role', 'list');
    const title = make('div', 'title', heading, sum);
    const bar = make('div', 'bar', filter, order, all);
    section.append(title, missing.element, bar, list, none, pages.element);
    byId('panel-now', HTMLElement).querySelector('.overview')?.before(section);
    section.hidden = true;
  }

  function change(part: Partial<ServerChoice>): void {
    choice = { ...choice, ...part };
    render();
  }

  function toggleAll(): void {
    if (opened !== 'all' && sessionsOn(servers) > maxSessionsOfAll) {
      announce(fleetText('tooMany'), { isUrgent: true });
      return;
    }
    open(opened === 'all' ? new Set() : 'all');
  }

  function toggle(name: string): void {
    const before = opened === 'all' ? [] : [...opened];
    const isOpen = before.includes(name);
    const others = before.filter((each) => each !== name);
    open(new Set(isOpen ? others : [...others, name].slice(-maxOpened)));
  }

  function open(wanted: 'all' | ReadonlySet<string>): void {
    opened = wanted;
    render();
    onOpen(opened === 'all' ? '*' : [...opened].join());
  }

  function render(): void {
    const page = choosePage(servers, choice);
    choice = { ...choice, page: page.page };
    const count = servers.size;
    const sessions = text('sessionCount', { count: sessionsOn(servers) });
    const answered = [...servers.values()].filter(({ state }) => state === 'answers').length;
    setText(sum, fleetText('serversAnswer', { count, answered, sessions }));
    missing.show(servers);
    setAttribute(all, 'aria-pressed', String(opened === 'all'));
    const isTooMany = opened !== 'all' && sessionsOn(servers) > maxSessionsOfAll;
    setAttribute(all, 'aria-disabled', isTooMany ? 'true' : null);
    setAttribute(all, 'title', isTooMany ? fleetText('tooMany') : null);
    showItems(page.servers);
    none.hidden = page.all > 0;
    setText(none, fleetText(count === 0 ? 'noServers' : 'noServer'));
    none.hidden ||= count > 0 && answered === 0;
    pages.show(page);
  }

  function showItems(shown: readonly ServerCount[]): void {
    const wanted = new Set(shown.map(({ server }) => server));
    for (const [name, { element }] of items) {
      if (wanted.has(name)) continue;
      if (element.contains(document.activeElement)) filter.focus();
      element.remove();
      items.delete(name);
    }
    const elements = shown.map((row) => {
      const item = items.get(row.server) ?? makeItem(row.server, toggle);
      items.set(row.server, item);
      updateItem(item, row, opened !== 'all' && opened.has(row.server));
      return item.element;
    });
    arrange(list, elements);
  }

  function take(events: readonly ServersEvent[]): void {
    for (const event of events) {
      servers = afterEvent(servers, event);
      const codes = event.metadata.warning_codes ?? [];
      // Missing servers are named in the reader's own language.
      warnings = (event.warnings ?? []).filter((_, at) => !codes[at]?.startsWith('server-'));
      section.hidden = event.data === null;
    }
    if (isFresh && servers.size > 0) {
      isFresh = false;
      if (servers.size <= maxOpenedAtFirst) open('all');
    }
    render();
  }

  return {
    take,
    notes: () => {
      const isNothingOpen = opened !== 'all' && opened.size === 0;
      return {
        warnings,
        isNothingOpen,
        emptyText: fleetText(isNothingOpen ? 'chooseServer' : 'nobodyOnChosen'),
      };
    },
    place,
    close: () => {
      [servers, warnings, choice, opened, isFresh] = [noServers, [], firstChoice, new Set(), true];
      filter.value = '';
      order.value = 'name';
      section.hidden = true;
      render();
      missing.forget();
    },
  };
}

function place(sessions: readonly Session[]): string {
  const names = [...new Set(sessions.map(({ server = '' }) => server))].toSorted();
  const cut = names.length > maxPlaces ? ['…'] : [];
  const shown = [...names.slice(0, maxPlaces), ...cut].join(', ');
  return fleetText('endsOn', { count: names.length, servers: shown });
}

/** A server as a button that shows its sessions or puts them away. */
interface ServerItem {
  readonly element: HTMLLIElement;
  readonly button: HTMLButtonElement;
  /** For a screen reader. */
  readonly label: HTMLElement;
  readonly moving: HTMLElement;
  readonly count: HTMLElement;
}

function makeItem(name: string, onToggle: (name: string) => void): ServerItem {
  const label = make('span', 'unseen');
  const seen = [make('bdi', '', name), make('span', 'moving'), make('b')] as const;
  for (const each of seen) each.setAttribute('aria-hidden', 'true');
  const toggle = button('server-button', label, ...seen);
  toggle.addEventListener('click', () => onToggle(name));
  const [, moving, count] = seen;
  return { element: make('li', '', toggle), button: toggle, label, moving, count };
}

function updateItem(item: ServerItem, row: ServerCount, isOpen: boolean): void {
  const { server, sessions, downloads, uploads } = row;
  const values = { downloads: downloads ?? 0, uploads: uploads ?? 0 };
  const count = sessions ?? 0;
  const moving = [
    ...(values.downloads > 0 ? [`↓${values.downloads}`] : []),
    ...(values.uploads > 0 ? [`↑${values.uploads}`] : []),
  ];
  setText(item.moving, moving.join(' '));
  setText(item.count, String(count));
  setAttribute(item.button, 'aria-pressed', String(isOpen));
  const label = { server, sessions: text('sessionCount', { count }), ...values };
  setText(item.label, fleetText('serverCount', label));
}

function createPages(onStep: (step: 1 | -1) => void) {
  const where = make('span', 'quiet');
  const [back, on] = [button('', '←'), button('', '→')];
  back.setAttribute('aria-label', fleetText('previous'));
  on.setAttribute('aria-label', fleetText('next'));
  // Disabled it would lose the focus.
  for (const [each, step] of [
    [back, -1],
    [on, 1],
  ] as const) {
    each.addEventListener('click', () => {
      if (each.getAttribute('aria-disabled') !== 'true') onStep(step);
    });
  }
  const element = make('nav', 'pages', back, where, on);
  element.setAttribute('aria-label', fleetText('pages'));
  return {
    element,
    show: ({ page, isLast, first, last, all }: ReturnType<typeof choosePage>) => {
      element.hidden = page === 0 && isLast;
      setText(where, fleetText('pageOf', { first, last, all }));
      setAttribute(back, 'aria-disabled', page === 0 ? 'true' : null);
      setAttribute(on, 'aria-disabled', isLast ? 'true' : null);
    },
  };
}

function button(className: string, ...children: (Node | string)[]): HTMLButtonElement {
  const made = make('button', className, ...children);
  made.type = 'button';
  return made;
}
