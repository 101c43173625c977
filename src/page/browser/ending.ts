import { byId, make, setText } from './dom.ts';
import type { Times } from './formats.ts';
import type { Account, Session } from './session.ts';
import { texts } from './texts.ts';

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

export function questionForOne(session: Session, times: Times): Question {
  const { user, host, file, started_at, status } = session;
  const since = times.short(started_at) || texts.unknown;
  const transfer = status === 'IDLE' ? [] : [texts.askTransfer(file || texts.unknown)];
  return {
    heading: texts.askOne(user || texts.unknownUser),
    notes: [texts.askOneNote(host || texts.unknown, since), ...transfer],
    confirm: texts.confirm(1),
  };
}

export function questionForAll(sessions: readonly Session[], { role }: Account): Question {
  const whose = {
    user: texts.askAllNote,
    reseller: texts.askAllOfReseller,
    admin: texts.askAllOfHost,
  }[role];
  return {
    heading: texts.askAll(sessions.length),
    notes: [whose, ...transfersIn(sessions)],
    confirm: texts.confirm(sessions.length),
  };
}

export function questionForShown(sessions: readonly Session[]): Question {
  return {
    heading: texts.askShown(sessions.length),
    notes: [texts.askShownNote, ...transfersIn(sessions)],
    confirm: texts.confirm(sessions.length),
  };
}

function transfersIn(sessions: readonly Session[]): string[] {
  const count = sessions.filter(({ status }) => status !== 'IDLE').length;
  return count === 0 ? [] : [texts.askTransfers(count)];
}
