/** Whom a process runs as, from /proc/PID/status. */
export interface Credentials {
  readonly realUid: number;
  readonly effectiveUid: number;
  /** True when the real, effective, saved and file-system uid and gid are all 0. */
  readonly isWhollyRoot: boolean;
  /** Whether it has supplementary groups; undefined for a text without the line "Groups:". */
  readonly hasGroups: boolean | undefined;
}

/**
 * The pids of a process, as the line "NSpid:" of its status has them (proc(5)): first in the PID
 * namespace of this /proc, then in each one below it that the process is in. Null without that line.
 */
export function parseNamespacePids(text: string): number[] | null {
  const line = /(?:^|\n)NSpid:((?:\t\d+)+)(?:\n|$)/.exec(text)?.[1];
  return line === undefined ? null : line.trim().split('\t').map(Number);
}

/**
 * Reads the lines "Uid:" and "Gid:" of /proc/PID/status (proc(5)): real, effective, saved and
 * file-system id, and whether "Groups:" names any. Returns null for a text without the ids.
 * The process' own name stands in the first line with newlines escaped, so no line can be forged;
 * other characters that JavaScript takes for the end of a line (a carriage return) are not escaped.
 */
export function parseStatus(text: string): Credentials | null {
  const uids = ids(text, 'Uid');
  const gids = ids(text, 'Gid');
  const [realUid, effectiveUid] = uids ?? [];
  if (uids === null || gids === null) return null;
  if (realUid === undefined || effectiveUid === undefined) return null;
  return {
    realUid,
    effectiveUid,
    isWhollyRoot: [...uids, ...gids].every((id) => id === 0),
    hasGroups: hasGroups(text),
  };
}

/** The line has a space behind each group; with none some kernels write one all the same. */
function hasGroups(text: string): boolean | undefined {
  const line = /(?:^|\n)Groups:([\t \d]*)(?:\n|$)/.exec(text)?.[1];
  return line === undefined ? undefined : line.trim() !== '';
}

function ids(text: string, name: 'Uid' | 'Gid'): number[] | null {
  // An id has 32 bits.
  const fields = Array(4).fill('(\\d{1,10})').join('\\t');
  const line = new RegExp(`(?:^|\n)${name}:\\t${fields}(?:\n|$)`).exec(text);
  return line === null ? null : line.slice(1).map(Number);
}
