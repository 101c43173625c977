import { askServerInfo, logOut } from './api.ts';
import { choose, defaultChoice } from './choice.ts';
import { fillConnectHelp } from './connect-help.ts';
import { createConnectionSign } from './connection.ts';
import { fitControls, showCounts, startControls } from './controls.ts';
import { closeDetails, openDetails, updateDetails } from './details.ts';
import { byId, setAttribute, setText } from './dom.ts';
import { type Ended, endAll, endEach, without } from './end-sessions.ts';
import {
  ask,
  type Question,
  questionForAll,
  questionForOne,
  questionForShown,
  stopAsking,
} from './ending.ts';
import type { ServersEvent } from './fleet-servers.ts';
import type { FleetNotes, FleetView } from './fleet-view.ts';
import { setClock, times } from './formats-here.ts';
import { closeHistory, startHistoryView } from './history-view.ts';
import { follow } from './live.ts';
import { showNotes } from './notes.ts';
import { hideOutcome, showOutcome } from './outcome.ts';
import { type Account, keyOf, type Result, type Session } from './session.ts';
import { createSessionTable } from './session-table.ts';
import { text } from './texts.ts';
import { forgetTotals, sampleTotals } from './totals.ts';

/* The view of the sessions, for one login at a time. */

const nobody: Account = { name: '', role: 'user' };

/** Between two samples of what moves; durations count seconds. */
const tickMs = 1_000;

const view = byId('sessions', HTMLElement);
const head = byId('head', HTMLElement);
const endButton = byId('end-all', HTMLButtonElement);
const help = byId('help', HTMLDialogElement);
const sign = createConnectionSign(() => render());
const table = createSessionTable({
  onDetails: (session) => void openDetails(session, login),
  onEnd: (session) => void endOne(session),
});

/** The login's security token; "" for none. */
let login = '';
let account = nobody;
let result: Result<readonly Session[]> | null = null;
let choice = defaultChoice;
/** Asked to end, and not answered yet; by key. */
const ending = new Set<string>();
/** Gone for good, whatever an older look may still tell; by key. */
const gone = new Set<string>();
/** At the gateway of a fleet; it stays for the next login. */
let fleet: FleetView | null = null;
/** Of its servers, and not shown yet. */
const news: ServersEvent[] = [];
let stopFollowing = () => {};
let timer: number | undefined;
let reportWhyLeft: (why: string) => void = () => {};

/** Makes the view's controls work; `onLeft` is given why there is no login any more. */
export function startSessionsView(onLeft: (why: string) => void): void {
  reportWhyLeft = onLeft;
  startControls((chosen) => {
    choice = chosen;
    render();
  });
  endButton.addEventListener('click', () => void endShown());
  byId('log-out', HTMLButtonElement).addEventListener('click', () => void leaveByHand());
  byId('help-button', HTMLButtonElement).addEventListener('click', () => help.showModal());
  setText(byId('zone', HTMLElement), text('zone', { zone: times.zone }));
  new ResizeObserver(() => {
    document.documentElement.style.setProperty('--head-height', `${head.offsetHeight}px`);
  }).observe(head);
  startHistoryView({ login: () => login, onLoginOver: () => leave(text('loginOver')) });
}

/** Shows the view, and follows the sessions that the login may see. */
export function openSessionsView(securityToken: string): void {
  login = securityToken;
  view.hidden = false;
  sign.connecting();
  byId('heading', HTMLElement).focus();
  startFollowing('');
  timer = window.setInterval(tick, tickMs);
}

/** `opened` are the servers whose sessions are wanted, at the gateway of a fleet. */
function startFollowing(opened: string): void {
  stopFollowing();
  stopFollowing = follow(login, opened, {
    onAccount: (given) => void showAccount(given),
    onServers: (event) => void showServers(event),
    onSessions: showResult,
    onBeat: sign.live,
    onLost: sign.lost,
    onOver: () => leave(text('loginOver')),
  });
}

/** What servers are shown with comes with the first of them. */
async function showServers(event: ServersEvent): Promise<void> {
  news.push(event);
  const { createFleetView } = await import('./fleet-view.ts');
  fleet ??= createFleetView(startFollowing);
  if (login === '') return;
  fleet.take(news.splice(0));
  render();
}

