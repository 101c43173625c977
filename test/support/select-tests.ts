/**
 * The test files among `paths`, in order. With names only those whose path has one of them: a part
 * of the path, written with or without `test/` and the ending, `*` standing for anything. A name
 * behind a `!` leaves out what has it.
 */
export function selectTests(paths: readonly string[], names: readonly string[]): string[] {
  const wanted = names.filter((name) => !name.startsWith('!')).map(pattern);
  const unwanted = names
    .filter((name) => name.startsWith('!'))
    .map((name) => pattern(name.slice(1)));
  return paths
    .filter((path) => path.endsWith('.test.js'))
    .filter((path) => wanted.length === 0 || wanted.some((each) => each.test(path)))
    .filter((path) => !unwanted.some((each) => each.test(path)))
    .sort();
}

function pattern(name: string): RegExp {
  return new RegExp(escaped(withoutEnds(name)).replaceAll('\\*', '.*'));
}

/** `test/ftp/title.test.ts` and `dist/test/ftp/title.test.js` both are `ftp/title`. */
function withoutEnds(name: string): string {
  return name.replace(/^(?:.*\/)?test\//, '').replace(/(?:\.test)?\.[jt]s$/, '');
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** The files that take long: they are begun first, so that none is left over when all others are done. */
const long: readonly string[] = [
  'soak/soak',
  'bench/bench',
  'system/channel/misdeeds',
  'system/channel/endings',
  'system/page/browser/live',
  'system/page/browser/restart',
  'unit/uapi/transforms/matches',
  'fuzz/fuzz',
  'system/channel/credentials',
  'system/collector/ender',
];

/** The same files in the order in which they are to begin. */
export function longestFirst(files: readonly string[]): string[] {
  const rank = (file: string) => {
    const index = long.indexOf(withoutEnds(file));
    if (index >= 0) return index;
    return long.length + (file.startsWith('unit/') ? 1 : 0);
  };
  return [...files].sort((one, other) => rank(one) - rank(other));
}
