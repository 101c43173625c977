import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { until } from './until.ts';

/** One server-sent event. */
export interface ServerSentEvent {
  readonly event: string;
  readonly data: unknown;
  /** Undefined for one without. */
  readonly id?: string;
}

/** A stream of server-sent events that is being read. */
export interface EventReader {
  readonly response: IncomingMessage;
  /** What has come so far. */
  readonly events: readonly ServerSentEvent[];
  /** The data of the last event of that name; undefined for none. */
  last(event: string): unknown;
  /** Resolves when the server has ended the stream. */
  ended(): Promise<void>;
  close(): void;
}

/** Asks for a stream and reads it. */
export async function readEvents(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<EventReader> {
  // A connection of its own: one that is kept alive would hold up the end of the test.
  const sent = request({ host: '127.0.0.1', port, path, headers, agent: false });
  sent.end();
  const [response] = (await once(sent, 'response', {
    signal: AbortSignal.timeout(60_000),
  })) as [IncomingMessage];
  const events: ServerSentEvent[] = [];
  let [text, isOver] = ['', false];
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const [, event = '', id, data = ''] =
        /^event: (.*)\n(?:id: (.*)\n)?data: (.*)$/.exec(block) ?? [];
      if (event === '') continue;
      events.push({ event, data: JSON.parse(data), ...(id === undefined ? {} : { id }) });
    }
  });
  response.once('close', () => {
    isOver = true;
  });
  response.on('error', () => {});
  return {
    response,
    events,
    last: (name) => events.findLast(({ event }) => event === name)?.data,
    ended: async () => {
      await until(() => isOver, { what: 'the server ends the stream' });
    },
    close: () => sent.destroy(),
  };
}
