import { logOut } from './api.ts';
import { type Choice, choose, usualChoice } from './choice.ts';
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
import type { Times } from './formats.ts';
import { follow } from './live.ts';
import { showNotes } from './notes.ts';
import { hideOutcome, showOutcome } from './outcome.ts';
import { type Account, keyOf, type Result, type Session } from './session.ts';
import { createSessionTable } from './session-table.ts';
import { texts } from './texts.ts';

/** The view of the sessions, for one login at a time. */
export interface SessionsView {
  /** Follows the sessions that the login may see. */
  open(securityToken: string): void;
}

const nobody: Account = { name: '', role: 'user' };

/** `onLeft` is told why there is no login any more. */
export function createSessionsView(times: Times, onLeft: (why: string) => void): SessionsView {
  const view = byId('sessions', HTMLElement);
  const endButton = byId('end-all', HTMLButtonElement);
  const sign = createConnectionSign(times);
  const table = createSessionTable(times, (session) => {
    if (!ending.has(keyOf(session))) void endOne(session);
  });
  const ending = new Set<string>();
  /** Gone for good, whatever an older look may still tell. */
  const gone = new Set<string>();
  let login = '';
  let account = nobody;
  let result: Result<readonly Session[]> | null = null;
  let choice = usualChoice;
  let stopFollowing = () => {};

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

  function leave(why: string): void {
    stopFollowing();
    stopAsking();
    hideOutcome();
    [login, account, result] = ['', nobody, null];
    ending.clear();
    gone.clear();
    render();
    view.hidden = true;
    onLeft(why);
  }

  startControls((chosen: Choice) => {
    choice = chosen;
    render();
  });
  endButton.addEventListener('click', () => void endShown());
  byId('log-out', HTMLButtonElement).addEventListener('click', async () => {
    if (await logOut(login)) leave(texts.loggedOut);
    else showOutcome([texts.logOutFailed], true);
  });
  setText(byId('zone', HTMLElement), texts.zone(times.zone));

  return {
    open: (securityToken) => {
      login = securityToken;
      view.hidden = false;
      sign.connecting();
      byId('heading', HTMLElement).focus();
      stopFollowing = follow(securityToken, {
        onAccount: (told) => {
          account = told;
          setText(byId('account', HTMLElement), account.name);
          fitControls(account);
        },
        onSessions: (told) => {
          result = told;
          sign.live();
          render();
        },
        onBeat: sign.live,
        onLost: sign.lost,
        onOver: () => leave(texts.loginOver),
      });
    },
  };
}
