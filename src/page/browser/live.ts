import { holds } from './api.ts';
import type { ServersEvent } from './fleet-servers.ts';
import type { Account, Result, Session } from './session.ts';

export interface LiveHandlers {
  onAccount(account: Account): void;
  /** At the gateway of a fleet. */
  onServers(servers: ServersEvent): void;
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
 * Follows the sessions until the returned function is called; at the gateway of a fleet those of the
 * opened servers, names by commas or * for all, and all servers by their counts. The browser connects again by itself
 * after a loss, but neither after silence nor after an answer that is no stream. A page that nobody
 * can see follows nothing.
 */
export function follow(securityToken: string, opened: string, handlers: LiveHandlers): () => void {
  let source: EventSource | null = null;
  let timer: number | undefined;

  function open(): void {
    close();
    const stream = new EventSource(`${securityToken}/events?open=${encodeURIComponent(opened)}`);
    source = stream;
    expectSomething();
    on(stream, 'account', (data) => handlers.onAccount(data as Account));
    on(stream, 'servers', (data) => handlers.onServers(data as ServersEvent));
    on(stream, 'sessions', (data) => handlers.onSessions(data as Result<readonly Session[]>));
    on(stream, 'beat', handlers.onBeat);
    on(stream, 'over', () => end());
    stream.onerror = () => {
      handlers.onLost();
      if (stream.readyState === EventSource.CLOSED) void askWhy(stream);
      else expectSomething();
    };
  }

  function on(stream: EventSource, event: string, handle: (data: unknown) => void): void {
    stream.addEventListener(event, ({ data }: MessageEvent<string>) => {
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
