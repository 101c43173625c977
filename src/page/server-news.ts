import type { Result } from '../uapi/envelope/envelope.ts';
import type { StreamEvent } from './event-stream.ts';

/** What one reader has been told of the servers of a fleet. */
export interface ServerNews {
  /** The event that brings the reader to this list; null where nothing is new. */
  tell(servers: Result): StreamEvent | null;
}

type ServerRow = { readonly server: string };

/**
 * Tells a reader the whole list first, and then the rows that are others than before and the names of
 * servers that are gone: of a thousand servers few change from one beat to the next.
 */
export function createServerNews(): ServerNews {
  /** The JSON of each row by the name of its server; null where the reader has no list. */
  let told: ReadonlyMap<string, string> | null = null;
  let toldRest = '';

  return {
    tell: ({ data, ...rest }) => {
      const restJson = JSON.stringify(rest);
      const rows = data as readonly ServerRow[] | null;
      const now = rows && new Map(rows.map((row) => [row.server, JSON.stringify(row)] as const));
      const before = told;
      const isRestNew = restJson !== toldRest;
      [told, toldRest] = [now, restJson];
      if (now === null || before === null) {
        if (now === null && before === null && !isRestNew) return null;
        return event(now && [...now.values()], { whole: true, gone: [], ...rest });
      }
      const changed = [...now].filter(([server, json]) => before.get(server) !== json);
      const gone = [...before.keys()].filter((server) => !now.has(server));
      if (changed.length === 0 && gone.length === 0 && !isRestNew) return null;
      return event(
        changed.map(([, json]) => json),
        { whole: false, gone, ...rest },
      );
    },
  };
}

function event(rows: readonly string[] | null, rest: object): StreamEvent {
  const data = rows === null ? 'null' : `[${rows.join()}]`;
  return ['servers', `{"data":${data},${JSON.stringify(rest).slice(1)}`];
}
