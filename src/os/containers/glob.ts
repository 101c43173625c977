/**
 * Whether a whole name matches a pattern in which `*` stands for any characters and `?` for one; all
 * others stand for themselves. Takes time in proportion to both lengths multiplied, at most.
 */
export function matchesGlob(name: string, glob: string): boolean {
  let [at, from] = [0, 0];
  let star: { readonly at: number; from: number } | null = null;
  while (at < name.length) {
    const wanted = glob[from];
    if (wanted === '*') {
      star = { at: from, from: at };
      from += 1;
    } else if (wanted === '?' || wanted === name[at]) {
      at += 1;
      from += 1;
    } else if (star !== null) {
      star.from += 1;
      at = star.from;
      from = star.at + 1;
    } else {
      return false;
    }
  }
  while (glob[from] === '*') from += 1;
  return from === glob.length;
}

/**
 * The cgroup that matches a pattern of a path, among a cgroup and those above it: `*` and `?` stand for
 * no “/”. Null where none does.
 */
export function matchingCgroup(path: string, glob: string): string | null {
  const [names, globs] = [path.split('/'), glob.split('/')];
  if (names.length < globs.length) return null;
  const isMatch = globs.every((each, index) => matchesGlob(names[index] ?? '', each));
  return isMatch ? names.slice(0, globs.length).join('/') : null;
}