/** Names who is logged in, and where. */
async function showAccount(given: Account): Promise<void> {
  account = given;
  setText(byId('account', HTMLElement), account.name);
  fitControls(account);
  const token = login;
  const info = await askServerInfo(token);
  if (info === null || login !== token) return;
  const { host, version, now } = info;
  setText(byId('host', HTMLElement), host);
  document.title = text('titleOf', { host });
  setText(byId('version', HTMLElement), text('version', { version }));
  if (now !== null) setClock(now);
  tick();
  // Which of its servers to connect to a gateway cannot say.
  if (!account.fleet) await fillConnectHelp(token, host, account);
}

function showResult(given: Result<readonly Session[]>): void {
  const isFirst = result === null;
  result = given;
  sign.live();
  render();
  if (isFirst) tick();
}

/** The sessions that are there, of all the login may see. */
function current(): Session[] {
  return without(result?.data ?? [], gone);
}

function render(): void {
  const sessions = current();
  const shown = choose(sessions, choice);
  const { isLost } = sign;
  const notes = account.fleet ? notesOfFleet() : null;
  showCounts(notes?.isNothingOpen ? null : sessions);
  table.show(shown, { ending, isLost });
  updateDetails(sessions);
  showNotes(result, sessions.length, shown.length, notes);
  // There are others on servers that are not opened.
  const isFiltered = account.fleet || shown.length < sessions.length;
  const count = shown.length;
  setText(endButton, isFiltered ? text('endShown', { count }) : text('endAll', { count }));
  endButton.hidden = count === 0;
  setAttribute(endButton, 'aria-disabled', isLost ? 'true' : null);
}

/** Before its servers are shown nothing is said of them. */
function notesOfFleet(): FleetNotes {
  return fleet?.notes() ?? { warnings: [], emptyText: '…', isNothingOpen: true };
}

/** At the gateway of a fleet two servers may have a session of the same account, address and time. */
function placeOf(sessions: readonly Session[]): string[] {
  return account.fleet && fleet !== null ? [fleet.place(sessions)] : [];
}

/** What is seen stands still while the connection is lost. */
function tick(): void {
  if (sign.isLost || result?.status !== 1) return;
  table.tick();
  updateDetails(current());
  sampleTotals(current());
}

async function endOne(session: Session): Promise<void> {
  if (ending.has(keyOf(session))) return;
  await end(questionForOne(session, placeOf([session])), [session], (token) =>
    endEach(token, [session]),
  );
}

/** What the filter hides is not ended by a reader who looks at the rest. */
async function endShown(): Promise<void> {
  const sessions = current();
  const shown = choose(sessions, choice);
  if (account.fleet || shown.length < sessions.length) {
    const question = questionForShown(shown, placeOf(shown));
    await end(question, shown, (token) => endEach(token, shown));
  } else {
    await end(questionForAll(shown, account), shown, (token) => endAll(token, shown));
  }
}

async function end(
  question: Question,
  sessions: readonly Session[],
  carryOut: (securityToken: string) => Promise<Ended>,
): Promise<void> {
  const token = login;
  hideOutcome();
  if (sign.isLost) {
    showOutcome([text('notNow')], true);
    return;
  }
  if (!(await ask(question)) || login !== token) return;
  for (const session of sessions) ending.add(keyOf(session));
  render();
  const ended = await carryOut(token);
  if (login !== token) return;
  for (const session of sessions) ending.delete(keyOf(session));
  for (const session of ended.gone) gone.add(keyOf(session));
  render();
  if (ended.isLoginOver) leave(text('loginOver'));
  else showOutcome(ended.lines, ended.isBad);
}

async function leaveByHand(): Promise<void> {
  if (await logOut(login)) leave(text('loggedOut'));
  else showOutcome([text('logOutFailed')], true);
}

/** Nothing of what was seen stays behind the form. */
function leave(why: string): void {
  window.clearInterval(timer);
  stopFollowing();
  stopAsking();
  closeDetails();
  help.close();
  hideOutcome();
  forgetTotals();
  closeHistory();
  fleet?.close();
  news.length = 0;
  [login, account, result] = ['', nobody, null];
  document.title = text('title');
  for (const id of ['host', 'version', 'connect-list']) byId(id, HTMLElement).replaceChildren();
  ending.clear();
  gone.clear();
  render();
  view.hidden = true;
  reportWhyLeft(why);
}
