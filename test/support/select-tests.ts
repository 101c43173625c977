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

/**
 * The files that take long, by the time that they took on two processors: they are begun first, so that
 * none is left over when all others are done. Those that wait for most of it stand between those that work.
 */
export const longNames: readonly string[] = [
  'soak/soak',
  'bench/bench',
  'system/packaging/ansible',
  'system/uapi/slow-clients',
  'system/ownership/matrix',
  'system/ownership/interference',
  'unit/page/events',
  'system/packaging/debian',
  'system/channel/endings',
  'system/page/browser/states',
  'system/daemons/names',
  'system/packaging/debian-life',
  'system/monitor/inherited',
  'system/ownership/ending',
  'system/daemons/vsftpd/rows',
  'system/page/browser/live',
  'system/channel/false-claims',
  'system/packaging/prometheus',
  'system/page/browser/cross-site',
  'system/channel/misdeeds',
  'system/packaging/debian-socket',
  'system/packaging/container-image',
  'system/fleet/ending',
  'demo/demo',
  'system/uapi/real-transfers',
  'fuzz/fuzz',
  'system/monitor/service-manager',
  'system/daemons/pure-ftpd/rows',
  'system/accounts/system-users',
  'system/page/browser/newcomer',
  'system/fleet/truth',
  'system/commands/processes',
  'system/faults/scoreboard',
  'system/http/proxies',
  'system/faults/http-attacks',
  'system/session-log/short-sessions',
  'system/commands/watch',
  'system/page/browser/restart',
  'system/page/browser/at-the-page',
  'system/ownership/named-containers',
  'system/commands/sessions',
  'system/daemons/proftpd/lives',
  'unit/uapi/transforms/matches',
  'system/commands/kill',
  'system/collector/ender',
  'system/uapi/list_ftp',
  'system/faults/hung-scan',
];

/** The same files in the order in which they are to begin. */
export function longestFirst(files: readonly string[]): string[] {
  const rank = (file: string) => {
    const index = longNames.indexOf(withoutEnds(file));
    if (index >= 0) return index;
    return longNames.length + (file.startsWith('unit/') ? 1 : 0);
  };
  return [...files].sort((one, other) => rank(one) - rank(other));
}
