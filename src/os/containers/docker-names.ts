import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A container's settings are some KiB. */
const maxBytes = 4 * 1024 * 1024;
const maxKnown = 4_096;

/**
 * Tells the names of docker's containers by their ids, from the files that dockerd keeps of them
 * (`containers/ID/config.v2.json` below its data root), which are root's. Null where there is no such
 * file. A name is given with `docker run --name` or by dockerd; neither the container nor its image
 * has a part in it. Read again when the file is another.
 */
export function createDockerNames(dataRoot: string): (id: string) => string | null {
  const known = new Map<string, { readonly version: string; readonly name: string | null }>();
  return (id) => {
    const path = join(dataRoot, 'containers', id, 'config.v2.json');
    const version = versionOf(path);
    if (version === null) return null;
    const before = known.get(id);
    if (before?.version === version) return before.name;
    const name = readName(path, id);
    if (known.size >= maxKnown) known.clear();
    known.set(id, { version, name });
    return name;
  };
}

function versionOf(path: string): string | null {
  try {
    const { dev, ino, mtimeMs, size } = statSync(path);
    return `${dev} ${ino} ${mtimeMs} ${size}`;
  } catch {
    return null;
  }
}

function readName(path: string, id: string): string | null {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const file = fstatSync(fd);
    const isRoots = file.isFile() && file.uid === 0 && (file.mode & 0o022) === 0;
    if (!isRoots || file.size > maxBytes) return null;
    const bytes = Buffer.alloc(file.size);
    if (readSync(fd, bytes, 0, bytes.length, 0) !== bytes.length) return null;
    return nameIn(JSON.parse(bytes.toString('utf8')), id);
  } catch {
    return null;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** dockerd writes "/NAME", of the characters that it takes in names. */
function nameIn(settings: unknown, id: string): string | null {
  if (typeof settings !== 'object' || settings === null) return null;
  const { ID, Name } = settings as { readonly ID?: unknown; readonly Name?: unknown };
  if (ID !== id || typeof Name !== 'string') return null;
  return /^\/?([a-zA-Z0-9][a-zA-Z0-9_.-]{0,254})$/.exec(Name)?.[1] ?? null;
}
