import { setTimeout as delay } from 'node:timers/promises';
import { capabilitiesOf } from '../terminal/capabilities.ts';
import { readKeys } from '../terminal/key-input.ts';
import type { Key } from '../terminal/keys.ts';
import { openScreen } from '../terminal/screen.ts';
import type { SessionOrder } from '../terminal/session-order.ts';
import type { SessionRow } from '../terminal/session-table.ts';
import { drawWatch, type Observation } from '../terminal/watch-frame.ts';
import { pressKey, startWatch } from '../terminal/watch-state.ts';
import { endWithReader } from './output.ts';
import type { SessionView } from './session-view.ts';

/** What a watch shows of a scan. */
type Show = (observed: Observation | Error) => void;

const tickMs = 1000;
/** Of a terminal that does not tell. */
const defaultRows = 24;

/**
 * Looks once a second and shows it, until a signal or a key. `follow` prints what there is no screen for;
 * null for one.
 */
export async function watchSessions(
  view: SessionView,
  order: SessionOrder,
  follow: Show | null,
): Promise<void> {
  endOnSignal();
  endWithReader();
  // A first scan that is not possible is no watch.
  let observed: Observation | Error = await view.observe();
  const { show, close } =
    follow === null ? openWatch(view, order) : { show: follow, close: () => {} };
  try {
    for (;;) {
      const shownAt = performance.now();
      show(observed);
      await delay(tickMs - (performance.now() - shownAt));
      observed = await view.observe().catch((error: Error) => error);
    }
  } finally {
    close();
  }
}

/** Whether there is a screen to draw on. */
export function canRedraw(): boolean {
  return process.stdout.isTTY && process.env['TERM'] !== 'dumb';
}

/** Each scan in place of the one before; keys are obeyed where there are some. */
function openWatch(view: SessionView, order: SessionOrder): { show: Show; close: () => void } {
  const screen = openScreen(process.stdout);
  const hasKeys = process.stdin.isTTY;
  let state = startWatch(order);
  let observed: Observation | Error = new Error('Nothing was seen yet.');
  /** Sessions that are being ended. */
  const endings = new Set<Promise<void>>();

  const draw = () => {
    const terminal = capabilitiesOf(process.stdout, process.env);
    const frame = { host: view.name, observed, state, hasKeys };
    screen.draw(drawWatch(frame, terminal, process.stdout.rows || defaultRows));
  };

  const say = (message: string) => {
    state = { ...state, message };
    draw();
  };

  const end = (row: SessionRow) => {
    say('Ending the session.');
    const ending = view.end(row).then(say, (error: Error) => say(error.message));
    endings.add(ending);
    void ending.finally(() => endings.delete(ending));
  };

  /** What is being ended is written down before that. */
  const quit = () => {
    if (endings.size > 0) say('Waits for the session to end.');
    void Promise.all(endings).then(() => process.exit(0));
  };

  const press = (keys: readonly Key[]) => {
    for (const key of keys) {
      const rows = observed instanceof Error ? [] : observed.rows;
      const wasAsked = state.mode === 'question';
      const step = pressKey(state, key, rows);
      state = step.state;
      if (step.action === 'quit') return quit();
      // As the terminal does it for all processes that were started together (sudo).
      if (step.action === 'suspend') return void process.kill(0, 'SIGTSTP');
      if (typeof step.action === 'object') end(step.action.end);
      // Whoever pastes keys has not read the question that one of them leads to.
      if (wasAsked || state.mode === 'question') break;
    }
    draw();
  };

  process.stdout.on('resize', draw);
  if (hasKeys) readKeys(process.stdin, press);
  return {
    show: (next) => {
      observed = next;
      draw();
    },
    close: screen.close,
  };
}

/**
 * Ctrl-C is how a watch ends, so it is no failure; other signals are told as a shell tells them, by
 * 128 and their number.
 */
function endOnSignal(): void {
  process.once('SIGINT', () => process.exit(0));
  process.once('SIGHUP', () => process.exit(129));
  process.once('SIGTERM', () => process.exit(143));
}
