import type { FtpSession, SessionDetails } from '../../sessions/session.ts';
import type { SessionRow } from '../messages/session-row.ts';

/** Characters of a text that a gateway takes; no path of the kernel's has more. */
const maxText = 8192;

/** The JSON of rows, kept as long as their sessions: one that is as it was is the same object. */
export function createSessionJson() {
  const kept = new WeakMap<
    FtpSession,
    { readonly ownerName: string | null; readonly json: string }
  >();
  return (session: FtpSession, ownerName: string | null, details?: SessionDetails): string => {
    if (details !== undefined) return JSON.stringify(toRow(session, ownerName, details));
    const known = kept.get(session);
    if (known?.ownerName === ownerName) return known.json;
    const json = JSON.stringify(toRow(session, ownerName));
    kept.set(session, { ownerName, json });
    return json;
  };
}

/** Whose host it is the gateway knows by itself. */
function toRow(
  { host: _host, ...session }: FtpSession,
  ownerName: string | null,
  details?: SessionDetails,
): SessionRow {
  return {
    ...session,
    ownerName,
    title: session.title.slice(0, maxText),
    file: session.file?.slice(0, maxText) ?? null,
    path: session.path?.slice(0, maxText) ?? null,
    command: session.command?.slice(0, maxText) ?? null,
    ...(details === undefined ? {} : { details }),
  };
}
