import { orNull, readProcFile } from './read-file.ts';

/** File systems by the ids of their mounts. */
type FileSystems = ReadonlyMap<number, string>;

/**
 * How long a list of mounts is used again, in ms: sessions are met by the hundred. An id is given to
 * another mount only after the first was unmounted and nothing of it is open any more.
 */
const reusedForMs = 100;

/** Some hundred bytes a mount: enough for tens of thousands. */
const limitBytes = 16 * 1024 * 1024;

/** Looks up what is mounted under an id, in the views of these processes one after the other. */
export function createMounts(
  root: string,
): (views: readonly (number | 'self')[], mountId: number) => string | null {
  const lists = new Map<number | 'self', { readonly readAt: number; readonly of: FileSystems }>();

  function read(view: number | 'self'): FileSystems {
    const now = performance.now();
    for (const [each, { readAt }] of lists) if (now - readAt > reusedForMs) lists.delete(each);
    const known = lists.get(view);
    if (known !== undefined) return known.of;
    const bytes = orNull(() => readProcFile(`${root}/${view}/mountinfo`, limitBytes));
    const of = parseMountinfo(bytes?.toString('latin1') ?? '');
    lists.set(view, { readAt: now, of });
    return of;
  }

  return (views, mountId) => {
    for (const view of views) {
      const type = read(view).get(mountId);
      if (type !== undefined) return type;
    }
    return null;
  };
}

/**
 * Reads the text of /proc/PID/mountinfo (proc(5)): lines "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS
 * [OPTIONAL …] - TYPE SOURCE OPTIONS". Only mounts below the process' own root directory are there.
 * Blanks in paths are escaped; lines of another form are passed over.
 */
export function parseMountinfo(text: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const line of text.split('\n')) {
    const fields = line.split(' ');
    const type = fields[fields.indexOf('-', 6) + 1];
    if (!/^\d{1,10}$/.test(fields[0] ?? '') || fields.indexOf('-', 6) < 0 || !type) continue;
    found.set(Number(fields[0]), type);
  }
  return found;
}
