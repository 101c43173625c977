import type { Mount } from '../process-table.ts';
import { orNull, readProcFile } from './read-file.ts';

/** Mounts by their ids. */
type Mounts = ReadonlyMap<number, Mount>;

/**
 * How long a list of mounts is used again, in ms: sessions are met by the hundred. An id is given to
 * another mount only after the first was unmounted and nothing of it is open any more.
 */
const reusedForMs = 100;

/**
 * Some hundred bytes a mount: enough for ten thousand. Users have a part in it, by FUSE mounts and
 * the length of their paths. Mounts behind are not found, so what lies on them is not proven.
 */
const limitBytes = 2 * 1024 * 1024;

/** Looks up what is mounted under an id, in the views of these processes one after the other. */
export function createMounts(
  root: string,
): (views: Iterable<number | 'self'>, mountId: number) => Mount | null {
  const lists = new Map<number | 'self', { readonly readAt: number; readonly of: Mounts }>();

  function read(view: number | 'self'): Mounts {
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
      const mount = read(view).get(mountId);
      if (mount !== undefined) return mount;
    }
    return null;
  };
}

/**
 * Reads the text of /proc/PID/mountinfo (proc(5)): lines "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS
 * [OPTIONAL …] - TYPE SOURCE OPTIONS". Only mounts below the process' own root directory are there.
 * Blanks in paths are escaped; lines of another form, and one that has no end, are passed over.
 */
export function parseMountinfo(text: string): Map<number, Mount> {
  const found = new Map<number, Mount>();
  for (const line of text.split('\n').slice(0, -1)) {
    const fields = line.split(' ');
    const [id, , device] = fields;
    const dash = fields.indexOf('-', 6);
    const type = fields[dash + 1];
    if (id === undefined || !/^\d{1,10}$/.test(id) || dash < 0 || !type) continue;
    if (device === undefined || !/^\d{1,10}:\d{1,10}$/.test(device)) continue;
    found.set(Number(id), { type, device });
  }
  return found;
}
