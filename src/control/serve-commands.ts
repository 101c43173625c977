import type { Socket } from 'node:net';
import { type Caller, type EndRequest, fromCommand } from '../channel/messages.ts';
import { type ChannelLimits, prepareEnding, serveChannel } from '../channel/serve-requests.ts';
import type { Logger } from '../lib/log.ts';
import type { SessionEnder } from '../sessions/session-ender.ts';
import type { SnapshotLine, SnapshotRelay } from '../sessions/snapshot-relay.ts';

export interface CommandServices {
  readonly snapshots: SnapshotRelay;
  /** What ends sessions on behalf of somebody at the command line, and writes it down. */
  readonly enderFor: (by: string) => SessionEnder;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
}

export interface CommandServerOptions {
  readonly maxClients?: number;
  /** A command that asks nothing for so long is cut off. */
  readonly silenceMs?: number;
}

/** Those that talk with commands on this machine. */
export interface CommandServer {
  serve(client: Socket): void;
  /** Cuts everybody off. */
  close(): void;
}

/** A person looks at one list at a time. */
const limits: ChannelLimits = { maxAtATime: 4, maxEndings: 64, maxUnreadBytes: 1024 * 1024 };

/**
 * Answers commands. One that sends anything else than their messages is cut off, and so is one that is
 * silent; when there are too many, the one that was silent longest.
 */
export function serveCommands(
  services: CommandServices,
  { maxClients = 16, silenceMs = 30_000 }: CommandServerOptions = {},
): CommandServer {
  /** The one that asked last stands last. */
  const clients = new Set<Socket>();

  function serve(client: Socket): void {
    const timer = setTimeout(() => client.destroy(), silenceMs);
    client.once('close', () => {
      clearTimeout(timer);
      clients.delete(client);
    });
    // Its end is told by "close".
    client.on('error', () => {});
    talk(client, services, () => {
      if (client.destroyed) return;
      timer.refresh();
      clients.delete(client);
      clients.add(client);
    });
    clients.add(client);
    const [longestSilent] = clients;
    if (clients.size > maxClients) longestSilent?.destroy();
  }

  return {
    serve,
    close: () => {
      for (const client of clients) client.destroy();
    },
  };
}

function talk(
  client: Socket,
  { snapshots, enderFor, logger }: CommandServices,
  onAsked: () => void,
): void {
  const line = snapshots.open();
  const recorded: SnapshotLine = {
    ...line,
    ask: (scope, wants, onJson) => {
      onAsked();
      line.ask(scope, wants, onJson);
    },
  };
  let ender: SessionEnder = { end: () => Promise.reject(new Error('nobody said who ends it')) };
  serveChannel<EndRequest, Caller>(
    client,
    {
      messages: fromCommand,
      limits,
      snapshots: recorded,
      answer: (request) => {
        onAsked();
        return prepareEnding(request, ender);
      },
    },
    {
      onEvent: ({ name }) => {
        ender = enderFor(name);
      },
      onFault: (reason) => {
        logger.warn({ reason }, 'a client of the control socket sent what no command sends');
        client.destroy();
      },
      onInternalError: (error) => logger.error({ err: error }, 'a command cannot be answered'),
    },
  );
}
