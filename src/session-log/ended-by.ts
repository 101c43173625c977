/** Who had which session's process ended; `NAME via GATEWAY` for whoever asked a gateway of the fleet. */
export interface EndedBy {
  readonly pid: number;
  readonly start: string;
  readonly by: string;
}

/**
 * Reads of a line of the audit log (src/audit/audit-line.ts) on whose demand a session of this host
 * was ended; null for every other line.
 */
export function readEndedBy(line: string): EndedBy | null {
  const fields = line.trimEnd().split(' ');
  if (fields[2] !== 'session-ended') return null;
  const values = new Map(
    fields.slice(3).map((field) => {
      const at = field.indexOf('=');
      return [field.slice(0, at), field.slice(at + 1)] as const;
    }),
  );
  const [pid, start, by] = ['pid', 'start', 'by'].map((key) => values.get(key) ?? '-');
  const isEnd = ['ended', 'killed'].includes(values.get('outcome') ?? '') && !values.has('host');
  if (!isEnd || pid === '-' || start === '-' || start === undefined || !by?.startsWith('"'))
    return null;
  const name: unknown = JSON.parse(by);
  const via = values.get('via')?.replaceAll('"', '');
  const who = via === undefined ? String(name) : `${name} via ${via}`;
  return { pid: Number(pid), start: start.replaceAll('"', ''), by: who };
}
