import { logOut } from './api.ts';
import { choose, defaultChoice } from './choice.ts';
import { createConnectionSign } from './connection.ts';
import { fitControls, showCounts, startControls } from './controls.ts';
import { byId, setText } from './dom.ts';
import { type Ended, endAll, endEach, without } from './end-sessions.ts';
import {
  ask,
  type Question,
  questionForAll,
  questionForOne,
  questionForShown,
  stopAsking,
} from './ending.ts';
import { createTimes } from './formats.ts';
import { follow } from './live.ts';
import { showNotes } from './notes.ts';
import { hideOutcome, showOutcome } from './outcome.ts';
import { type Account, keyOf, type Result, type Session } from './session.ts';
import { createSessionTable } from './session-table.ts';
import { texts } from './texts.ts';

/* The view of the sessions, for one login at a time. */

const nobody: Account = { name: '', role: 'user' };

const view = byId('sessions', HTMLElement);
const endButton = byId('end-all', HTMLButtonElement);
const times = createTimes(navigator.language);
const sign = createConnectionSign(times);
const table = createSessionTable(times, (session) => void endOne(session));

/** The login's security token; "" for none. */
let login = '';
let account = nobody;
let result: Result<readonly Session[]> | null = null;
let choice = defaultChoice;
/** Asked to end, and not answered yet; by key. */
const ending = new Set<string>();
/** Gone for good, whatever an older look may still tell; by key. */
const gone = new Set<string>();
let stopFollowing = () => {};
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
  setText(byId('zone', HTMLElement), texts.zone(times.zone));
}

/** Shows the view, and follows the sessions that the login may see. */
export function openSessionsView(securityToken: string): void {
  login = securityToken;
  view.hidden = false;
  sign.connecting();
  byId('heading', HTMLElement).focus();
  stopFollowing = follow(securityToken, {
    onAccount: showAccount,
    onSessions: showResult,
    onBeat: sign.live,
    onLost: sign.lost,
    onOver: () => leave(texts.loginOver),
  });
}

function showAccount(given: Account): void {
  account = given;
  setText(byId('account', HTMLElement), account.name);
  fitControls(account);
}

function showResult(given: Result<readonly Session[]>): void {
  result = given;
  sign.live();
  render();
}

function render(): void {
  const sessions = without(result?.data ?? [], gone);
  const shown = choose(sessions, choice);
  showCounts(sessions);
  table.show(shown, ending);
  showNotes(result, sessions.length, shown.length);
  const isFiltered = shown.length < sessions.length;
  setText(endButton, isFiltered ? texts.endShown(shown.length) : texts.endAll(shown.length));
  endButton.disabled = shown.length === 0;
}

async function endOne(session: Session): Promise<void> {
  if (ending.has(keyOf(session))) return;
  await end(questionForOne(session, times), [session], (token) => endEach(token, [session]));
}

/** What the filter hides is not ended by a reader who looks at the rest. */
async function endShown(): Promise<void> {
  const sessions = without(result?.data ?? [], gone);
  const shown = choose(sessions, choice);
  if (shown.length < sessions.length) {
    await end(questionForShown(shown), shown, (token) => endEach(token, shown));
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
  if (!(await ask(question)) || login !== token) return;
  for (const session of sessions) ending.add(keyOf(session));
  render();
  const ended = await carryOut(token);
  if (login !== token) return;
  for (const session of sessions) ending.delete(keyOf(session));
  for (const session of ended.gone) gone.add(keyOf(session));
  render();
  if (ended.isLoginOver) leave(texts.loginOver);
  else showOutcome(ended.lines, ended.isBad);
}

async function leaveByHand(): Promise<void> {
  if (await logOut(login)) leave(texts.loggedOut);
  else showOutcome([texts.logOutFailed], true);
}

/** Nothing of what was seen stays behind the form. */
function leave(why: string): void {
  stopFollowing();
  stopAsking();
  hideOutcome();
  [login, account, result] = ['', nobody, null];
  ending.clear();
  gone.clear();
  render();
  view.hidden = true;
  reportWhyLeft(why);
}
