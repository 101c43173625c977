import { announce } from './announcer.ts';
import { byId, setText } from './dom.ts';
import type { Times } from './formats.ts';
import { texts } from './texts.ts';

const state = byId('connection', HTMLElement);
const lost = byId('lost', HTMLElement);

/** Shows whether what is seen is how it is now. */
export interface ConnectionSign {
  connecting(): void;
  live(): void;
  lost(): void;
}

export function createConnectionSign(times: Times): ConnectionSign {
  let seenAt: Date | null = null;

  function show(name: 'connecting' | 'live' | 'lost'): void {
    state.dataset['state'] = name;
    setText(state, texts[name]);
    lost.hidden = name !== 'lost';
  }

  return {
    connecting: () => {
      seenAt = null;
      show('connecting');
    },
    live: () => {
      if (state.dataset['state'] === 'lost') announce(texts.backAgain, { isUrgent: true });
      seenAt = new Date();
      show('live');
    },
    lost: () => {
      if (state.dataset['state'] === 'lost') return;
      const note =
        seenAt === null ? texts.neverConnected : texts.lostNote(times.short(seenAt.toISOString()));
      setText(lost, note);
      announce(note, { isUrgent: true });
      show('lost');
    },
  };
}
