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
