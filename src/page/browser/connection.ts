import { announce } from './announcer.ts';
import { byId, setText } from './dom.ts';
import { times } from './formats-here.ts';
import { text } from './texts.ts';

const state = byId('connection', HTMLElement);
const lost = byId('lost', HTMLElement);
const view = byId('sessions', HTMLElement);

/** Shows whether what is seen is how it is now. */
export interface ConnectionSign {
  connecting(): void;
  live(): void;
  lost(): void;
  readonly isLost: boolean;
}

export function createConnectionSign(onChange: () => void): ConnectionSign {
  let seenAt: Date | null = null;

  function show(name: 'connecting' | 'live' | 'lost'): void {
    const isNew = state.dataset['state'] !== name;
    state.dataset['state'] = name;
    view.dataset['connection'] = name;
    setText(state, text(name));
    lost.hidden = name !== 'lost';
    if (isNew) onChange();
  }

  return {
    get isLost() {
      return state.dataset['state'] === 'lost';
    },
    connecting: () => {
      seenAt = null;
      show('connecting');
    },
    live: () => {
      if (state.dataset['state'] === 'lost') announce(text('backAgain'), { isUrgent: true });
      seenAt = new Date();
      show('live');
    },
    lost: () => {
      if (state.dataset['state'] === 'lost') return;
      const note =
        seenAt === null
          ? text('neverConnected')
          : text('lostNote', { time: times.short(seenAt.toISOString()) });
      setText(lost, note);
      announce(note, { isUrgent: true });
      show('lost');
    },
  };
}
