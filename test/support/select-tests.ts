/**
 * The test files among `paths`, in order. With names only those whose path has one of them: a part
 * of the path, written with or without `test/` and the ending, `*` standing for anything.
 */
export function selectTests(paths: readonly string[], names: readonly string[]): string[] {
  const patterns = names.map(
    (name) => new RegExp(escaped(withoutEnds(name)).replaceAll('\\*', '.*')),
  );
  return paths
    .filter((path) => path.endsWith('.test.js'))
    .filter((path) => patterns.length === 0 || patterns.some((pattern) => pattern.test(path)))
    .sort();
}

/** `test/ftp/title.test.ts` and `dist/test/ftp/title.test.js` both are `ftp/title`. */
function withoutEnds(name: string): string {
  return name.replace(/^(?:.*\/)?test\//, '').replace(/(?:\.test)?\.[jt]s$/, '');
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
