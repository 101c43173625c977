/**
 * For programs of Node.js that live for seconds: V8 optimizes a function after seven times as much work
 * as it does otherwise. Starting a server takes a fifth less processor time so, and a test's process,
 * which compiles and hardly repeats anything, as well. uapid gives its own flags to its processes.
 */
export const shortLived: readonly string[] = isOfOldV8() ? ['--interrupt-budget=1000000'] : [];

/** Later ones have no such flag, and take a third less for a start as they are. */
function isOfOldV8(): boolean {
  return Number(process.versions.v8.split('.')[0]) < 12;
}
