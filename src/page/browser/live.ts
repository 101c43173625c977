import { holds } from './api.ts';
import type { Account, Result, Session } from './session.ts';

export interface LiveHandlers {
  onAccount(account: Account): void;
  onSessions(result: Result<readonly Session[]>): void;
  /** Nothing has changed. */
  onBeat(): void;
  /** Nothing comes any more; it is being tried to connect again. */
  onLost(): void;
  /** The login has ended. */
  onOver(): void;
}

/** The server says something every few seconds; after so long without it the connection is lost. */
const patienceMs = 10_000;
const retryMs = 2_000;

/**
 * Follows the sessions until the returned function is called. The browser connects again by itself
 * after a loss, but neither after silence nor after an answer that is no stream. A page that nobody
 * can see follows nothing.
 */
export function follow(securityToken: string, handlers: LiveHandlers): () => void {
  let source: EventSource | null = null;
  let timer: number | undefined;

  function open(): void {
    close();
    const opened = new EventSource(`${securityToken}/events`);
    source = opened;
    expectSomething();
    on(opened, 'account', (data) => handlers.onAccount(data as Account));
    on(opened, 'sessions', (data) => handlers.onSessions(data as Result<readonly Session[]>));
    on(opened, 'beat', handlers.onBeat);
    on(opened, 'over', () => end());
    opened.onerror = () => {
      handlers.onLost();
      if (opened.readyState === EventSource.CLOSED) void askWhy(opened);
      else expectSomething();
    };
  }

  function on(opened: EventSource, event: string, handle: (data: unknown) => void): void {
    opened.addEventListener(event, ({ data }: MessageEvent<string>) => {
      expectSomething();
      handle(JSON.parse(data));
    });
  }

  function expectSomething(): void {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => {
      handlers.onLost();
      open();
    }, patienceMs);
  }

  async function askWhy(failed: EventSource): Promise<void> {
    window.clearTimeout(timer);
    const answer = await holds(securityToken);
    if (source !== failed) return;
    if (answer === false) end();
    else timer = window.setTimeout(open, retryMs);
  }

  function close(): void {
    window.clearTimeout(timer);
    source?.close();
    source = null;
  }

  function followIfSeen(): void {
    if (document.hidden) close();
    else if (source === null) open();
  }

  function stop(): void {
    document.removeEventListener('visibilitychange', followIfSeen);
    close();
  }

  function end(): void {
    stop();
    handlers.onOver();
  }

  document.addEventListener('visibilitychange', followIfSeen);
  followIfSeen();
  return stop;
}
