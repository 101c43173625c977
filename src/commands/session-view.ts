import { hostname } from 'node:os';
import { ownershipOf } from '../access/owner.ts';
import { localHost } from '../sessions/identity.ts';
import type { SessionRow } from '../terminal/session-table.ts';
import type { Observation } from '../terminal/watch-frame.ts';
import { summariseEndings } from '../uapi/Ftp/end-sessions.ts';
import { keepTransfers, listTransfers } from '../uapi/Ftp/list_transfers.ts';
import type { CommandHost } from './command-host.ts';

/** What a command sees of sessions, scan after scan, and can do to them. */
export interface SessionView {
  /** The name of what is looked at, for people. */
  readonly name: string;
  observe(): Promise<Observation>;
  /**
   * Ends the session that a scan has shown, and no other: its process is told by pid and start, which are
   * verified anew. Resolves to what became of it, in sentences.
   */
  end(row: SessionRow): Promise<string>;
}

/** The sessions of this host. */
export function viewHost({ account, host }: CommandHost): SessionView {
  const kept = keepTransfers();
  const call = { account, args: new Map(), by: account.name, address: '', unsentBytes: () => 0 };
  return {
    name: hostname(),
    observe: async () => {
      const at = new Date();
      const { data, warnings } = await listTransfers.run({ ...call, host, kept });
      return { at, rows: data, warnings: (warnings ?? []).map(({ text }) => text) };
    },
    end: async ({ pid, start }) => {
      const { scope } = await ownershipOf(account, host);
      const identity = { host: localHost, pid, startTime: start };
      const results = await host.sessionEnder.end([identity], scope);
      const { messages, warnings } = summariseEndings(results);
      if (results.every(({ outcome }) => outcome === 'gone')) {
        return 'That session was gone already; nothing was ended.';
      }
      return warnings.length > 0 ? warnings.map(({ text }) => text).join(' ') : messages.join(' ');
    },
  };
}
