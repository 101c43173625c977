import { isMaybeCut, maxArgumentBytes, withoutBrokenEnd, withoutCutCharacter } from './title.ts';

/** What is known of the name of a file in transfer. */
export interface NameSources {
  /** The record's argument, cut at 78 bytes; null without a record. */
  readonly recorded: string | null;
  /** The title's, cut where the daemon had no more room for it; null where it does not tell. */
  readonly titled: string | null;
  /** The full path of the open file, or null. */
  readonly path: string | null;
  /** True for STOU, where the daemon chooses the name. */
  readonly isChosenByDaemon: boolean;
}

/**
 * The file in transfer as the client named it; null where that is not known. A name that the record
 * may have cut, or that only a title tells, is whole where it ends in the open file's name; where
 * it ends in a part of that, the open file has the rest.
 */
export function fileNameOf({
  recorded,
  titled,
  path,
  isChosenByDaemon,
}: NameSources): string | null {
  const open = path === null ? null : lastPart(path);
  if (isChosenByDaemon) return open;
  if (recorded !== null && recorded !== '' && !isMaybeCut(recorded, maxArgumentBytes)) {
    return asInPath(recorded, path);
  }
  const cut = longest(withoutCutCharacter(recorded ?? '', maxArgumentBytes), titled ?? '');
  if (cut === '' || open === null) return null;
  // Where the title's room ends nobody knows.
  const name = withoutBrokenEnd(lastPart(cut));
  const whole = shownName(open);
  if (withoutMarks(lastPart(cut)) === withoutMarks(whole)) return asInPath(cut, path);
  const folder = cut.slice(0, cut.length - lastPart(cut).length);
  return name !== '' && whole.startsWith(name) && isIn(path ?? '', folder) ? folder + whole : null;
}

/** HiddenStores: an upload goes to a temporary file of this name. */
function shownName(open: string): string {
  return /^\.in\.(.+)\.$/s.exec(open)?.[1] ?? open;
}

/**
 * ProFTPD splits a command at blanks as a shell does and notes it put together anew, without the
 * quotes and backslashes of a name: where the open file has the same name but for these, it has the
 * right one.
 */
function asInPath(name: string, path: string | null): string {
  if (path === null) return name;
  const above = path.slice(0, path.length - lastPart(path).length);
  const parts = `${above}${shownName(lastPart(path))}`.split('/');
  const likeName = parts.slice(-name.split('/').length).join('/');
  const found = name.startsWith('/') ? `/${likeName.slice(likeName.indexOf('/') + 1)}` : likeName;
  return withoutMarks(found) === withoutMarks(name) ? found : name;
}

function withoutMarks(name: string): string {
  return name.replaceAll(/["\\\s]/g, '');
}

/** A title and a record of the same command begin alike. */
function longest(recorded: string, titled: string): string {
  return titled.startsWith(recorded) ? titled : recorded;
}

/** True when the path can be that of a file in this folder, relative or inside a root directory. */
function isIn(path: string, folder: string): boolean {
  const above = path.slice(0, path.length - lastPart(path).length);
  return folder === '' || above.endsWith(folder.startsWith('/') ? folder : `/${folder}`);
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
