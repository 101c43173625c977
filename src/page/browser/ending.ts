import { byId, make, setText } from './dom.ts';
import { times } from './formats-here.ts';
import type { Account, Session } from './session.ts';
import { text } from './texts.ts';

const dialog = byId('ending', HTMLDialogElement);
const heading = byId('ending-heading', HTMLElement);
const notes = byId('ending-notes', HTMLElement);
const confirm = byId('ending-confirm', HTMLButtonElement);

/** What the reader is asked before anything ends. */
export interface Question {
  readonly heading: string;
  readonly notes: readonly string[];
  readonly confirm: string;
}

/** Asks, and resolves to whether the reader wants it; the key Escape is a no. */
export function ask(question: Question): Promise<boolean> {
  setText(heading, question.heading);
  notes.replaceChildren(...question.notes.map((note) => make('p', '', note)));
  setText(confirm, question.confirm);
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'end'), { once: true });
  });
}

/** Takes back what was asked, as a no. */
export function stopAsking(): void {
  dialog.close();
}

/** `place` is what tells the session's server, at the gateway of a fleet. */
export function questionForOne(session: Session, place: readonly string[]): Question {
  const { user, host, file, started_at, status } = session;
  const since = times.short(started_at) || text('unknown');
  const transfer =
    status === 'IDLE' ? [] : [text('askTransfer', { file: file || text('unknown') })];
  return {
    heading: text('askOne', { user: user || text('unknownUser') }),
    notes: [text('askOneNote', { from: host || text('unknown'), since }), ...place, ...transfer],
    confirm: text('confirm', { count: 1 }),
  };
}

export function questionForAll(sessions: readonly Session[], { role }: Account): Question {
  const whose = {
    user: text('askAllNote'),
    reseller: text('askAllOfReseller'),
    admin: text('askAllOfHost'),
  }[role];
  return {
    heading: text('askAll', { count: sessions.length }),
    notes: [whose, ...transfersIn(sessions)],
    confirm: text('confirm', { count: sessions.length }),
  };
}

export function questionForShown(sessions: readonly Session[], place: readonly string[]): Question {
  return {
    heading: text('askShown', { count: sessions.length }),
    notes: [...place, text('askShownNote'), ...transfersIn(sessions)],
    confirm: text('confirm', { count: sessions.length }),
  };
}

function transfersIn(sessions: readonly Session[]): string[] {
  const count = sessions.filter(({ status }) => status !== 'IDLE').length;
  return count === 0 ? [] : [text('askTransfers', { count })];
}
